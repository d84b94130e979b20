//! One alert: beside the list and as a page of its own, and the forms that change it.

mod forms;
mod raw;
mod timeline;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

pub(super) use self::forms::{change, comment};
pub(super) use self::raw::{Field, fields, pretty};
use self::timeline::Entry;
use super::address::Address;
use super::filters;
use super::page::{Shell, render};
use crate::alerts::{self, Alert, AlertStatus, Enrichment, Resolution, Similar};
use crate::app::App;
use crate::events::Event;
use crate::http::{Caller, PageRequest, Params, PathId, Problem, Role};
use crate::identity::{self, UserFilter};

/// Entries of a timeline on one page; longer ones lead to the API.
const ENTRIES: u32 = 100;
/// Events of a storm that are shown.
const SAMPLES: u32 = 10;
/// People an alert can be given to in the select; more are named by typing.
const PEOPLE: i64 = 100;

/// A part of what is shown of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    Timeline,
    Raw,
    Enrichment,
    Similar,
}

impl Tab {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Timeline, "timeline", "Timeline"),
        (Self::Raw, "raw", "Raw event"),
        (Self::Enrichment, "enrichment", "Enrichment"),
        (Self::Similar, "similar", "Similar"),
    ];

    fn of(word: &str) -> Self {
        let found = Self::ALL.iter().find(|(_, it, _)| *it == word);
        found.map_or(Self::Timeline, |(tab, ..)| *tab)
    }
}

/// A tab as a link.
pub(super) struct TabLink {
    pub(super) word: &'static str,
    pub(super) label: &'static str,
    pub(super) href: String,
    pub(super) current: bool,
}

/// A resolution to choose.
pub(super) struct Choice {
    pub(super) word: &'static str,
    pub(super) label: &'static str,
}

/// Somebody to give the alert to.
pub(super) struct PersonChoice {
    pub(super) username: String,
    pub(super) chosen: bool,
}

/// An alert with everything that is shown of it.
pub(super) struct AlertView {
    pub(super) alert: Alert,
    /// Whether it stands beside the list.
    pub(super) beside: bool,
    /// The list without it.
    pub(super) close: String,
    /// The page to come back to after a form.
    pub(super) back: String,
    pub(super) tabs: Vec<TabLink>,
    pub(super) entries: Option<Vec<Entry>>,
    pub(super) fields: Option<Vec<Field>>,
    pub(super) json: String,
    pub(super) enrichment: Option<Enrichment>,
    pub(super) busiest_day: i64,
    pub(super) similar: Option<Similar>,
    pub(super) people: Vec<PersonChoice>,
    pub(super) hidden_text: bool,
    /// The newest events it stands for, where it gathers a storm.
    pub(super) gathered: Vec<Event>,
}

impl AlertView {
    /// Whether it may be acknowledged.
    pub(super) fn is_open(&self) -> bool {
        self.alert.state.status == AlertStatus::Open
    }

    /// Whether it is done.
    pub(super) fn is_resolved(&self) -> bool {
        self.alert.state.status == AlertStatus::Resolved
    }

    /// Whether its owner is among the people to choose from.
    pub(super) fn owner_is_listed(&self) -> bool {
        self.people.iter().any(|person| person.chosen)
    }

    /// How it was closed, in words.
    pub(super) fn resolution(&self) -> Option<&'static str> {
        self.alert.state.resolution.map(resolution_label)
    }
}

/// A resolution in words.
pub(super) const fn resolution_label(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::TruePositive => "True positive: it was what it said",
        Resolution::BenignPositive => "Benign: expected, authorised or a test",
        Resolution::FalsePositive => "False positive: it did not happen",
        Resolution::Duplicate => "Duplicate of another alert",
        Resolution::InsufficientData => "Not enough data to tell",
        Resolution::ManagedExternally => "Handled elsewhere: ticket or case",
        Resolution::Disregard => "Disregarded: not worth the work",
        Resolution::AutoResolved => "Resolved by its source",
        Resolution::Other => "Other: as the note says",
    }
}

/// Gathers what the list shows beside it; `None` when there is no alert of that number.
pub(super) async fn view(
    app: &App,
    _caller: &Caller,
    shell: &Shell,
    id: i64,
    list: &Address,
) -> Result<Option<AlertView>, Problem> {
    let asked = Asked {
        tabs: vec![Tab::Timeline],
        beside: true,
        list: list.clone(),
    };
    match gather(app, shell, id, &asked).await {
        Err(problem) if problem.status() == http::StatusCode::NOT_FOUND => Ok(None),
        found => found.map(Some),
    }
}

/// Which parts are wanted, and where the alert stands.
struct Asked {
    tabs: Vec<Tab>,
    beside: bool,
    list: Address,
}

