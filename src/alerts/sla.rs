//! Due times: how soon an alert is to be acknowledged and resolved.

use base::{Severity, Timestamp};

use super::model::AlertState;
use crate::config::{Settings, Sla};

/// What the operator allows for a severity.
const fn allowed(settings: &Settings, severity: Severity) -> Sla {
    match severity {
        Severity::Critical => settings.sla_critical,
        Severity::High => settings.sla_high,
        Severity::Medium => settings.sla_medium,
        Severity::Low | Severity::Info => settings.sla_low,
    }
}

/// When an alert raised at a time is to be acknowledged, and to be resolved, at the latest.
#[must_use]
pub fn due(
    settings: &Settings,
    severity: Severity,
    raised_at: Timestamp,
) -> (Timestamp, Timestamp) {
    let sla = allowed(settings, severity);
    (raised_at.plus(sla.acknowledge), raised_at.plus(sla.resolve))
}

/// Whether a due time was missed: not met and past, or met late.
///
/// Resolving an alert nobody had acknowledged counts as acknowledging it.
#[must_use]
pub fn is_breached(alert: &AlertState, now: Timestamp) -> bool {
    let acknowledged = alert.acknowledged_at.or(alert.resolved_at).unwrap_or(now);
    let resolved = alert.resolved_at.unwrap_or(now);
    acknowledged > alert.ack_due_at || resolved > alert.resolve_due_at
}

#[cfg(test)]
mod tests {
    use super::super::lifecycle::tests::open_alert;
    use super::*;

    const fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    /// Due at 100 and 200; acknowledged, resolved, now, and whether that is a breach.
    #[test]
    fn a_due_time_is_missed_when_past_and_unmet_or_met_late() {
        for (acknowledged, resolved, now, breached) in [
            (None, None, 100, false),
            (None, None, 101, true),
            (Some(100), None, 200, false),
            (Some(100), None, 201, true),
            (Some(101), None, 150, true),
            (Some(100), Some(200), 999, false),
            (Some(100), Some(201), 999, true),
            (None, Some(100), 999, false),
            (None, Some(101), 999, true),
        ] {
            let alert = AlertState {
                acknowledged_at: acknowledged.map(at),
                resolved_at: resolved.map(at),
                ack_due_at: at(100),
                resolve_due_at: at(200),
                ..open_alert()
            };
            assert_eq!(is_breached(&alert, at(now)), breached, "{alert:?} at {now}");
        }
    }
}
