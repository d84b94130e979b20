//! Sources that went silent raise an alert, and it is resolved when they speak again.

use base::{EventId, Severity, Timestamp};
use serde_json::json;
use store::StoreError;

use super::event_keys::EventKey;
use super::pipeline::{Batch, Prepared, Stored};
use super::queue::{Ingest, IngestError, Ingested};
use crate::alerts;
use crate::app::{App, Change};
use crate::events::NewEvent;
use crate::http::Caller;
use crate::sources::{self, Turn};

/// The source of what the server itself reports.
const SOURCE: &str = "watchpost";
/// Whose events these are, in keys.
const SCOPE: &str = "source silence";

/// Tells what changed since it was told last: each silence raises one HIGH alert, however many
/// servers see it and however often they start, and its end resolves that alert. Returns how many
/// turns were told.
///
/// # Errors
/// [`IngestError`]; what is left is told the next time.
pub async fn tell_silence(app: &App, ingest: &Ingest) -> Result<usize, IngestError> {
    let turns = sources::turns(app, ingest.sources()).await?;
    let told = turns.len();
    for turn in turns {
        match turn {
            Turn::Silent {
                source,
                seen,
                since,
                silent_after,
            } => silent(app, ingest, source, (seen, since), silent_after).await?,
            Turn::Back {
                source,
                seen,
                since,
                event,
                watched,
            } => {
                if let Some(seen) = seen.filter(|_| watched) {
                    back(app, ingest, &source, (seen, since)).await?;
                }
                over(app, source.0, since, event).await?;
            }
        }
    }
    Ok(told)
}

/// What a silence is called: the same on every server, until the source speaks.
fn silence(name: &str, since: Timestamp) -> EventKey {
    EventKey::new(SCOPE, &format!("silent {} {name}", since.micros()))
}

async fn silent(
    app: &App,
    ingest: &Ingest,
    (id, name): (i64, String),
    (seen, since): (Option<Timestamp>, Timestamp),
    silent_after: u32,
) -> Result<(), IngestError> {
    let quiet = span(app.clock.now().since(since).as_secs());
    let what = match seen {
        Some(seen) => format!("Source {name} has been silent for {quiet}: last heard of at {seen}"),
        None => format!("Source {name} was described {quiet} ago and has never been heard of"),
    };
    let reporter = json!({
        "id": id, "name": name, "last_seen": seen, "silent_after": silent_after,
    });
    let event = event("source-silent", Severity::High, what, &reporter);
    let key = Some(silence(&name, since));
    let Some(stored) = store(app, ingest, event, key, None).await? else {
        return Ok(());
    };
    app.store
        .write(move |tx| sources::silence_told(tx, id, since, stored.id))
        .await?;
    Ok(())
}

async fn back(
    app: &App,
    ingest: &Ingest,
    (id, name): &(i64, String),
    (seen, since): (Timestamp, Timestamp),
) -> Result<(), IngestError> {
    let quiet = span(seen.since(since).as_secs());
    let what = format!("Source {name} is back after {quiet}: heard of at {seen}");
    let reporter = json!({"id": id, "name": name, "last_seen": seen, "silent_since": since});
    let event = event("source-back", Severity::Info, what, &reporter);
    let key = EventKey::new(SCOPE, &format!("back {} {name}", since.micros()));
    let closes = Some(silence(name, since));
    store(app, ingest, event, Some(key), closes).await?;
    Ok(())
}

/// Ends a silence that was told. Its key is forgotten after two days, so its alert is resolved by
/// its event; one that is resolved stays as it is.
async fn over(
    app: &App,
    source: i64,
    since: Timestamp,
    event: Option<EventId>,
) -> Result<(), IngestError> {
    let now = app.clock.now();
    let resolved = app
        .store
        .write(move |tx| {
            let caller = Caller::system("silent sources");
            let resolved = match event {
                Some(event) => alerts::resolve_at_source(tx, &caller, now, event)?,
                None => None,
            };
            sources::silence_over(tx, source, since)?;
            Ok::<_, StoreError>(resolved)
        })
        .await?;
    if let Some(alert) = resolved {
        app.announce(Change::AlertChanged(alert));
    }
    Ok(())
}

fn event(
    event_type: &str,
    severity: Severity,
    description: String,
    reporter: &serde_json::Value,
) -> NewEvent {
    let attributes = json!({
        "event": {"kind": "state", "module": SOURCE, "action": event_type},
        "reporter": reporter,
    });
    NewEvent {
        source_name: SOURCE.to_owned(),
        event_type: event_type.to_owned(),
        severity,
        description,
        ip_address: None,
        occurred_at: None,
        tags: Vec::new(),
        attributes: serde_json::value::to_raw_value(&attributes).ok(),
    }
}

async fn store(
    app: &App,
    ingest: &Ingest,
    event: NewEvent,
    key: Option<EventKey>,
    closes: Option<EventKey>,
) -> Result<Option<Stored>, IngestError> {
    let batch = Batch::without_request(
        Caller::system("silent sources"),
        vec![Prepared::new(app, event).with_keys(key, closes)],
    );
    Ok(match ingest.store(batch).await? {
        Ingested::Stored(_, stored) => stored.first().copied(),
        Ingested::Repeated(_) => None,
    })
}

/// A span as people say it: its two largest units.
fn span(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (length, unit) in UNITS {
        let n = rest / length;
        rest %= length;
        if n > 0 {
            parts.push(format!("{n} {unit}"));
        }
    }
    parts.truncate(2);
    if parts.is_empty() {
        "0 s".to_owned()
    } else {
        parts.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_two_units() {
        for (seconds, said) in [
            (0, "0 s"),
            (59, "59 s"),
            (3_600, "1 h"),
            (3_661, "1 h 1 min"),
            (90_061, "1 d 1 h"),
        ] {
            assert_eq!(span(seconds), said);
        }
    }
}
