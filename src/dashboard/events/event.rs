//! One event: beside the list and as a page of its own, and the form that raises an alert from it.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use base::{EventId, Severity, Timestamp};

use super::facets;
use crate::alerts::{self, AlertByHand, Assignee, Edit};
use crate::app::App;
use crate::dashboard::address::Address;
use crate::dashboard::alert::{PersonChoice, fields, people, pretty};
use crate::dashboard::page::{Form, Shell, render, see_other};
use crate::dashboard::{filters, text};
use crate::events::{self, EVENT_FIELDS, Event};
use crate::http::{Caller, Params, PathId, Problem};
use crate::identity;
use crate::search::Query;

/// How far the tab "Around" reaches to both sides, in seconds: two minutes.
const AROUND: u32 = 120;
/// Longest description that is the title and nothing else, in characters.
const TITLE_MAX: usize = 120;

/// A part of what is shown of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    Fields,
    Json,
    Around,
}

impl Tab {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Fields, "fields", "Fields"),
        (Self::Json, "json", "JSON"),
        (Self::Around, "around", "Around"),
    ];

    /// The tab of a word; the first one for any other.
    pub(super) fn of(word: Option<&str>) -> Self {
        let found = Self::ALL.iter().find(|(_, it, _)| Some(*it) == word);
        found.map_or(Self::Fields, |(tab, ..)| *tab)
    }

    /// Its word in addresses.
    pub(super) fn word(self) -> &'static str {
        let found = Self::ALL.iter().find(|(tab, ..)| *tab == self);
        found.map_or("fields", |(_, word, _)| *word)
    }
}

/// A tab as a link.
pub(super) struct TabLink {
    pub(super) word: &'static str,
    pub(super) label: &'static str,
    pub(super) href: String,
    pub(super) current: bool,
}

/// A value inside the event.
pub(super) struct Line {
    pub(super) path: String,
    pub(super) value: String,
    pub(super) links: Option<facets::Links>,
}

impl Line {
    /// The names of its path, so that a line breaks between them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.path.split('.')
    }
}

/// What was received around it.
pub(super) struct Surroundings {
    pub(super) rows: Vec<Neighbour>,
    pub(super) more_before: bool,
    pub(super) more_after: bool,
    /// Whether only events of its source are shown, and the address of the other choice.
    pub(super) same_source: bool,
    pub(super) switch: String,
}

/// An event received around it.
pub(super) struct Neighbour {
    pub(super) event: Event,
    pub(super) is_this: bool,
    /// Time between the two: `+1.2 s`.
    pub(super) apart: String,
    pub(super) href: String,
}

/// An event with everything that is shown of it.
pub(super) struct EventView {
    pub(super) event: Event,
    /// Whether it stands beside the list.
    pub(super) beside: bool,
    /// The list without it.
    pub(super) close: String,
    /// The page to come back to after a form.
    pub(super) back: String,
    pub(super) tabs: Vec<TabLink>,
    pub(super) lines: Option<Vec<Line>>,
    pub(super) json: Option<String>,
    pub(super) around: Option<Surroundings>,
    /// Whether the description says more than the title shows.
    pub(super) says_more: bool,
    pub(super) hidden_text: bool,
    /// How long after it happened it was received, when that is over a second.
    pub(super) delay: Option<f64>,
    pub(super) severities: [Severity; 5],
    pub(super) people: Vec<PersonChoice>,
}

/// What is asked for of an event, and where it stands.
pub(super) struct Wanted<'a> {
    pub(super) tab: Tab,
    pub(super) same_source: bool,
    pub(super) beside: bool,
    /// The list it stands beside, or that its values lead to.
    pub(super) list: &'a Address,
    /// The list's search.
    pub(super) query: &'a Query,
}

/// Gathers what is shown of an event; `None` when there is none of that id.
pub(super) async fn view(
    app: &App,
    shell: &Shell,
    id: i64,
    wanted: &Wanted<'_>,
) -> Result<Option<EventView>, Problem> {
    let Some(event) = events::show(app, EventId::new(id)).await? else {
        return Ok(None);
    };
    let here = wanted.list.with("event", id);
    let here_tab = here.with("tab", wanted.tab.word());
    let delay = event.occurred_at.map(|at| event.timestamp.since(at));
    let description = event.description.as_str();
    Ok(Some(EventView {
        beside: wanted.beside,
        close: wanted.list.to_string(),
        back: if wanted.beside {
            here_tab.to_string()
        } else {
            format!("/events/{id}")
        },
        tabs: tabs(id, &here, wanted),
        lines: (wanted.tab == Tab::Fields).then(|| lines(&event, wanted)),
        json: (wanted.tab == Tab::Json).then(|| pretty(&event)),
        around: if wanted.tab == Tab::Around {
            surroundings(app, id, &here_tab, wanted).await?
        } else {
            None
        },
        says_more: description.contains('\n') || description.chars().count() > TITLE_MAX,
        hidden_text: text::hides(description) || text::hides(&event.source_name),
        delay: delay
            .filter(|it| *it > Duration::from_secs(1))
            .map(|it| it.as_secs_f64()),
        severities: [
            Severity::Critical,
            Severity::High,
            Severity::Medium,
            Severity::Low,
            Severity::Info,
        ],
        people: if event.alert.is_none() {
            people(app, shell, None).await?
        } else {
            Vec::new()
        },
        event,
    }))
}