#[expect(
    clippy::too_many_lines,
    reason = "one part of the page after the other"
)]
async fn gather(app: &App, shell: &Shell, id: i64, asked: &Asked) -> Result<AlertView, Problem> {
    let alert = alerts::get(app, id).await?;
    let wants = |tab| asked.tabs.contains(&tab);
    let entries = if wants(Tab::Timeline) {
        Some(timeline::entries(app, id, ENTRIES).await?)
    } else {
        None
    };
    let enrichment = if wants(Tab::Enrichment) {
        Some(alerts::enrichment(app, id).await?)
    } else {
        None
    };
    let similar = if wants(Tab::Similar) {
        Some(alerts::similar(app, id).await?)
    } else {
        None
    };
    let gathered = if alert.state.event_count > 1 {
        let page = PageRequest {
            size: SAMPLES,
            offset: 0,
            cursor: None,
        };
        let mut events = alerts::gathered(app, id, page).await?.1;
        page.cut(&mut events);
        events
    } else {
        Vec::new()
    };
    let owner = alert.state.assigned_to.as_ref();
    let owner = owner.map(|it| it.username.clone());
    let days = enrichment.iter().flat_map(|it| &it.source.events_by_day);
    let here = if asked.beside {
        asked.list.with("alert", id)
    } else {
        Address::new("/alerts")
    };
    Ok(AlertView {
        busiest_day: days.map(|day| day.count).max().unwrap_or(0).max(1),
        beside: asked.beside,
        close: asked.list.to_string(),
        back: if asked.beside {
            here.to_string()
        } else {
            format!("/alerts/{id}")
        },
        tabs: tabs(id, asked),
        fields: wants(Tab::Raw).then(|| fields(&alert.event)),
        json: if wants(Tab::Raw) {
            pretty(&alert.event)
        } else {
            String::new()
        },
        people: people(app, shell, owner.as_deref()).await?,
        hidden_text: super::text::hides(&alert.event.description)
            || super::text::hides(&alert.event.source_name),
        gathered,
        entries,
        enrichment,
        similar,
        alert,
    })
}

fn tabs(id: i64, asked: &Asked) -> Vec<TabLink> {
    if asked.tabs.len() > 1 {
        return Vec::new();
    }
    let link = |&(tab, word, label): &(Tab, &'static str, &'static str)| TabLink {
        word,
        label,
        href: format!("/alerts/{id}?tab={word}"),
        current: asked.tabs.contains(&tab),
    };
    Tab::ALL.iter().map(link).collect()
}

/// The resolutions people choose from.
pub(super) fn resolutions() -> Vec<Choice> {
    let all = Resolution::ALL.iter();
    let by_people = all.filter(|it| **it != Resolution::AutoResolved);
    by_people
        .map(|it| Choice {
            word: it.word(),
            label: resolution_label(*it),
        })
        .collect()
}

/// Everybody who may work on alerts, for those who may give them away.
pub(super) async fn people(
    app: &App,
    shell: &Shell,
    owner: Option<&str>,
) -> Result<Vec<PersonChoice>, Problem> {
    if !shell.can_triage() {
        return Ok(Vec::new());
    }
    let filter = UserFilter {
        enabled: Some(true),
        ..UserFilter::default()
    };
    let (users, _) = identity::list_users(app, filter, None, PEOPLE).await?;
    let people = users.into_iter().map(|it| it.user);
    let triages = people.filter(|user| user.role != Role::Analyst);
    Ok(triages
        .map(|user| PersonChoice {
            chosen: owner == Some(user.username.as_str()),
            username: user.username,
        })
        .collect())
}

#[derive(Template)]
#[template(path = "alerts/detail.html")]
struct DetailPage {
    shell: Shell,
    alert: AlertView,
    resolutions: Vec<Choice>,
}

/// Shows an alert on a page of its own: all of it, or the tab asked for as the list has it beside.
pub(super) async fn page(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    mut params: Params,
) -> Result<Response, Problem> {
    let tab = params.text("tab");
    let beside = params.flag("beside").unwrap_or(false);
    params.finish()?;
    let shell = Shell::new(&app, &caller, "/alerts", format!("Alert #{id}")).await?;
    let shell = shell.with_script("alert");
    let asked = Asked {
        tabs: match (&tab, beside) {
            (Some(word), _) => vec![Tab::of(word)],
            (None, true) => vec![Tab::Timeline],
            (None, false) => Tab::ALL.iter().map(|(tab, ..)| *tab).collect(),
        },
        beside,
        list: Address::new("/alerts"),
    };
    let alert = gather(&app, &shell, id, &asked).await.map_err(|problem| {
        if problem.status() == http::StatusCode::NOT_FOUND {
            let gone = format!("there is no alert #{id}; it may have been deleted with its event");
            return Problem::not_found(gone);
        }
        problem
    })?;
    render(&DetailPage {
        shell,
        alert,
        resolutions: resolutions(),
    })
}

fn first_page(size: u32) -> PageRequest {
    PageRequest {
        size,
        offset: 0,
        cursor: None,
    }
}
