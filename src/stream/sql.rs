//! What is new about alerts: read in the order of the numbers, by primary keys alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::Timestamp;
use store::{Arg, Engine, Row, StoreError, Tx};

use super::message::{ChangedAlert, RaisedAlert};
use super::resume::Resume;
use super::tail::Tail;
use crate::alerts::{AlertStatus, Person, TimelineActor};

/// Most alerts raised, and most changes, told at a time; of more only the number is told.
pub(super) const NEWS_MAX: usize = 500;

/// Rows at the end of a table in which skipped numbers are looked for.
const RECENT: usize = 501;

/// What is new.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Alerts raised, by number.
    pub(super) created: Vec<RaisedAlert>,
    /// Alerts changed or commented on, each once, as they are now.
    pub(super) updated: Vec<ChangedAlert>,
    /// About how many alerts and changes there were that are not told one by one.
    pub(super) missed: i64,
}

impl News {
    /// How many alerts and changes it is about.
    pub(super) fn count(&self) -> u64 {
        let told = self.created.len().saturating_add(self.updated.len());
        let missed = u64::try_from(self.missed).unwrap_or(0);
        u64::try_from(told)
            .unwrap_or(u64::MAX)
            .saturating_add(missed)
    }
}

/// How far alerts and their history have been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) alerts: Tail,
    pub(super) history: Tail,
}

impl Position {
    /// After what a client has been told.
    pub(super) fn after(resume: Resume) -> Self {
        Self {
            alerts: Tail::after(resume.alert),
            history: Tail::after(resume.entry),
        }
    }

    /// Up to where nothing is missing.
    pub(super) fn resume(&self) -> Resume {
        Resume {
            alert: self.alerts.settled(),
            entry: self.history.settled(),
        }
    }

    /// Up to where has been read.
    pub(super) fn highest(&self) -> Resume {
        Resume {
            alert: self.alerts.highest(),
            entry: self.history.highest(),
        }
    }

    /// Whether a client has been told more than there is: its id is of another database.
    pub(super) fn is_behind(&self, resume: Resume) -> bool {
        resume.alert > self.alerts.highest() || resume.entry > self.history.highest()
    }

    /// The end of both tables, as this snapshot shows it.
    pub(super) fn end(tx: &mut Tx<'_>, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self {
            alerts: end_of_alerts(tx, now)?,
            history: end_of_history(tx, now)?,
        })
    }
}

fn may_skip(tx: &Tx<'_>) -> bool {
    tx.engine() == Engine::Postgres
}

