//! The time that is looked at, by its name in the address.

use crate::dashboard::address::Address;

/// How far back: the last so many whole hours and the one that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    Hour,
    Day,
    Week,
    Month,
}

/// A line of the select.
pub(super) struct Choice {
    pub(super) word: &'static str,
    pub(super) label: &'static str,
    pub(super) chosen: bool,
}

const ALL: [Span; 4] = [Span::Hour, Span::Day, Span::Week, Span::Month];

impl Span {
    /// What the address names, else what the viewer prefers, else a day.
    pub(super) fn asked(word: Option<&str>, preferred: &str) -> Self {
        let named = |word: &str| ALL.into_iter().find(|span| span.word() == word);
        word.and_then(named)
            .or_else(|| named(preferred))
            .unwrap_or(Self::Day)
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    pub(super) const fn hours(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 168,
            Self::Month => 720,
        }
    }

    /// In words, after `the last`.
    pub(super) const fn said(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Hour => "Last hour",
            Self::Day => "Last 24 hours",
            Self::Week => "Last 7 days",
            Self::Month => "Last 30 days",
        }
    }

    /// Seconds between the marks of the chart's time axis.
    pub(super) const fn mark_seconds(self) -> i64 {
        match self {
            Self::Hour => 1_800,
            Self::Day => 21_600,
            Self::Week => 86_400,
            Self::Month => 432_000,
        }
    }

    /// Whether the marks are days, not times of day.
    pub(super) const fn marks_days(self) -> bool {
        matches!(self, Self::Week | Self::Month)
    }

    /// The page with this range.
    pub(super) fn address(self) -> String {
        Address::new("/").with("range", self.word()).to_string()
    }

    pub(super) fn choices(self) -> Vec<Choice> {
        let choice = |span: Self| Choice {
            word: span.word(),
            label: span.label(),
            chosen: span == self,
        };
        ALL.into_iter().map(choice).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_goes_before_the_preference() {
        assert_eq!(Span::asked(Some("7d"), "30d"), Span::Week);
        assert_eq!(Span::asked(None, "30d"), Span::Month);
        assert_eq!(Span::asked(Some("2h"), "12h"), Span::Day);
    }
}
