//! The triage queue: views, search, facets, groups and the list, all told by the address.

mod columns;
mod facets;
mod groups;
mod views;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use base::{Cursor, Severity, Timestamp};
use http::Uri;

use self::columns::{Column, Header};
use self::facets::FacetList;
use self::groups::GroupRow;
use self::views::Views;
use super::address::Address;
use super::alert::{self, AlertView};
use super::filters;
use super::page::{Notice, Shell, render, see_other};
use super::search_bar::{Parts, SearchBar};
use crate::alerts::{
    self, ALERT_FIELDS, Alert, AlertFilter, AlertStatus, AnyOf, Found, GroupBy, Ordering, SortKey,
    Way,
};
use crate::app::App;
use crate::http::{BaseUrl, Caller, Count, PageRequest, Params, Problem};
use crate::search::{Mistake, Query};
use crate::views::View;

/// What is shown when the address says nothing: whatever still needs somebody.
pub(super) const NEEDS_ACTION: &str = "status:OPEN,ACKNOWLEDGED";
/// Rows of a page.
const ROWS: u32 = 50;
/// Rows the page's script asks for anew at once.
const AMONG_MAX: u32 = 100;

/// A line of a select.
struct Choice {
    value: &'static str,
    label: &'static str,
    chosen: bool,
}

