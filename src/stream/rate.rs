//! How fast events come in.

use std::collections::VecDeque;
use std::time::Duration;

use base::Timestamp;

/// The span over which the rate is taken.
const WINDOW: Duration = Duration::from_secs(5);

/// A counter's readings over the last seconds.
#[derive(Debug, Default)]
pub(super) struct Rate(VecDeque<(Timestamp, u64)>);

impl Rate {
    /// Takes a reading; returns how much the counter rose per second over the last 5 to 7
    /// seconds, or since the first reading, to one decimal.
    pub(super) fn read(&mut self, now: Timestamp, total: u64) -> f64 {
        self.0.push_back((now, total));
        // One reading older than the window stays, so that the window is always covered.
        while self
            .0
            .get(1)
            .is_some_and(|(at, _)| now.since(*at) >= WINDOW)
        {
            self.0.pop_front();
        }
        let Some(&(began, first)) = self.0.front() else {
            return 0.0;
        };
        let seconds = now.since(began).as_secs_f64();
        if seconds <= 0.0 {
            return 0.0;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a few seconds of events are far below 2^52"
        )]
        let risen = total.saturating_sub(first) as f64;
        (risen / seconds * 10.0).round() / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_follows_and_falls_back_to_nothing() {
        let mut rate = Rate::default();
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        for (seconds, total, expected) in [
            (0, 1_000, "0.0"),
            (2, 1_200, "100.0"),
            (4, 1_400, "100.0"),
            (6, 1_400, "66.7"),
            (8, 1_400, "33.3"),
            (10, 1_400, "0.0"),
        ] {
            let found = format!("{:.1}", rate.read(at(seconds), total));
            assert_eq!(found, expected, "after {seconds} s");
        }
        assert!(rate.0.len() <= 5, "{}", rate.0.len());
    }
}
