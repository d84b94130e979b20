//! How many alerts there are, from the kept counts alone.

use base::Severity;
use serde::Serialize;
use store::Tx;

use super::error::AlertError;
use super::model::AlertStatus;
use super::sql::{self, Tally};
use crate::app::App;

/// How many alerts there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AlertStats {
    /// OPEN or ACKNOWLEDGED.
    #[schema(example = 12)]
    pub unresolved: i64,
    /// OPEN ones of each severity.
    pub open_by_severity: BySeverity,
    /// All of each status.
    pub by_status: ByStatus,
}

/// A number for each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub struct BySeverity {
    /// CRITICAL.
    pub critical: i64,
    /// HIGH.
    pub high: i64,
    /// MEDIUM.
    pub medium: i64,
    /// LOW.
    pub low: i64,
    /// INFO.
    pub info: i64,
}

/// A number for each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub struct ByStatus {
    /// OPEN.
    pub open: i64,
    /// ACKNOWLEDGED.
    pub acknowledged: i64,
    /// RESOLVED.
    pub resolved: i64,
}

/// How many alerts there are.
///
/// # Errors
/// The database's fault.
pub async fn stats(app: &App) -> Result<AlertStats, AlertError> {
    app.store.read(stats_in).await
}

/// The same within a transaction.
pub(crate) fn stats_in(tx: &mut Tx<'_>) -> Result<AlertStats, AlertError> {
    let counts = sql::counts(tx)?;
    let open = |severity| of(&counts, AlertStatus::Open, severity);
    let all = |status| Severity::ALL.map(|it| of(&counts, status, it)).iter().sum();
    let by_status = ByStatus {
        open: all(AlertStatus::Open),
        acknowledged: all(AlertStatus::Acknowledged),
        resolved: all(AlertStatus::Resolved),
    };
    Ok(AlertStats {
        unresolved: by_status.open.saturating_add(by_status.acknowledged),
        open_by_severity: BySeverity {
            critical: open(Severity::Critical),
            high: open(Severity::High),
            medium: open(Severity::Medium),
            low: open(Severity::Low),
            info: open(Severity::Info),
        },
        by_status,
    })
}

fn of(counts: &Tally, status: AlertStatus, severity: Severity) -> i64 {
    counts.get(&(status, severity)).copied().unwrap_or(0)
}
