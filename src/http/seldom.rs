//! Log lines that anybody may cause: seldom written, and the others counted.

use std::time::Duration;

use tokio::time::Instant;

/// Lets one log line of a kind through in a span.
#[derive(Debug)]
pub(crate) struct Seldom {
    every: Duration,
    last: Option<Instant>,
    held: u64,
}

impl Seldom {
    /// One line in each span of this length.
    pub(crate) const fn every(span: Duration) -> Self {
        Self {
            every: span,
            last: None,
            held: 0,
        }
    }

    /// How many lines were held back, if one may be written now.
    pub(crate) fn due(&mut self) -> Option<u64> {
        if self.last.is_some_and(|last| last.elapsed() < self.every) {
            self.held = self.held.saturating_add(1);
            return None;
        }
        self.last = Some(Instant::now());
        Some(std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lines_of_a_kind_are_held_back_and_counted() {
        let span = Duration::from_secs(10);
        let mut seldom = Seldom::every(span);
        assert_eq!(seldom.due(), Some(0));
        assert_eq!((seldom.due(), seldom.due()), (None, None));
        tokio::time::advance(span).await;
        assert_eq!(seldom.due(), Some(2));
    }
}