fn tabs(id: i64, here: &Address, wanted: &Wanted<'_>) -> Vec<TabLink> {
    let link = |&(tab, word, label): &(Tab, &'static str, &'static str)| TabLink {
        word,
        label,
        href: if wanted.beside {
            here.with("tab", word).to_string()
        } else {
            format!("/events/{id}?tab={word}")
        },
        current: tab == wanted.tab,
    };
    Tab::ALL.iter().map(link).collect()
}

fn lines(event: &Event, wanted: &Wanted<'_>) -> Vec<Line> {
    let found = fields(event).into_iter();
    let lines = found.map(|field| {
        let name = match field.path.as_str() {
            "ip_address" => "ip",
            "tags" => "tag",
            path => path,
        };
        let is_known = field.filter.is_some();
        let links = facets::links(name, &field.value, wanted.query, wanted.list);
        Line {
            links: links.filter(|_| is_known),
            path: field.path,
            value: field.value,
        }
    });
    lines.collect()
}

async fn surroundings(
    app: &App,
    id: i64,
    here: &Address,
    wanted: &Wanted<'_>,
) -> Result<Option<Surroundings>, Problem> {
    let same = wanted.same_source;
    let Some(found) = events::around(app, EventId::new(id), AROUND, same).await? else {
        return Ok(None);
    };
    let this = found.results.iter().find(|it| it.is_this);
    let at = this.map_or(found.from, |it| it.event.timestamp);
    let beside = wanted.beside;
    let rows = found.results.into_iter().map(|it| Neighbour {
        apart: apart(it.event.timestamp, at),
        href: if beside {
            here.with("event", it.event.id.number()).to_string()
        } else {
            format!("/events/{}?tab=around", it.event.id)
        },
        is_this: it.is_this,
        event: it.event,
    });
    let other = (!same).then_some("true");
    Ok(Some(Surroundings {
        rows: rows.collect(),
        more_before: found.more_before,
        more_after: found.more_after,
        same_source: same,
        switch: if beside {
            here.with_some("same_source", other).to_string()
        } else {
            format!("/events/{id}?tab=around&same_source={}", !same)
        },
    }))
}

/// Time between two events: `+1.2 s`, `−35 s`; `0 s` within a tenth of a second.
fn apart(at: Timestamp, this: Timestamp) -> String {
    let micros = at.micros().saturating_sub(this.micros());
    let tenths = micros.unsigned_abs() / 100_000;
    let sign = match micros {
        _ if tenths == 0 => "",
        0.. => "+",
        _ => "−",
    };
    match tenths {
        0 => "0 s".to_owned(),
        1..100 => format!("{sign}{}.{} s", tenths / 10, tenths % 10),
        100..1_200 => format!("{sign}{} s", tenths / 10),
        _ => format!("{sign}{} min {} s", tenths / 600, tenths / 10 % 60),
    }
}

#[derive(Template)]
#[template(path = "events/detail.html")]
struct DetailPage {
    shell: Shell,
    event: EventView,
}

/// Shows an event on a page of its own, or as the list has it beside.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    mut params: Params,
) -> Result<Response, Problem> {
    let tab = Tab::of(params.text("tab").as_deref());
    let beside = params.flag("beside").unwrap_or(false);
    let same_source = params.flag("same_source").unwrap_or(false);
    let search = params.text("q").unwrap_or_default();
    params.finish()?;
    let shell = Shell::new(&app, &caller, "/events", format!("Event {id}")).await?;
    let shell = shell.with_script("events");
    let query = Query::parse(&search).and_then(|query| query.resolve(EVENT_FIELDS));
    let wanted = Wanted {
        tab,
        same_source,
        beside,
        list: &Address::new("/events").with("q", &search),
        query: &query.unwrap_or_default(),
    };
    let event = view(&app, &shell, id, &wanted).await?;
    let gone = || Problem::not_found(format!("there is no event {id}; it may have been deleted"));
    let event = event.ok_or_else(gone)?;
    render(&DetailPage { shell, event })
}

/// Raises an alert from an event.
pub(in crate::dashboard) async fn raise(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let severity = form.text("severity").map(str::parse).transpose();
    let severity = severity
        .map_err(|error: base::UnknownSeverity| Problem::field("severity", error.to_string()))?;
    let wanted = AlertByHand {
        title: form.text("title").map(str::to_owned),
        severity,
        assigned_to: form.text("assigned_to").map_or(Edit::Keep, |name| {
            Edit::Set(Assignee::Name(name.to_owned()))
        }),
        note: form.text("note").map(str::to_owned),
    };
    let back = form.text("back").and_then(identity::safe_next);
    let back = back.map_or_else(|| format!("/events/{id}"), str::to_owned);
    alerts::raise_by_hand(&app, caller, None, EventId::new(id), wanted).await?;
    Ok(see_other(&back))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_between_events_is_said_with_its_direction() {
        let at = |micros: i64| Timestamp::from_micros(1_000_000_000 + micros);
        for (micros, said) in [
            (0, "0 s"),
            (-50_000, "0 s"),
            (1_234_000, "+1.2 s"),
            (-35_900_000, "−35 s"),
            (119_900_000, "+119 s"),
            (-120_000_000, "−2 min 0 s"),
        ] {
            assert_eq!(apart(at(micros), at(0)), said);
        }
    }
}
