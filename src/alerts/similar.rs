//! Alerts like another one, and how those were closed.

use std::collections::BTreeMap;

use base::Timestamp;
use serde::Serialize;
use store::{StoreError, Tx};

use super::error::AlertError;
use super::fingerprint::fingerprint;
use super::model::{Alert, AlertStatus, Resolution};
use super::sql::{self, Shared, Traits};
use crate::app::App;

/// Most alerts told of.
const RESULTS_MAX: usize = 20;
/// How the candidates are found, and how many of each: 500 in all.
const WAYS: [(Shared, i64); 4] = [
    (Shared::SourceAndType, 150),
    (Shared::SourceAndTypeLately, 150),
    (Shared::Address, 100),
    (Shared::Type, 100),
];
/// The word for a resolution that was not given.
const NOT_SAID: &str = "NONE";

/// An alert like the one asked for.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SimilarAlert {
    /// The alert, with how it was closed.
    pub alert: Alert,
    /// How alike: 50 for source and type, 30 for the text, 20 for the address.
    #[schema(example = 80, minimum = 20, maximum = 100)]
    pub score: u8,
    /// What they share: `same source and type`, `same text`, `same address`.
    #[schema(value_type = Vec<String>, example = json!(["same source and type", "same text"]))]
    pub why: Vec<&'static str>,
}

/// Alerts like one, and how they were closed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Similar {
    /// The most alike first, then the newest; at most 20.
    pub results: Vec<SimilarAlert>,
    /// How many of all that were found are resolved, by resolution; `NONE` without one.
    #[schema(value_type = BTreeMap<String, i64>, example = json!({"FALSE_POSITIVE": 12}))]
    pub closed: BTreeMap<&'static str, i64>,
    /// How many were found.
    #[schema(example = 14)]
    pub total: usize,
}

/// Finds alerts like one: same source and type, same text but for numbers and addresses, same
/// address.
///
/// At most 500 candidates are compared: the newest among the source's newest 2,000 events and
/// among the newest 10,000 alerts.
///
/// # Errors
/// [`AlertError::NotFound`].
pub async fn similar(app: &App, id: i64) -> Result<Similar, AlertError> {
    let now = app.clock.now();
    app.store.read(move |tx| similar_in(tx, now, id)).await
}

/// The same within a transaction.
pub(super) fn similar_in(tx: &mut Tx<'_>, now: Timestamp, id: i64) -> Result<Similar, AlertError> {
    let alert = sql::traits(tx, id)?.ok_or(AlertError::NotFound(id))?;
    let text = fingerprint(&alert.title);
    let mut alike: Vec<(u8, Vec<&'static str>, Traits)> = candidates(tx, &alert)?
        .into_iter()
        .filter_map(|other| {
            let (score, why) = compare(&alert, &text, &other);
            (score > 0).then_some((score, why, other))
        })
        .collect();
    alike.sort_by_key(|(score, _, it)| std::cmp::Reverse((*score, it.created_at, it.id)));
    let mut closed = BTreeMap::new();
    for (.., it) in &alike {
        if it.status == AlertStatus::Resolved {
            let n: &mut i64 = closed
                .entry(it.resolution.map_or(NOT_SAID, Resolution::word))
                .or_default();
            *n = n.saturating_add(1);
        }
    }
    let total = alike.len();
    alike.truncate(RESULTS_MAX);
    let ids: Vec<i64> = alike.iter().map(|(.., it)| it.id).collect();
    let alerts = sql::read_all(tx, &ids, now)?;
    let mut why: BTreeMap<i64, (u8, Vec<&'static str>)> = alike
        .into_iter()
        .map(|(score, why, it)| (it.id, (score, why)))
        .collect();
    let results = alerts.into_iter().filter_map(|alert| {
        let (score, why) = why.remove(&alert.state.id)?;
        Some(SimilarAlert { alert, score, why })
    });
    Ok(Similar {
        results: results.collect(),
        closed,
        total,
    })
}

/// Alerts worth comparing, each once.
fn candidates(tx: &mut Tx<'_>, alert: &Traits) -> Result<Vec<Traits>, StoreError> {
    let mut found = BTreeMap::new();
    for (shared, limit) in WAYS {
        for other in sql::sharing(tx, shared, alert, limit)? {
            found.insert(other.id, other);
        }
    }
    Ok(found.into_values().collect())
}

/// How alike two alerts are, and why.
fn compare(alert: &Traits, text: &str, other: &Traits) -> (u8, Vec<&'static str>) {
    let checks = [
        (
            alert.source == other.source && alert.event_type == other.event_type,
            50,
            "same source and type",
        ),
        (fingerprint(&other.title) == text, 30, "same text"),
        (
            alert.ip_address.is_some() && alert.ip_address == other.ip_address,
            20,
            "same address",
        ),
    ];
    let mut score: u8 = 0;
    let mut why = Vec::new();
    for (holds, points, reason) in checks {
        if holds {
            score = score.saturating_add(points);
            why.push(reason);
        }
    }
    (score, why)
}
