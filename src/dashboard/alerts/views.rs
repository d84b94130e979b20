//! The views above the list: those everybody has, then those people kept.

use base::Timestamp;

use super::NEEDS_ACTION;
use crate::alerts::{self, AlertError, AlertFilter, Ordering, SortKey, Way};
use crate::app::App;
use crate::dashboard::address::Address;
use crate::http::{Actor, Caller, Capability, PageRequest, Problem};
use crate::search::Query;
use crate::views::{self, View, ViewPage};

/// A view as a link.
pub(super) struct ViewLink {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) current: bool,
    pub(super) default: bool,
    pub(super) shared: bool,
    /// How many alerts it finds.
    pub(super) count: Option<String>,
}

/// The kept view the list comes from.
pub(super) struct Current {
    pub(super) view: View,
    /// Whether the list departs from it.
    pub(super) modified: bool,
    /// The list as the view has it.
    pub(super) revert: String,
    /// Whether the viewer may change it.
    pub(super) changeable: bool,
}

/// The views of a page.
#[derive(Default)]
pub(super) struct Views {
    pub(super) links: Vec<ViewLink>,
    pub(super) current: Option<Current>,
    /// Whether the address names a view that is not there.
    pub(super) missing: bool,
}

/// Name and search of the views everybody has.
const BUILT_IN: [(&str, &str); 5] = [
    ("Needs action", NEEDS_ACTION),
    ("Mine", "status:OPEN,ACKNOWLEDGED owner:me"),
    ("Unassigned", "status:OPEN,ACKNOWLEDGED owner:none"),
    ("Critical", "status:OPEN,ACKNOWLEDGED severity:CRITICAL"),
    ("Resolved", "status:RESOLVED"),
];

/// Every view of alerts the caller sees.
pub(super) async fn seen(app: &App, caller: &Caller) -> Result<Vec<View>, Problem> {
    let me = caller.actor.id().unwrap_or(0);
    let all = views::list(app, me).await?;
    let of_alerts = all.into_iter().filter(|it| it.page == ViewPage::Alerts);
    Ok(of_alerts.collect())
}

/// The address of the list as a view has it.
pub(super) fn address(view: &View) -> Address {
    let sort = view.sort.as_deref().filter(|it| *it != "-severity");
    Address::new("/alerts")
        .with("q", &view.query)
        .with_some("sort", sort)
        .with_some("group", view.group.as_deref())
        .with_some(
            "column",
            (!view.columns.is_empty()).then(|| view.columns.join(",")),
        )
        .with("view", view.id)
}

/// The views as links, and the one the list comes from; `here` is the list's own address.
pub(super) async fn links(
    app: &App,
    caller: &Caller,
    kept: Vec<View>,
    text: &str,
    asked: Option<i64>,
    here: &Address,
) -> Result<Views, Problem> {
    let me = caller.actor.id().unwrap_or(0);
    let ids = kept
        .iter()
        .map(|it| it.id)
        .take(views::COUNTED_MAX)
        .collect();
    let counts = views::counts(app, me, ids).await?;
    let built_in = built_in_counts(app, me).await?;
    let shown = |n: u64, exact: bool| format!("{n}{}", if exact { "" } else { "+" });
    let mut links: Vec<ViewLink> = BUILT_IN
        .iter()
        .zip(built_in)
        .map(|(&(name, query), count)| ViewLink {
            name: name.to_owned(),
            href: Address::new("/alerts").with("q", query).to_string(),
            current: asked.is_none() && text == query,
            default: false,
            shared: false,
            count,
        })
        .collect();
    links.extend(kept.iter().map(|view| {
        ViewLink {
            name: view.name.clone(),
            href: address(view).to_string(),
            current: asked == Some(view.id),
            default: view.default,
            shared: view.shared,
            count: counts
                .get(&view.id)
                .and_then(|it| it.count.map(|n| shown(n, it.exact))),
        }
    }));
    let found = asked.and_then(|id| kept.into_iter().find(|it| it.id == id));
    let manages = match &caller.actor {
        Actor::User { role, .. } => role.can(Capability::Manage),
        _ => false,
    };
    let current = found.map(|view| {
        let revert = address(&view).to_string();
        let mine = view.owner.as_ref().is_some_and(|owner| owner.id == me);
        Current {
            modified: revert != here.to_string(),
            revert,
            changeable: if view.shared { manages } else { mine },
            view,
        }
    });
    Ok(Views {
        missing: asked.is_some() && current.is_none(),
        links,
        current,
    })
}

/// How many alerts each view finds that everybody has; the last is not counted: it only grows.
async fn built_in_counts(app: &App, me: i64) -> Result<Vec<Option<String>>, Problem> {
    let now = app.clock.now();
    let counts = app
        .store
        .read(move |tx| {
            let mut counts = Vec::new();
            for (_, query) in BUILT_IN.iter().take(BUILT_IN.len() - 1) {
                let query = Query::parse(query).unwrap_or_default();
                let filter = AlertFilter::from_query(&query, Some(me), now).unwrap_or_default();
                let count = alerts::count(tx, &filter, now)?;
                let more = if count.exact { "" } else { "+" };
                counts.push(Some(format!("{}{more}", count.n)));
            }
            counts.push(None);
            Ok::<_, AlertError>(counts)
        })
        .await?;
    Ok(counts)
}

/// When the alert resolved last was resolved; of those raised last.
pub(super) async fn last_resolved(app: &App) -> Result<Option<Timestamp>, Problem> {
    let query = Query::parse("status:RESOLVED").unwrap_or_default();
    let filter = AlertFilter::from_query(&query, None, app.clock.now()).unwrap_or_default();
    let ordering = Ordering {
        key: SortKey::CreatedAt,
        way: Way::Falling,
    };
    let page = PageRequest {
        size: 1,
        offset: 0,
        cursor: None,
    };
    let found = alerts::find(app, filter, ordering, page).await?;
    let last = found.rows.into_iter().next();
    Ok(last.and_then(|alert| alert.state.resolved_at))
}
