//! What the people on duty did about the alerts of the story.

use std::time::Duration;

use base::{Severity, Timestamp};

use super::random::Random;
use crate::alerts::{AlertStatus, Resolution};

/// A step somebody took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// When.
    pub at: Timestamp,
    /// What the alert became.
    pub status: AlertStatus,
    /// Why, when it was resolved.
    pub resolution: Option<Resolution>,
}

/// The seed of the people differs from the story's, so that they do not change what happens.
const DUTY: u64 = 0x0d07;

/// What people are like on a day: the same for the same seed.
#[derive(Debug)]
pub struct Duty {
    random: Random,
    now: Timestamp,
}

impl Duty {
    /// Those on duty until now.
    #[must_use]
    pub const fn new(now: Timestamp, seed: u64) -> Self {
        Self {
            random: Random::new(seed ^ DUTY),
            now,
        }
    }

    /// What was done about an alert until now, in order: nothing, or acknowledged, or that and
    /// resolved. Of the last hours more is open, and one in six is forgotten half way.
    pub fn responses(&mut self, raised_at: Timestamp, severity: Severity) -> Vec<Response> {
        let hours_ago = self.now.since(raised_at).as_secs() / 3_600;
        let (soonest, latest) = match severity {
            Severity::Critical => (2, 16),
            Severity::High | Severity::Medium | Severity::Low | Severity::Info => (6, 75),
        };
        let acknowledged_at = self.later(raised_at, soonest, latest);
        let resolved_at = self.later(acknowledged_at, 15, 260);
        let (seen, done) = match hours_ago {
            0..4 => (1, 0),
            4..20 => (4, 2),
            _ => (6, 5),
        };
        let resolution = self.resolution();
        let drawn = self.random.below(6);
        let mut responses = Vec::new();
        if drawn < seen {
            responses.push(Response {
                at: acknowledged_at,
                status: AlertStatus::Acknowledged,
                resolution: None,
            });
        }
        if drawn < done {
            responses.push(Response {
                at: resolved_at,
                status: AlertStatus::Resolved,
                resolution: Some(resolution),
            });
        }
        responses.retain(|response| response.at < self.now);
        responses
    }

    /// A time so many minutes later at least, and before so many.
    fn later(&mut self, at: Timestamp, soonest: u64, latest: u64) -> Timestamp {
        let range = latest.saturating_sub(soonest).saturating_mul(60_000);
        let minutes = Duration::from_millis(soonest.saturating_mul(60_000));
        at.plus(minutes)
            .plus(Duration::from_millis(self.random.below(range)))
    }

    fn resolution(&mut self) -> Resolution {
        match self.random.below(8) {
            0 => Resolution::Duplicate,
            1 => Resolution::BenignPositive,
            2 => Resolution::FalsePositive,
            _ => Resolution::TruePositive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_alerts_are_mostly_done_and_new_ones_mostly_open() {
        let now = Timestamp::parse("2026-03-14T09:26:53Z").unwrap();
        let mut duty = Duty::new(now, 1);
        let mut resolved = |hours| {
            let raised_at = now.minus(Duration::from_hours(hours));
            let all: Vec<_> = (0..200)
                .map(|_| duty.responses(raised_at, Severity::High))
                .collect();
            for steps in &all {
                assert!(steps.len() <= 2 && steps.is_sorted_by_key(|step| step.at));
                assert!(steps.iter().all(|it| raised_at < it.at && it.at < now));
                let statuses = [AlertStatus::Acknowledged, AlertStatus::Resolved];
                assert!(
                    steps
                        .iter()
                        .map(|it| it.status)
                        .eq(statuses.into_iter().take(steps.len()))
                );
            }
            all.iter().filter(|steps| steps.len() == 2).count()
        };
        assert_eq!(resolved(1), 0);
        assert!((20..120).contains(&resolved(10)));
        assert!((140..200).contains(&resolved(40)));
        let same = |seed| {
            Duty::new(now, seed).responses(now.minus(Duration::from_hours(30)), Severity::Critical)
        };
        assert_eq!(same(5), same(5));
    }
}