/// An alert of the list.
struct AlertRow {
    alert: Alert,
    /// The list with this alert beside it.
    href: String,
    class: &'static str,
    open: bool,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question the template asks"
)]
#[derive(Template)]
#[template(path = "alerts/list.html")]
struct ListPage {
    shell: Shell,
    bar: SearchBar,
    views: Views,
    facets: Vec<FacetList>,
    all_columns: Vec<Column>,
    columns: Vec<Header>,
    columns_others: Vec<(&'static str, String)>,
    sorts: Vec<Choice>,
    groupings: Vec<Choice>,
    sorting_others: Vec<(&'static str, String)>,
    rows: Vec<AlertRow>,
    groups: Vec<GroupRow>,
    groups_exact: bool,
    grouped: bool,
    group_name: &'static str,
    group_label: &'static str,
    total: u64,
    total_exact: bool,
    newest: i64,
    next: Option<String>,
    previous: Option<String>,
    /// Whether the search stopped before the page was full.
    searched_on: bool,
    nothing_at_all: bool,
    is_default_query: bool,
    last_resolved: Option<Timestamp>,
    export_csv: String,
    export_ndjson: String,
    example_base: String,
    panel: Option<AlertView>,
    resolutions: Vec<alert::Choice>,
}

/// What the address asks for.
struct Asked {
    /// The words as they stand in the address.
    text: String,
    query: Result<Query, Vec<Mistake>>,
    ordering: Ordering,
    sort: &'static str,
    group: Option<GroupBy>,
    columns: Vec<String>,
    open: Option<i64>,
    view: Option<i64>,
    page: PageRequest,
    /// The only alerts wanted, when the page's script asks for some rows anew.
    among: Vec<i64>,
    /// The list's own address, without the place in it and without the alert beside it.
    here: Address,
    is_default: bool,
}

const SORTS: [(&str, &str, SortKey, Way); 4] = [
    ("-severity", "Worst first", SortKey::Severity, Way::Falling),
    (
        "-created_at",
        "Newest first",
        SortKey::CreatedAt,
        Way::Falling,
    ),
    (
        "created_at",
        "Oldest first",
        SortKey::CreatedAt,
        Way::Rising,
    ),
    ("severity", "Mildest first", SortKey::Severity, Way::Rising),
];

const GROUPINGS: [(&str, &str); 5] = [
    ("", "None"),
    ("source", "Source"),
    ("type", "Type"),
    ("country", "Country"),
    ("owner", "Owner"),
];

fn ask(mut params: Params, uri: &Uri, preferred: Option<&Vec<String>>) -> Result<Asked, Problem> {
    let given = params.text("q");
    let is_given = uri.query().is_some_and(|query| {
        query
            .split('&')
            .any(|it| it == "q=" || it.starts_with("q="))
    });
    let text = given.unwrap_or_else(|| if is_given { "" } else { NEEDS_ACTION }.to_owned());
    let sort = params.text("sort");
    let sort = SORTS
        .iter()
        .find(|(value, ..)| Some(*value) == sort.as_deref())
        .unwrap_or(&SORTS[0]);
    let group = params.text("group");
    let group = group.and_then(|word| word.parse::<GroupBy>().ok());
    let columns = params.list("column");
    let open = params.value::<i64>("alert");
    let view = params.value::<i64>("view");
    let among: Vec<i64> = params.values("among");
    let cursor = params.text("cursor");
    let mut place = Params::parse(&cursor.map_or_else(String::new, |it| format!("cursor={it}")))?;
    let page = PageRequest {
        size: if among.is_empty() { ROWS } else { AMONG_MAX },
        ..PageRequest::take(&mut place)
    };
    place.finish()?;
    params.finish()?;
    let here = Address::new("/alerts")
        .with("q", &text)
        .with_some("sort", (sort.0 != "-severity").then_some(sort.0))
        .with_some("group", group.map(groups::word))
        .with_some("column", (!columns.is_empty()).then(|| columns.join(",")))
        .with_some("view", view);
    let columns = columns::chosen(&columns, preferred);
    Ok(Asked {
        query: Query::parse(&text).and_then(|query| query.resolve(ALERT_FIELDS)),
        is_default: text == NEEDS_ACTION,
        text,
        ordering: Ordering {
            key: sort.2,
            way: sort.3,
        },
        sort: sort.0,
        group,
        columns,
        open,
        view,
        page,
        among,
        here,
    })
}

/// Where an address leads that leaves the list to a view: one named without a search, or the
/// person's default.
fn elsewhere(uri: &Uri, kept: &[View]) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    if query.is_empty() {
        let default = kept.iter().find(|view| view.default)?;
        return Some(views::address(default).to_string());
    }
    let id: i64 = query.strip_prefix("view=")?.parse().ok()?;
    let named = kept.iter().find(|view| view.id == id)?;
    Some(views::address(named).to_string())
}

/// What was found.
enum Findings {
    Rows(Found<Alert>),
    Groups(alerts::Groups),
    Nothing,
}

/// Shows the list the address asks for, with the alert it names beside it.
pub(super) async fn page(
    State(app): State<App>,
    caller: Caller,
    base: axum::Extension<BaseUrl>,
    uri: Uri,
    params: Params,
) -> Result<Response, Problem> {
    let shell = Shell::new(&app, &caller, "/alerts", "Alerts").await?;
    let shell = shell.with_script("alerts");
    let kept = views::seen(&app, &caller).await?;
    if let Some(home) = elsewhere(&uri, &kept) {
        return Ok(see_other(&home));
    }
    let asked = ask(params, &uri, shell.preferences.columns.get("alerts"))?;
    let parts = Parts {
        label: "Search alerts",
        path: "/alerts",
        here: &asked.here,
        fields: ALERT_FIELDS,
    };
    let me = caller.actor.id();
    let read = asked.query.clone().and_then(|query| {
        AlertFilter::from_query(&query, me, shell.now).map(|filter| (query, filter))
    });
    let (bar, query, filter) = match read {
        Ok((query, filter)) => (SearchBar::understood(&parts, &query), query, Some(filter)),
        Err(mistakes) => (
            SearchBar::mistaken(&parts, &asked.text, &mistakes),
            Query::default(),
            None,
        ),
    };
    // Rows alone are wanted: nothing is counted for what is not looked at.
    let whole = asked.among.is_empty();
    let filter = match filter {
        Some(filter) if !whole => Some(filter.and(AnyOf::Id(asked.among.clone()))),
        filter => filter,
    };
    let panel = match asked.open {
        Some(id) => alert::view(&app, &caller, &shell, id, &asked.here).await?,
        None => None,
    };
    let facets = match &filter {
        Some(filter) if whole => facets::lists(&app, filter.clone(), &query, &asked.here).await?,
        _ => Vec::new(),
    };
    let found = find(&app, &asked, filter).await?;
    let views = if whole {
        views::links(&app, &caller, kept, &asked.text, asked.view, &asked.here).await?
    } else {
        Views::default()
    };
    let mut page = assemble(&app, shell, &asked, (bar, views), found).await?;
    if let (Some(id), None) = (asked.open, &panel) {
        page.shell.notice = Some(Notice {
            kind: "warn",
            text: format!("There is no alert #{id}. It may have been deleted with its event."),
        });
    }
    render(&ListPage {
        facets,
        panel,
        example_base: base.0.0.to_string(),
        ..page
    })
}

async fn find(app: &App, asked: &Asked, filter: Option<AlertFilter>) -> Result<Findings, Problem> {
    Ok(match (filter, asked.group) {
        (None, _) => Findings::Nothing,
        (Some(filter), Some(by)) => Findings::Groups(alerts::groups(app, filter, by).await?),
        (Some(filter), None) => {
            Findings::Rows(alerts::find(app, filter, asked.ordering, asked.page).await?)
        }
    })
}

fn row(asked: &Asked, alert: Alert) -> AlertRow {
    let critical = alert.state.severity == Severity::Critical;
    let done = alert.state.status == AlertStatus::Resolved;
    AlertRow {
        href: asked.here.with("alert", alert.state.id).to_string(),
        class: match (critical, done) {
            (true, false) => "critical",
            (_, true) => "done",
            _ => "",
        },
        open: asked.open == Some(alert.state.id),
        alert,
    }
}

/// The list itself, as found.
#[derive(Default)]
struct Body {
    rows: Vec<AlertRow>,
    groups: Vec<GroupRow>,
    groups_exact: bool,
    count: Option<Count>,
    next: Option<String>,
    previous: Option<String>,
}

fn body(asked: &Asked, found: Findings) -> Body {
    let here = &asked.here;
    let at = |cursor: Option<Cursor>| cursor.map(|it| here.with("cursor", it.encode()).to_string());
    match found {
        Findings::Rows(found) => Body {
            count: Some(found.count),
            next: at(found.next),
            previous: at(found.previous),
            rows: found
                .rows
                .into_iter()
                .map(|alert| row(asked, alert))
                .collect(),
            ..Body::default()
        },
        Findings::Groups(found) => Body {
            groups_exact: found.exact,
            groups: groups::rows(found, &asked.text, here),
            ..Body::default()
        },
        Findings::Nothing => Body::default(),
    }
}

fn choices(
    all: impl IntoIterator<Item = (&'static str, &'static str)>,
    chosen: &str,
) -> Vec<Choice> {
    let choice = |(value, label): (&'static str, &'static str)| Choice {
        value,
        label,
        chosen: value == chosen,
    };
    all.into_iter().map(choice).collect()
}

async fn assemble(
    app: &App,
    mut shell: Shell,
    asked: &Asked,
    (bar, views): (SearchBar, Views),
    found: Findings,
) -> Result<ListPage, Problem> {
    if views.missing {
        shell.notice = Some(Notice {
            kind: "warn",
            text: "That view is gone, or is not shared with you. The list shows what else the \
                   address says."
                .to_owned(),
        });
    }
    let here = &asked.here;
    let found = body(asked, found);
    let stats = alerts::stats(app).await?.by_status;
    let nothing_at_all = stats.open + stats.acknowledged + stats.resolved == 0;
    let last_resolved = if found.rows.is_empty() && asked.is_default && !nothing_at_all {
        views::last_resolved(app).await?
    } else {
        None
    };
    let export = Address::new("/api/alerts/export/").with("q", &asked.text);
    let filled = u32::try_from(found.rows.len()).unwrap_or(u32::MAX) < ROWS;
    let count = found.count.unwrap_or(Count::exactly(0));
    let ids = found.rows.iter().map(|row| row.alert.state.id);
    Ok(ListPage {
        all_columns: columns::all(&asked.columns),
        columns: columns::headers(&asked.columns, asked.sort, here),
        columns_others: here.others("column"),
        sorts: choices(SORTS.map(|(value, label, ..)| (value, label)), asked.sort),
        groupings: choices(GROUPINGS, asked.group.map_or("", groups::word)),
        sorting_others: here.without("group").others("sort"),
        newest: ids.max().unwrap_or(0),
        searched_on: found.next.is_some() && filled,
        grouped: asked.group.is_some(),
        group_name: asked.group.map_or("", groups::word),
        group_label: asked.group.map_or("", groups::label),
        total: count.n,
        total_exact: count.exact,
        is_default_query: asked.is_default,
        export_csv: export.with("format", "csv").to_string(),
        export_ndjson: export.with("format", "ndjson").to_string(),
        example_base: String::new(),
        views,
        facets: Vec::new(),
        panel: None,
        resolutions: alert::resolutions(),
        shell,
        bar,
        rows: found.rows,
        groups: found.groups,
        groups_exact: found.groups_exact,
        next: found.next,
        previous: found.previous,
        nothing_at_all,
        last_resolved,
    })
}
