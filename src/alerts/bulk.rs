//! One action on many alerts: by the rules of one change, in transactions of at most 1,000.
//!
//! Up to 1,000 alerts are one transaction. More are changed part by part, so that others get
//! their turn: what is committed stays when a later part fails or the server stops. By numbers the
//! same request again does the rest, the alerts done already being unchanged then. By a filter that
//! does not find those any more, it is refused with the number it finds by then: with that as
//! `expect_count` it does the rest.

mod matching;
mod request;
mod write;

use std::sync::Arc;

use base::Timestamp;
use serde::{Deserialize, Serialize};
use store::Tx;

pub use matching::count;
pub use request::{BulkAction, BulkRequest, ListFilter, UnknownAction};
pub(super) use write::{Telling, store_changes, store_note};

use super::change::{AlertChange, Intent};
use super::error::AlertError;
use super::lifecycle::Refusal;
use super::model::AlertState;
use super::sql;
use super::undo::{Ticket, announce};
use crate::app::App;
use crate::http::Caller;
use crate::repeats::{self, Answer, Repeat, RepeatError};
use request::Target;

/// Most numbers in a request.
const IDS_MAX: usize = 1_000;
/// Most alerts of one bulk change.
const MATCHING_MAX: usize = 10_000;
/// Alerts changed in one transaction.
pub(super) const PART: usize = 1_000;

/// What became of a bulk change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BulkOutcome {
    /// How many alerts were meant: always `changed` + `unchanged` + those of `failed`.
    #[schema(example = 3)]
    pub matched: usize,
    /// How many were changed or commented on.
    #[schema(example = 2)]
    pub changed: usize,
    /// How many were so already.
    #[schema(example = 0)]
    pub unchanged: usize,
    /// Those that could not be changed; the others were.
    pub failed: Vec<Failed>,
    /// Takes the changes back for 30 seconds by `POST /api/undo/`; `null` when no alert changed.
    #[schema(example = "q0Jb3k0dT5yGXzXW0m3v6Q")]
    pub undo_token: Option<String>,
    /// Until when it does.
    pub undo_expires_at: Option<Timestamp>,
}

/// An alert that could not be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Failed {
    /// Its number.
    #[schema(example = 4812)]
    pub id: i64,
    /// What kind of reason.
    pub code: FailCode,
    /// The reason in words.
    #[schema(example = "there is no alert #4812")]
    pub detail: String,
}

/// Why an alert could not be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailCode {
    /// There is no such alert.
    NotFound,
    /// Its status does not allow it.
    Conflict,
    /// What was given does not fit it.
    Invalid,
}

impl From<Refusal> for FailCode {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AcknowledgeResolved | Refusal::NotResolved(_) => Self::Conflict,
            Refusal::ResolutionWith(_) | Refusal::OtherWithoutNote => Self::Invalid,
        }
    }
}

/// What is to be done, the same for each part.
struct Order {
    caller: Caller,
    now: Timestamp,
    change: AlertChange,
    repeat: Option<Repeat>,
    ticket: Option<Ticket>,
}

/// Does one action on many alerts, each by the rules of one change: alert, counts, history and
/// audit log. Announced once.
///
/// # Errors
/// [`AlertError::Field`] and [`AlertError::Fields`] for what the request says wrong, an assignee
/// who cannot be assigned among it; [`AlertError::OtherCount`] when the filter finds another
/// number than expected; [`AlertError::Repeat`]. An alert that cannot be changed is no error: it
/// is named in the outcome.
pub async fn bulk(
    app: &App,
    caller: Caller,
    repeat: Option<Repeat>,
    request: BulkRequest,
) -> Result<BulkOutcome, AlertError> {
    let now = app.clock.now();
    let (target, change) = request.checked(caller.actor.id(), now)?;
    let ids = match target {
        Target::Ids(ids) => ids,
        Target::Matching(filter, expected) => {
            // What it found when it came first is changed by now: it must not be asked again.
            if let Some(outcome) = first_answer(app, repeat.clone(), now).await? {
                return Ok(outcome);
            }
            matching::matching(app, &filter, expected, now).await?
        }
    };
    let order = Arc::new(Order {
        ticket: Ticket::new(&caller, now),
        caller,
        now,
        change,
        repeat,
    });
    let mut changed = Vec::new();
    let outcome = in_parts(app, &order, &ids, &mut changed).await;
    // Also when a later part failed: the earlier ones are kept.
    announce(app, changed);
    outcome
}

async fn first_answer(
    app: &App,
    repeat: Option<Repeat>,
    now: Timestamp,
) -> Result<Option<BulkOutcome>, AlertError> {
    let Some(repeat) = repeat else {
        return Ok(None);
    };
    let secrets = Arc::clone(&app.secrets);
    app.store
        .read(move |tx| kept(repeats::find(tx, &secrets, &repeat, now)?))
        .await
}

