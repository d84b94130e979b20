//! The events explorer: search, time, the histogram, fields and the list, all told by the address.

mod event;
mod facets;
mod histogram;
mod range;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use base::{EventId, Timestamp};
use http::Uri;

use self::event::{EventView, Tab, Wanted};
pub(super) use self::event::{page as event_page, raise};
use self::histogram::Chart;
use self::range::{Limits, Quick};
use super::address::Address;
use super::filters;
use super::page::{Shell, render, see_other};
use super::search_bar::{Parts, SearchBar};
use crate::app::App;
use crate::events::{self, EVENT_FIELDS, Event, EventFilter, Listed};
use crate::http::{BaseUrl, Caller, Count, PageRequest, Params, Problem};
use crate::search::{Mistake, Query};

/// Rows of a page.
const ROWS: u32 = 50;

/// An event of the list.
struct EventRow {
    event: Event,
    /// To the millisecond, without the zone: the column says it.
    time: String,
    /// The list with this event beside it.
    href: String,
    open: bool,
}

/// Why the list is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Empty {
    /// There are no events at all.
    Never,
    /// The range ends before the oldest event.
    TooEarly,
    /// The range ends where it begins, or before.
    Backwards,
    /// Nothing so far, and the search can go on.
    SoFar,
    /// Nothing.
    Nothing,
}

#[derive(Template)]
#[template(path = "events/list.html")]
struct ListPage {
    shell: Shell,
    bar: SearchBar,
    ranges: Vec<Quick>,
    limits: Limits,
    chart: Option<Chart>,
    fields: Option<facets::Panel>,
    rows: Vec<EventRow>,
    count: Count,
    next: Option<String>,
    previous: Option<String>,
    searched_to: Option<Timestamp>,
    empty: Empty,
    oldest: Option<Timestamp>,
    /// The newest events of this search, when this is where they appear.
    newer: Option<String>,
    export_csv: String,
    export_ndjson: String,
    example_base: String,
    panel: Option<EventView>,
    /// The event that was asked for and is not there.
    unknown: Option<i64>,
}

/// What the address asks for.
struct Asked {
    /// The words as they stand in the address.
    text: String,
    query: Result<Query, Vec<Mistake>>,
    open: Option<i64>,
    tab: Tab,
    same_source: bool,
    page: PageRequest,
    /// The list's own address, without the place in it and without the event beside it.
    here: Address,
    /// The same with the place.
    place: Address,
    /// The bounds that the form of the range asks for.
    limits: Option<(String, String)>,
}

fn ask(mut params: Params, uri: &Uri, now: Timestamp) -> Result<Asked, Problem> {
    let names = uri.query().unwrap_or_default().split('&');
    let is_given = |wanted: &str| {
        let mut names = names.clone();
        names.any(|it| it.split('=').next() == Some(wanted))
    };
    let open = params.value::<i64>("event");
    let around = open.and_then(|id| range::around(EventId::new(id).timestamp(), now));
    let unasked = || {
        if is_given("q") {
            String::new()
        } else {
            around.unwrap_or_else(|| range::LAST_DAY.to_owned())
        }
    };
    let text = params.text("q").unwrap_or_else(unasked);
    let (from, to) = (params.text("from"), params.text("to"));
    let limits = (is_given("from") || is_given("to"))
        .then(|| (from.unwrap_or_default(), to.unwrap_or_default()));
    let tab = Tab::of(params.text("tab").as_deref());
    let same_source = params.flag("same_source").unwrap_or(false);
    let cursor = params.text("cursor");
    let mut place = Params::parse(
        &cursor
            .as_ref()
            .map_or_else(String::new, |it| format!("cursor={it}")),
    )?;
    let page = PageRequest {
        size: ROWS,
        ..PageRequest::take(&mut place)
    };
    place.finish()?;
    params.finish()?;
    let here = Address::new("/events").with("q", &text);
    Ok(Asked {
        query: Query::parse(&text).and_then(|query| query.resolve(EVENT_FIELDS)),
        place: here.with_some("cursor", cursor),
        here,
        text,
        open,
        tab,
        same_source,
        page,
        limits,
    })
}

impl Asked {
    /// The address of what the form of the range asks for: the same in the words of the search.
    fn elsewhere(&self) -> Option<String> {
        let (from, to) = self.limits.as_ref()?;
        let query = self.query.as_ref().ok();
        let query = query.map_or_else(
            || self.text.clone(),
            |query| range::asked(query, from, to).to_string(),
        );
        Some(self.here.with("q", query).to_string())
    }
}