/// Holes are looked for only where there can be any.
fn recent(tx: &mut Tx<'_>, sql: &str) -> Result<Vec<(i64, Timestamp)>, StoreError> {
    let rows = if may_skip(tx) { RECENT } else { 1 };
    tx.query(
        &format!("{sql} order by id desc limit {rows}"),
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn end_of_alerts(tx: &mut Tx<'_>, now: Timestamp) -> Result<Tail, StoreError> {
    Ok(Tail::of(
        &recent(tx, "select id, created_at from alerts")?,
        now,
    ))
}

fn end_of_history(tx: &mut Tx<'_>, now: Timestamp) -> Result<Tail, StoreError> {
    Ok(Tail::of(
        &recent(tx, "select id, at from alert_history")?,
        now,
    ))
}

/// Reads what is new after a position, not beyond the numbers given, and moves the position there.
///
/// At most 501 alerts, 501 entries and 500 skipped numbers of each are looked at.
pub(super) fn news(
    tx: &mut Tx<'_>,
    position: &mut Position,
    upto: Resume,
    now: Timestamp,
) -> Result<News, StoreError> {
    let mut news = News::default();
    raised(tx, &mut position.alerts, upto.alert, now, &mut news)?;
    changed(tx, &mut position.history, upto.entry, now, &mut news)?;
    Ok(news)
}

const CREATED: &str = "select a.id, a.event_id, a.severity, a.status, a.title, s.name, t.name, \
    a.created_at from alerts a left join sources s on s.id = a.source_id \
    left join event_types t on t.id = a.event_type_id";

fn raised(
    tx: &mut Tx<'_>,
    tail: &mut Tail,
    upto: i64,
    now: Timestamp,
    news: &mut News,
) -> Result<(), StoreError> {
    tail.settle(now);
    let late = tx.query_many(
        &format!("{CREATED} where a.id = $1"),
        &one_each(tail.holes()),
        created,
    )?;
    // The limit stands in the text, so that PostgreSQL plans for few rows.
    let limit = NEWS_MAX.saturating_add(1);
    let fresh = tx.query(
        &format!("{CREATED} where a.id > $1 and a.id <= $2 order by a.id limit {limit}"),
        &[tail.highest().into(), upto.into()],
        created,
    )?;
    news.created = late;
    if fresh.len() > NEWS_MAX {
        let before = tail.highest();
        *tail = match upto {
            i64::MAX => end_of_alerts(tx, now)?,
            upto => Tail::after(upto),
        };
        let passed = tail.highest().saturating_sub(before);
        news.missed = news.missed.saturating_add(passed);
    } else {
        news.created.extend(fresh);
    }
    let may_skip = may_skip(tx);
    for alert in &news.created {
        tail.read(alert.id, now, may_skip);
    }
    Ok(())
}

fn one_each(ids: impl Iterator<Item = i64>) -> Vec<Vec<Arg<'static>>> {
    ids.map(|id| vec![id.into()]).collect()
}

fn created(row: &Row<'_>) -> Result<RaisedAlert, StoreError> {
    Ok(RaisedAlert {
        id: row.get(0)?,
        event_id: row.get(1)?,
        severity: row.get(2)?,
        status: status(row.get(3)?)?,
        title: row.get(4)?,
        source: row.get::<Option<String>>(5)?.unwrap_or_default(),
        kind: row.get::<Option<String>>(6)?.unwrap_or_default(),
        created_at: row.get(7)?,
    })
}

fn status(id: i64) -> Result<AlertStatus, StoreError> {
    let unknown = || StoreError::Shape(Arc::from("no status of an alert"));
    AlertStatus::from_id(id).ok_or_else(unknown)
}

/// An entry of the history: its number, its alert, and who wrote it.
type Written = (i64, i64, TimelineActor);

const WRITTEN: &str = "select id, alert_id, actor_id, actor from alert_history";

fn changed(
    tx: &mut Tx<'_>,
    tail: &mut Tail,
    upto: i64,
    now: Timestamp,
    news: &mut News,
) -> Result<(), StoreError> {
    tail.settle(now);
    let mut entries = tx.query_many(
        &format!("{WRITTEN} where id = $1"),
        &one_each(tail.holes()),
        written,
    )?;
    let limit = NEWS_MAX.saturating_add(1);
    let fresh = tx.query(
        &format!("{WRITTEN} where id > $1 and id <= $2 order by id limit {limit}"),
        &[tail.highest().into(), upto.into()],
        written,
    )?;
    if fresh.len() > NEWS_MAX {
        let before = tail.highest();
        *tail = match upto {
            i64::MAX => end_of_history(tx, now)?,
            upto => Tail::after(upto),
        };
        let passed = tail.highest().saturating_sub(before);
        news.missed = news.missed.saturating_add(passed);
    } else {
        entries.extend(fresh);
    }
    let may_skip = may_skip(tx);
    for (id, ..) in &entries {
        tail.read(*id, now, may_skip);
    }
    news.updated = updated(tx, entries)?;
    Ok(())
}

fn written(row: &Row<'_>) -> Result<Written, StoreError> {
    let actor = TimelineActor {
        id: row.get(2)?,
        username: row.get(3)?,
    };
    Ok((row.get(0)?, row.get(1)?, actor))
}

/// The alerts of some entries as they are now, each once, with who was the last.
fn updated(tx: &mut Tx<'_>, entries: Vec<Written>) -> Result<Vec<ChangedAlert>, StoreError> {
    let mut actors: BTreeMap<i64, TimelineActor> = entries
        .into_iter()
        .map(|(_, alert, actor)| (alert, actor))
        .collect();
    let rows = one_each(actors.keys().copied());
    tx.query_many(
        "select a.id, a.version, a.status, a.severity, a.assigned_to, u.username, a.updated_at \
         from alerts a left join users u on u.id = a.assigned_to where a.id = $1",
        &rows,
        |row| {
            let id = row.get(0)?;
            let assignee: Option<i64> = row.get(4)?;
            let username: Option<String> = row.get(5)?;
            Ok(ChangedAlert {
                id,
                version: row.get(1)?,
                status: status(row.get(2)?)?,
                severity: row.get(3)?,
                assigned_to: assignee
                    .zip(username)
                    .map(|(id, username)| Person { id, username }),
                updated_at: row.get(6)?,
                actor: actors.remove(&id),
            })
        },
    )
}