fn kept(answer: Option<Answer>) -> Result<Option<BulkOutcome>, AlertError> {
    let unusable = |error: serde_json::Error| RepeatError::Unusable(error.to_string());
    answer
        .map(|answer| serde_json::from_str(&answer.body).map_err(|error| unusable(error).into()))
        .transpose()
}

async fn in_parts(
    app: &App,
    order: &Arc<Order>,
    ids: &[i64],
    announced: &mut Vec<i64>,
) -> Result<BulkOutcome, AlertError> {
    let mut sum = BulkOutcome::default();
    let mut rest = ids;
    loop {
        let (part, later) = rest.split_at(rest.len().min(PART));
        rest = later;
        let (order, secrets) = (Arc::clone(order), Arc::clone(&app.secrets));
        let (part, before, is_last) = (part.to_vec(), sum.clone(), rest.is_empty());
        let done = app
            .store
            .write(move |tx| {
                if let Some(repeat) = &order.repeat
                    && let Some(first) = kept(repeats::find(tx, &secrets, repeat, order.now)?)?
                {
                    return Ok(Done::Before(first));
                }
                let (sum, changed) = change_part(tx, &order, &part, before)?;
                if let Some(repeat) = order.repeat.as_ref().filter(|_| is_last) {
                    let answer = answer(&sum)?;
                    repeats::keep(tx, &secrets, repeat, &answer, order.now)?;
                }
                Ok::<_, AlertError>(Done::Now(sum, changed))
            })
            .await?;
        match done {
            Done::Before(first) => return Ok(first),
            Done::Now(now, mut changed) => {
                announced.append(&mut changed);
                sum = now;
            }
        }
        if rest.is_empty() {
            return Ok(sum);
        }
    }
}

enum Done {
    /// The same request was answered already.
    Before(BulkOutcome),
    /// The outcome so far, and the alerts of this part that changed.
    Now(BulkOutcome, Vec<i64>),
}

fn answer(outcome: &BulkOutcome) -> Result<Answer, RepeatError> {
    let body =
        serde_json::to_string(outcome).map_err(|error| RepeatError::Unusable(error.to_string()))?;
    Ok(Answer {
        status: 200,
        location: None,
        body,
    })
}

/// Changes one part and adds it to the outcome so far; also returns the alerts that changed.
fn change_part(
    tx: &mut Tx<'_>,
    order: &Order,
    ids: &[i64],
    mut sum: BulkOutcome,
) -> Result<(BulkOutcome, Vec<i64>), AlertError> {
    let Order {
        caller,
        now,
        change,
        ticket,
        ..
    } = order;
    sum.matched = sum.matched.saturating_add(ids.len());
    if ids.is_empty() {
        return Ok((sum, Vec::new()));
    }
    let intent = Intent::new(tx, caller, change)?;
    let alerts = sql::lock_all(tx, ids)?;
    sum.failed.extend(missing(ids, &alerts));
    let (mut changed, mut same) = (Vec::new(), Vec::new());
    for before in alerts {
        match intent.apply(&before, *now) {
            Ok(after) if after == before => same.push(before.id),
            Ok(after) => changed.push((before, after)),
            Err(AlertError::Refused(refusal)) => sum.failed.push(Failed {
                id: before.id,
                code: refusal.into(),
                detail: refusal.to_string(),
            }),
            Err(error) => return Err(error),
        }
    }
    sum.failed.sort_by_key(|failed| failed.id);
    let telling = Telling::Change(change.note.as_ref(), ticket.as_ref());
    store_changes(tx, caller, *now, &mut changed, telling)?;
    let said = match &change.note {
        Some(note) if !same.is_empty() => store_note(tx, caller, *now, &same, note)?,
        _ => Vec::new(),
    };
    if let Some(ticket) = ticket.as_ref().filter(|_| !changed.is_empty()) {
        let undo = ticket.undo();
        sum.undo_token = Some(undo.token.clone());
        sum.undo_expires_at = Some(undo.expires_at);
    }
    sum.unchanged = sum
        .unchanged
        .saturating_add(same.len().saturating_sub(said.len()));
    let mut touched = said;
    touched.extend(changed.iter().map(|(_, after)| after.id));
    sum.changed = sum.changed.saturating_add(touched.len());
    Ok((sum, touched))
}

fn missing<'a>(ids: &'a [i64], found: &'a [AlertState]) -> impl Iterator<Item = Failed> + 'a {
    let gone = |id: &&i64| found.binary_search_by_key(*id, |alert| alert.id).is_err();
    ids.iter().filter(gone).map(|&id| Failed {
        id,
        code: FailCode::NotFound,
        detail: AlertError::NotFound(id).to_string(),
    })
}