/// Shows the list the address asks for, with the event it names beside it.
pub(super) async fn page(
    State(app): State<App>,
    caller: Caller,
    base: Extension<BaseUrl>,
    uri: Uri,
    params: Params,
) -> Result<Response, Problem> {
    let shell = Shell::new(&app, &caller, "/events", "Events").await?;
    let shell = shell.with_script("events");
    let asked = ask(params, &uri, shell.now)?;
    if let Some(address) = asked.elsewhere() {
        return Ok(see_other(&address));
    }
    let parts = Parts {
        label: "Search events",
        path: "/events",
        here: &asked.here,
        fields: EVENT_FIELDS,
    };
    let read = asked
        .query
        .clone()
        .and_then(|query| EventFilter::from_query(&query, shell.now).map(|filter| (query, filter)));
    let (bar, query, filter) = match read {
        Ok((query, filter)) => (SearchBar::understood(&parts, &query), query, Some(filter)),
        Err(mistakes) => (
            SearchBar::mistaken(&parts, &asked.text, &mistakes),
            Query::default(),
            None,
        ),
    };
    let panel = panel(&app, &shell, &asked, &query).await?;
    let found = look(&app, &asked, &query, filter, shell.now).await?;
    let page = assemble(shell, &asked, bar, &query, found);
    render(&ListPage {
        unknown: asked.open.filter(|_| panel.is_none()),
        panel,
        example_base: base.0.0.to_string(),
        ..page
    })
}

async fn panel(
    app: &App,
    shell: &Shell,
    asked: &Asked,
    query: &Query,
) -> Result<Option<EventView>, Problem> {
    let Some(id) = asked.open else {
        return Ok(None);
    };
    let wanted = Wanted {
        tab: asked.tab,
        same_source: asked.same_source,
        beside: true,
        list: &asked.place,
        query,
    };
    event::view(app, shell, id, &wanted).await
}

/// What a search found.
struct Found {
    limits: Limits,
    listed: Option<Listed>,
    chart: Option<Chart>,
    fields: Option<facets::Panel>,
    oldest: Option<Timestamp>,
    is_open: bool,
    empty: Empty,
}

async fn look(
    app: &App,
    asked: &Asked,
    query: &Query,
    filter: Option<EventFilter>,
    now: Timestamp,
) -> Result<Found, Problem> {
    let oldest = events::oldest(app).await?;
    let mut found = Found {
        limits: filter.as_ref().map(range::limits).unwrap_or_default(),
        is_open: filter.as_ref().is_some_and(|it| it.to.is_none()) && asked.page.cursor.is_none(),
        empty: Empty::Nothing,
        listed: None,
        chart: None,
        fields: None,
        oldest,
    };
    let (Some(filter), Some(oldest)) = (filter, oldest) else {
        found.empty = if oldest.is_none() {
            Empty::Never
        } else {
            Empty::Nothing
        };
        return Ok(found);
    };
    let is_backwards = filter
        .from
        .zip(filter.to)
        .is_some_and(|(from, to)| from >= to);
    let is_early = filter.to.is_some_and(|to| to <= oldest);
    let all = EventFilter {
        from: filter.from.or(Some(oldest)),
        ..filter.clone()
    };
    if !is_backwards && !is_early {
        let counted = events::histogram(app, all, histogram::BARS).await?;
        found.chart = Some(histogram::draw(&counted, query, &asked.here, now));
    }
    let said = events::fields(app, filter.clone()).await?;
    found.fields = (said.looked_at > 0).then(|| facets::panel(said, query, &asked.here));
    let listed = events::list(app, filter, asked.page).await?;
    found.empty = match listed.searched_to {
        _ if is_backwards => Empty::Backwards,
        _ if is_early => Empty::TooEarly,
        Some(_) => Empty::SoFar,
        None => Empty::Nothing,
    };
    found.listed = Some(listed);
    Ok(found)
}

fn row(asked: &Asked, event: Event) -> EventRow {
    let text = event.timestamp.to_string().replace('T', " ");
    EventRow {
        time: text.get(..23).unwrap_or_default().to_owned(),
        href: asked.place.with("event", event.id.number()).to_string(),
        open: asked.open == Some(event.id.number()),
        event,
    }
}

fn assemble(shell: Shell, asked: &Asked, bar: SearchBar, query: &Query, found: Found) -> ListPage {
    let here = &asked.here;
    let at = |cursor: base::Cursor| here.with("cursor", cursor.encode()).to_string();
    let listed = found.listed.unwrap_or_else(|| Listed {
        events: Vec::new(),
        count: Count::exactly(0),
        next: None,
        previous: None,
        searched_to: None,
    });
    let shown = u64::try_from(listed.events.len()).unwrap_or(0);
    let rows = listed.events.into_iter().map(|event| row(asked, event));
    let export = Address::new("/api/events/export/").with("q", &asked.text);
    ListPage {
        ranges: range::quick(query, here),
        limits: found.limits,
        chart: found.chart,
        fields: found.fields,
        rows: rows.collect(),
        // Counting may stop before the list does.
        count: Count {
            n: listed.count.n.max(shown),
            ..listed.count
        },
        next: listed.next.map(at),
        previous: listed.previous.map(at),
        searched_to: listed.searched_to,
        empty: found.empty,
        oldest: found.oldest,
        newer: found.is_open.then(|| here.to_string()),
        export_csv: export.with("format", "csv").to_string(),
        export_ndjson: export.with("format", "ndjson").to_string(),
        example_base: String::new(),
        panel: None,
        unknown: None,
        shell,
        bar,
    }
}
