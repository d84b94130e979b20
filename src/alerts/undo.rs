//! Taking a change back: within 30 seconds, by whoever made it, where nobody changed the alert
//! since. It is a change of its own, told of as such.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{StoreError, Tx};

use super::bulk::{PART, Telling, store_changes};
use super::change::triages;
use super::error::AlertError;
use super::model::{AlertState, AlertStatus, Person, Resolution};
use super::sql::{self, Step};
use crate::app::{App, Change};
use crate::http::Caller;

/// How long a change can be taken back: as long as people notice a slip.
pub const UNDO_FOR: Duration = Duration::from_secs(30);
/// Longest token that is looked up, in bytes; ours have 22.
const TOKEN_MAX: usize = 64;
/// Steps forgotten in one transaction.
const FORGOTTEN_AT_ONCE: i64 = 5_000;

/// What takes a change back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// 128 random bits as base64url; works once, for whoever made the change.
    pub token: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// An undo still to be filled with what it takes back.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    user: i64,
    hash: [u8; 32],
    undo: Undo,
}

/// 128 random bits are guessed by nobody, so a fast hash is enough.
fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Ticket {
    /// A ticket for a person; the server and keys take nothing back.
    pub(super) fn new(caller: &Caller, now: Timestamp) -> Option<Self> {
        let (user, _) = caller.user().ok()?;
        let token = URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 16]>());
        Some(Self {
            user,
            hash: digest(&token),
            undo: Undo {
                token,
                expires_at: now.plus(UNDO_FOR),
            },
        })
    }

    /// What the person is given.
    pub(super) const fn undo(&self) -> &Undo {
        &self.undo
    }

    /// Keeps how alerts were, in the transaction that changes them.
    pub(super) fn keep(
        &self,
        tx: &mut Tx<'_>,
        changed: &[(AlertState, AlertState)],
    ) -> Result<(), StoreError> {
        let steps = changed
            .iter()
            .map(|(before, after)| {
                Ok(Step {
                    alert: after.id,
                    version: after.version,
                    before: serde_json::to_string(&Before::of(before)).map_err(shape)?,
                })
            })
            .collect::<Result<Vec<Step>, StoreError>>()?;
        sql::keep_steps(tx, &self.hash, self.user, self.undo.expires_at, &steps)
    }
}

fn shape(error: impl std::fmt::Display) -> StoreError {
    StoreError::Shape(Arc::from(error.to_string()))
}

/// The fields people change, as they were.
#[derive(Debug, Serialize, Deserialize)]
struct Before {
    status: AlertStatus,
    assigned_to: Option<i64>,
    resolution: Option<Resolution>,
    resolution_note: Option<String>,
    acknowledged_at: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    reopen_count: i64,
}

impl Before {
    fn of(alert: &AlertState) -> Self {
        Self {
            status: alert.status,
            assigned_to: alert.assigned_to.as_ref().map(|person| person.id),
            resolution: alert.resolution,
            resolution_note: alert.resolution_note.clone(),
            acknowledged_at: alert.acknowledged_at,
            resolved_at: alert.resolved_at,
            reopen_count: alert.reopen_count,
        }
    }

    /// The alert as it was; given back to nobody but these people, whoever has it keeps it.
    fn restore(self, alert: &AlertState, people: &BTreeMap<i64, Person>) -> AlertState {
        let has_it = alert.assigned_to.as_ref().map(|person| person.id);
        let assigned_to = if has_it == self.assigned_to {
            alert.assigned_to.clone()
        } else {
            self.assigned_to.and_then(|id| people.get(&id)).cloned()
        };
        AlertState {
            status: self.status,
            assigned_to,
            resolution: self.resolution,
            resolution_note: self.resolution_note,
            acknowledged_at: self.acknowledged_at,
            resolved_at: self.resolved_at,
            reopen_count: self.reopen_count,
            ..alert.clone()
        }
    }
}

/// What was taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Undone {
    /// How many alerts are as they were before the change.
    #[schema(example = 2)]
    pub undone: usize,
    /// Those left alone.
    pub skipped: Vec<Skipped>,
}

/// An alert that was left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Skipped {
    /// Its number.
    #[schema(example = 4812)]
    pub id: i64,
    /// Why.
    pub code: SkipCode,
}

/// Why an alert was left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipCode {
    /// Somebody changed it after the change that was to be taken back.
    ChangedSince,
    /// It is gone, with its event.
    NotFound,
}

