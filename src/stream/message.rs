//! What a stream says, and how it is written.

use base::{EventId, Severity, Timestamp};
use bytes::Bytes;
use serde::Serialize;

use super::resume::Resume;
use super::sql::News;
use crate::alerts::{AlertStats, AlertStatus, BySeverity, Person, TimelineActor};

/// An alert that was raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AlertCreated)]
pub struct RaisedAlert {
    /// The alert's number.
    #[schema(example = 4812)]
    pub id: i64,
    /// How bad its event is.
    pub severity: Severity,
    /// How far people are with it by now.
    pub status: AlertStatus,
    /// What happened, in one line.
    #[schema(example = "intrusion: 12 failed root logins over SSH")]
    pub title: String,
    /// The event's source.
    #[schema(example = "fw-01")]
    pub source: String,
    /// The event's type.
    #[serde(rename = "type")]
    #[schema(example = "intrusion")]
    pub kind: String,
    /// When it was raised.
    pub created_at: Timestamp,
    /// The event that raised it.
    pub event_id: EventId,
}

/// An alert that was changed or commented on, as it is now. A comment leaves the version as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AlertUpdated)]
pub struct ChangedAlert {
    /// The alert's number.
    #[schema(example = 4812)]
    pub id: i64,
    /// Rises with each change.
    #[schema(example = 3)]
    pub version: i64,
    /// How far people are with it.
    pub status: AlertStatus,
    /// How bad its event is.
    pub severity: Severity,
    /// Who works on it.
    pub assigned_to: Option<Person>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who changed it last, or commented.
    pub actor: Option<TimelineActor>,
}

/// The numbers a screen shows all the time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    /// OPEN ones of each severity.
    open_by_severity: BySeverity,
    /// OPEN or ACKNOWLEDGED.
    unresolved: i64,
    /// Events this server stored per second, over the last seconds.
    events_per_s: f64,
}

impl Figures {
    pub(super) fn new(stats: AlertStats, events_per_s: f64) -> Self {
        Self {
            open_by_severity: stats.open_by_severity,
            unresolved: stats.unresolved,
            events_per_s,
        }
    }

    /// Whether a reader would see a difference.
    pub(super) fn differs(&self, other: &Self) -> bool {
        (self.open_by_severity, self.unresolved) != (other.open_by_severity, other.unresolved)
            || (self.events_per_s - other.events_per_s).abs() > f64::EPSILON
    }
}

#[derive(Serialize)]
struct Hello {
    time: Timestamp,
    resume: Resume,
}

#[derive(Serialize)]
struct Missed {
    n: i64,
}

#[derive(Serialize)]
struct Nothing {}

/// Events on their way to the clients, as the bytes of `text/event-stream`.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Where the last event begins.
    last: usize,
}

impl Lines {
    /// One event. Its data is one line: JSON writes a line break within a text as `\n`.
    fn event(&mut self, name: &'static str, data: &impl Serialize) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(b"event: ");
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\ndata: ");
        if let Err(error) = serde_json::to_writer(&mut self.bytes, data) {
            tracing::error!(%error, name, "an event of the stream could not be written");
            self.bytes.truncate(begin);
            return;
        }
        self.bytes.extend_from_slice(b"\n\n");
        self.last = begin;
    }

    /// Gives the last event an id: a client that comes back with it has read all up to there.
    ///
    /// Only the last of a batch has one, so that a connection that breaks within it is told the
    /// whole batch again.
    pub(super) fn mark(&mut self, resume: Resume) {
        if !self.bytes.is_empty() {
            let line = format!("id: {resume}\n");
            self.bytes.splice(self.last..self.last, line.into_bytes());
        }
    }

    /// The first event.
    pub(super) fn hello(time: Timestamp, resume: Resume) -> Self {
        let mut lines = Self::default();
        lines.bytes.extend_from_slice(b"retry: 2000\n\n");
        lines.event("hello", &Hello { time, resume });
        lines
    }

    /// That something was left out.
    pub(super) fn missed(&mut self, n: i64) {
        self.event("missed", &Missed { n });
    }

    /// What is new.
    pub(super) fn news(&mut self, news: &News) {
        for alert in &news.created {
            self.event("alert.created", alert);
        }
        for alert in &news.updated {
            self.event("alert.updated", alert);
        }
        if news.missed > 0 {
            self.missed(news.missed);
        }
    }

    /// The numbers.
    pub(super) fn figures(&mut self, figures: &Figures) {
        self.event("stats", figures);
    }

    /// The last event of a stream whose session does not count any more.
    pub(super) fn session_expired() -> Self {
        let mut lines = Self::default();
        lines.event("session.expired", &Nothing {});
        lines
    }

    /// The last event of a stream whose server stops.
    pub(super) fn server_restarting() -> Self {
        let mut lines = Self::default();
        lines.event("server.restarting", &Nothing {});
        lines
    }

    /// A comment: keeps the connection alive and finds out whether it is.
    pub(super) fn heartbeat() -> Bytes {
        Bytes::from_static(b": heartbeat\n\n")
    }

    /// These events, then others.
    pub(super) fn before(mut self, others: &Bytes) -> Bytes {
        self.bytes.extend_from_slice(others);
        self.into_bytes()
    }

    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(title: &str) -> RaisedAlert {
        RaisedAlert {
            id: 7,
            severity: Severity::High,
            status: AlertStatus::Open,
            title: title.to_owned(),
            source: "fw".to_owned(),
            kind: "intrusion".to_owned(),
            created_at: Timestamp::from_micros(0),
            event_id: EventId::new(9),
        }
    }

    #[test]
    fn only_the_last_of_a_batch_has_the_id() {
        let mut lines = Lines::default();
        lines.news(&News {
            created: vec![created("a"), created("b")],
            ..News::default()
        });
        lines.mark("7.3".parse().unwrap());
        let text = String::from_utf8(lines.into_bytes().to_vec()).unwrap();
        let events: Vec<&str> = text.split_terminator("\n\n").collect();
        assert_eq!(events.len(), 2);
        assert!(events[0].starts_with("event: alert.created\ndata: {\"id\":7,"));
        assert!(events[1].starts_with("id: 7.3\nevent: alert.created\ndata: {"));
    }

    #[test]
    fn a_hostile_title_forges_no_event() {
        let title = "x\n\nevent: server.restarting\ndata: {}\r\rid: 9.9\u{2028}data: y\u{85}";
        let mut lines = Lines::default();
        lines.news(&News {
            created: vec![created(title)],
            ..News::default()
        });
        let text = String::from_utf8(lines.into_bytes().to_vec()).unwrap();
        assert!(!text.contains('\r'));
        assert_eq!(text.lines().count(), 3, "{text}");
        let data = text.lines().nth(1).unwrap().strip_prefix("data: ").unwrap();
        let value: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(value["title"], title);
    }

    #[test]
    fn nothing_is_written_for_nothing() {
        let mut lines = Lines::default();
        lines.news(&News::default());
        lines.mark(Resume::default());
        assert!(lines.into_bytes().is_empty());
    }
}
