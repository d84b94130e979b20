//! The views above the list: those everybody has, then those people kept.

use base::Timestamp;

use super::NEEDS_ACTION;
use crate::alerts::{self, AlertFilter, Ordering, SortKey, Way};
use crate::app::App;
use crate::dashboard::address::Address;
use crate::http::{Caller, PageRequest, Problem};
use crate::search::Query;

/// A view as a link.
pub(super) struct ViewLink {
    pub(super) id: Option<i64>,
    pub(super) name: String,
    pub(super) href: String,
    pub(super) current: bool,
    pub(super) default: bool,
    /// Whether the list departs from it.
    pub(super) modified: bool,
    pub(super) count: Option<String>,
}

/// Name and search of the views everybody has.
const BUILT_IN: [(&str, &str); 5] = [
    ("Needs action", NEEDS_ACTION),
    ("Mine", "status:OPEN,ACKNOWLEDGED owner:me"),
    ("Unassigned", "status:OPEN,ACKNOWLEDGED owner:none"),
    ("Critical", "status:OPEN,ACKNOWLEDGED severity:CRITICAL"),
    ("Resolved", "status:RESOLVED"),
];

/// The views, with the one the search comes from marked.
pub(super) async fn links(
    _app: &App,
    _caller: &Caller,
    text: &str,
    view: Option<i64>,
) -> Result<Vec<ViewLink>, Problem> {
    let links = BUILT_IN.iter().map(|&(name, query)| ViewLink {
        id: None,
        name: name.to_owned(),
        href: Address::new("/alerts").with("q", query).to_string(),
        current: view.is_none() && text == query,
        default: false,
        modified: false,
        count: None,
    });
    Ok(links.collect())
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