/// Takes a change back, audited and announced; in parts of 1,000 alerts, each a transaction.
///
/// Restored are status, resolution and its note, assignee, the times of acknowledging and
/// resolving, and the number of reopenings; the version rises. Comments stay. Nobody is assigned
/// instead of a person whose account is gone or disabled, or whose role does not triage alerts any
/// more. When it breaks off between parts, the token still works for the rest.
///
/// # Errors
/// [`AlertError::UndoGone`] when the token was used, is older than [`UNDO_FOR`], or is somebody
/// else's.
pub async fn undo(app: &App, caller: Caller, token: &str) -> Result<Undone, AlertError> {
    let user = caller.actor.id().ok_or(AlertError::UndoGone)?;
    if token.is_empty() || token.len() > TOKEN_MAX {
        return Err(AlertError::UndoGone);
    }
    let job = Arc::new(Job {
        hash: digest(token),
        user,
        now: app.clock.now(),
        caller,
    });
    let mut all = Undone::default();
    let mut changed = Vec::new();
    let ended = loop {
        let part = Arc::clone(&job);
        match app.store.write(move |tx| undo_part(tx, &part)).await {
            Ok(part) if part.steps == 0 && changed.is_empty() && all.skipped.is_empty() => {
                break Err(AlertError::UndoGone);
            }
            Ok(mut part) => {
                changed.append(&mut part.changed);
                all.skipped.append(&mut part.skipped);
                if part.steps < PART {
                    break Ok(());
                }
            }
            Err(error) => break Err(error),
        }
    };
    all.undone = changed.len();
    // Also when a later part failed: the earlier ones are kept.
    announce(app, changed);
    ended.map(|()| all)
}

/// Announces changed alerts at once.
pub(super) fn announce(app: &App, changed: Vec<i64>) {
    match changed.as_slice() {
        [] => {}
        [id] => app.announce(Change::AlertChanged(*id)),
        _ => app.announce(Change::AlertsChanged(changed.into())),
    }
}

struct Job {
    hash: [u8; 32],
    user: i64,
    now: Timestamp,
    caller: Caller,
}

#[derive(Default)]
struct Part {
    steps: usize,
    changed: Vec<i64>,
    skipped: Vec<Skipped>,
}

fn undo_part(tx: &mut Tx<'_>, job: &Job) -> Result<Part, AlertError> {
    let limit = i64::try_from(PART).unwrap_or(i64::MAX);
    let steps = sql::next_steps(tx, &job.hash, job.user, job.now, limit)?;
    let ids: Vec<i64> = steps.iter().map(|step| step.alert).collect();
    let Some(&last) = ids.last() else {
        return Ok(Part::default());
    };
    let mut part = Part {
        steps: steps.len(),
        ..Part::default()
    };
    let mut befores = Vec::with_capacity(steps.len());
    for step in steps {
        let before: Before = serde_json::from_str(&step.before).map_err(shape)?;
        befores.push((step, before));
    }
    let people = people(tx, befores.iter().filter_map(|(_, it)| it.assigned_to))?;
    let found: BTreeMap<i64, AlertState> = sql::lock_all(tx, &ids)?
        .into_iter()
        .map(|alert| (alert.id, alert))
        .collect();
    let mut wanted = Vec::new();
    for (step, before) in befores {
        let mut skip = |code| {
            part.skipped.push(Skipped {
                id: step.alert,
                code,
            });
        };
        match found.get(&step.alert) {
            None => skip(SkipCode::NotFound),
            Some(alert) if alert.version != step.version => skip(SkipCode::ChangedSince),
            Some(alert) => wanted.push((alert, before)),
        }
    }
    let mut changed: Vec<(AlertState, AlertState)> = wanted
        .into_iter()
        .map(|(alert, before)| (alert.clone(), before.restore(alert, &people)))
        .collect();
    store_changes(tx, &job.caller, job.now, &mut changed, Telling::Undo)?;
    sql::spend_steps(tx, &job.hash, last)?;
    part.changed = changed.iter().map(|(_, after)| after.id).collect();
    Ok(part)
}

/// Those of some people who may be given alerts; their accounts stay until commit.
fn people(
    tx: &mut Tx<'_>,
    ids: impl Iterator<Item = i64>,
) -> Result<BTreeMap<i64, Person>, StoreError> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let people = sql::keep_people(tx, &ids)?;
    let able = people
        .into_iter()
        .filter(|(_, enabled, role)| *enabled && triages(role));
    Ok(able.map(|(person, ..)| (person.id, person)).collect())
}

/// Forgets what can no longer be taken back; returns how many alerts it was kept of.
///
/// # Errors
/// The database's fault.
pub async fn forget_undo(app: &App) -> Result<u64, StoreError> {
    let now = app.clock.now();
    let mut all = 0_u64;
    loop {
        let part = app
            .store
            .write(move |tx| sql::forget_steps(tx, now, FORGOTTEN_AT_ONCE))
            .await?;
        all = all.saturating_add(part);
        if part < u64::try_from(FORGOTTEN_AT_ONCE).unwrap_or(u64::MAX) {
            return Ok(all);
        }
    }
}
