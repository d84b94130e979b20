//! The events over time as a picture: bars by severity, each a link into its stretch of time.
//!
//! Widths are shares of the picture and heights are pixels, so that it fits any page without
//! being distorted.

use std::fmt::Write as _;

use base::{Severity, Timestamp};

use super::range;
use crate::dashboard::address::Address;
use crate::dashboard::format;
use crate::events::{Bucket, Histogram, SeverityCounts};
use crate::search::Query;

/// Most bars.
pub(super) const BARS: u32 = 60;
/// Height of the highest bar, in pixels.
const HEIGHT: i64 = 88;
/// Where the ground of the bars is, in pixels from above.
const GROUND: i64 = 96;
/// Least height of a part that is not empty, in pixels: one event among thousands is seen.
const PART_MIN: i64 = 2;
/// Most times written below.
const TICKS_MAX: i64 = 7;
/// Distances of the times written below, in seconds.
const STEPS: [i64; 22] = [
    1, 5, 10, 30, 60, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 43_200, 86_400,
    172_800, 432_000, 864_000, 2_592_000, 7_776_000, 31_536_000,
];
const DAY: i64 = 86_400;

/// The picture.
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    pub(super) ticks: Vec<Tick>,
    /// What the highest line stands for, and the one in the middle.
    pub(super) top: i64,
    pub(super) middle: Option<i64>,
    pub(super) total: i64,
    /// Severities there are, worst first.
    pub(super) legend: Vec<(Severity, i64)>,
    /// How long a bar is.
    pub(super) each: String,
    /// `from 2026-11-20 17:00:00 UTC to 2026-11-20 18:00:00 UTC`.
    pub(super) label: String,
    /// Until where nothing was counted, and how wide that is.
    pub(super) uncounted: Option<(Timestamp, String)>,
    pub(super) zoom_out: String,
}

/// A bar.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
    /// The same with the gap behind it: what can be pointed at.
    pub(super) reach: String,
    pub(super) parts: Vec<Part>,
    pub(super) href: String,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) count: i64,
    pub(super) by_severity: Vec<(Severity, i64)>,
    /// `3 CRITICAL, 2 LOW`; empty for an empty bar.
    pub(super) said: String,
    /// Its time and what it holds.
    pub(super) label: String,
}

impl Bar {
    /// How many of a severity it holds.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates hand references on"
    )]
    pub(super) fn of(&self, severity: &Severity) -> i64 {
        let mut parts = self.by_severity.iter();
        let found = parts.find(|(it, _)| it == severity);
        found.map_or(0, |(_, count)| *count)
    }
}

/// The events of one severity in a bar.
pub(super) struct Part {
    pub(super) class: String,
    pub(super) y: i64,
    pub(super) height: i64,
}

/// A time below the picture.
pub(super) struct Tick {
    pub(super) x: String,
    pub(super) at: Timestamp,
    pub(super) text: String,
    /// Every other one goes where there is little room.
    pub(super) optional: bool,
}

/// Draws what was counted.
pub(super) fn draw(found: &Histogram, query: &Query, here: &Address, now: Timestamp) -> Chart {
    let n = i64::try_from(found.buckets.len()).unwrap_or(1).max(1);
    let highest = found.buckets.iter().map(|it| it.count).max().unwrap_or(0);
    let top = round_up(highest);
    let scale = Scale {
        n,
        top,
        seconds: found.bucket_seconds.max(1),
    };
    let first = found.buckets.first().map_or(found.from, |it| it.from);
    let bars = found.buckets.iter().enumerate();
    let bars: Vec<Bar> = bars
        .map(|(place, bucket)| {
            let range = stretch(found, bucket, scale.seconds);
            let search = range::between(query, range.0, Some(range.1));
            scale.bar(place, bucket, range, here.with("q", search).to_string())
        })
        .collect();
    let sums = found.buckets.iter().fold([0_i64; 5], |sums, bucket| {
        let counts = counts(&bucket.by_severity).map(|(_, count)| count);
        std::array::from_fn(|n| {
            let of = |list: &[i64; 5]| list.get(n).copied().unwrap_or(0);
            of(&sums).saturating_add(of(&counts))
        })
    });
    let legend = counts(&SeverityCounts::default()).into_iter().zip(sums);
    Chart {
        ticks: scale.ticks(first),
        total: found.buckets.iter().map(|it| it.count).sum(),
        legend: legend
            .map(|((severity, _), sum)| (severity, sum))
            .filter(|(_, sum)| *sum > 0)
            .collect(),
        middle: (top > 1).then_some(top / 2),
        each: length(scale.seconds),
        label: format!("from {}", span(found.from, found.to)),
        uncounted: found
            .searched_from
            .map(|at| (at, scale.share(at.seconds() - first.seconds()))),
        zoom_out: here.with("q", range::wider(query, found, now)).to_string(),
        bars,
        top,
    }
}

/// A stretch of time in words.
fn span(from: Timestamp, to: Timestamp) -> String {
    format!("{} to {}", format::instant(from), format::instant(to))
}

/// How long a bar is, in words.
fn length(seconds: i64) -> String {
    if seconds >= DAY {
        let days = seconds / DAY;
        return format!("{days} {}", if days == 1 { "day" } else { "days" });
    }
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    format::duration(f64::from(seconds))
}

/// Where a bar begins and ends: within the range, but for its end, which may lie ahead of now.
fn stretch(found: &Histogram, bucket: &Bucket, seconds: i64) -> (Timestamp, Timestamp) {
    let micros = seconds.saturating_mul(1_000_000);
    let end = Timestamp::from_micros(bucket.from.micros().saturating_add(micros));
    (bucket.from.max(found.from), end)
}

/// Worst first, as the parts of a bar stand from its ground up.
const fn counts(counts: &SeverityCounts) -> [(Severity, i64); 5] {
    [
        (Severity::Critical, counts.critical),
        (Severity::High, counts.high),
        (Severity::Medium, counts.medium),
        (Severity::Low, counts.low),
        (Severity::Info, counts.info),
    ]
}

/// The next number that reads well on an axis and can be halved, but for 1.
fn round_up(highest: i64) -> i64 {
    let mut unit = 1_i64;
    while unit.saturating_mul(10) < highest {
        unit = unit.saturating_mul(10);
    }
    let steps = [1, 2, 4, 6, 8, 10];
    let found = steps.iter().map(|step| unit.saturating_mul(*step));
    found
        .into_iter()
        .find(|it| *it >= highest)
        .unwrap_or(highest)
}

#[derive(Clone, Copy)]
struct Scale {
    /// Bars.
    n: i64,
    top: i64,
    /// Seconds of a bar.
    seconds: i64,
}

impl Scale {
    /// So many seconds as a share of the width.
    fn share(&self, seconds: i64) -> String {
        let whole = self.n.saturating_mul(self.seconds).max(1);
        percent(seconds.saturating_mul(100_000) / whole)
    }

    fn bar(
        &self,
        place: usize,
        bucket: &Bucket,
        (from, to): (Timestamp, Timestamp),
        href: String,
    ) -> Bar {
        let place = i64::try_from(place).unwrap_or(0);
        let reach = 100_000 / self.n;
        let by_severity: Vec<_> = counts(&bucket.by_severity)
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        let said: Vec<String> = by_severity
            .iter()
            .map(|(severity, count)| format!("{count} {}", severity.word()))
            .collect();
        let said = said.join(", ");
        let mut label = format!("{}: {} events", span(from, to), bucket.count);
        if !said.is_empty() {
            let _fits = write!(label, ", {said}");
        }
        Bar {
            x: percent(place.saturating_mul(100_000) / self.n),
            // A gap of an eighth sets bars apart.
            width: percent(reach.saturating_mul(7) / 8),
            reach: percent(reach),
            parts: self.parts(&by_severity),
            said,
            label,
            count: bucket.count,
            by_severity,
            href,
            from,
            to,
        }
    }

    fn parts(&self, by_severity: &[(Severity, i64)]) -> Vec<Part> {
        let mut ground = GROUND;
        let parts = by_severity.iter().map(|(severity, count)| {
            let height = count.saturating_mul(HEIGHT) / self.top.max(1);
            // The smallest parts are drawn higher than they are; never beyond the picture.
            let height = height.max(PART_MIN).min(ground);
            ground -= height;
            Part {
                class: severity.word().to_ascii_lowercase(),
                y: ground,
                height,
            }
        });
        parts.collect()
    }

    /// The times written below, none too near to the edges.
    fn ticks(&self, first: Timestamp) -> Vec<Tick> {
        let whole = self.n.saturating_mul(self.seconds);
        let step = STEPS.into_iter().find(|step| whole / step <= TICKS_MAX);
        let step = step.unwrap_or(whole).max(1);
        let first = first.seconds();
        let begin = first.div_euclid(step).saturating_add(1);
        let ticks = (begin..).map(|n| n.saturating_mul(step));
        let ticks = ticks.take_while(|at| *at < first.saturating_add(whole));
        ticks
            .filter(|at| {
                let share = (at - first).saturating_mul(1_000) / whole.max(1);
                (20..=980).contains(&share)
            })
            .enumerate()
            .map(|(n, at)| {
                let moment = Timestamp::from_micros(at.saturating_mul(1_000_000));
                Tick {
                    x: self.share(at - first),
                    text: tick(moment, step),
                    at: moment,
                    optional: n % 2 == 1,
                }
            })
            .collect()
    }
}

/// Thousandths of a percent as a length.
fn percent(thousandths: i64) -> String {
    format!("{}.{:03}%", thousandths / 1_000, thousandths % 1_000)
}

/// A time below the picture, in UTC: the day where a day begins, else the time of day.
fn tick(at: Timestamp, step: i64) -> String {
    let text = at.to_string();
    let part = |from, to| text.get(from..to).unwrap_or_default();
    if at.seconds() % DAY == 0 {
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let month = part(5, 7).parse::<usize>().unwrap_or(1).saturating_sub(1);
        let name = months.get(month).copied().unwrap_or_default();
        return format!("{} {name}", part(8, 10).trim_start_matches('0'));
    }
    part(11, if step < 60 { 19 } else { 16 }).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn histogram(counts: &[i64]) -> Histogram {
        let from = time("2026-11-20T17:00:00Z");
        let bucket = |(n, count): (usize, &i64)| Bucket {
            from: Timestamp::from_micros(from.micros() + i64::try_from(n).unwrap() * 60_000_000),
            count: *count,
            by_severity: SeverityCounts {
                critical: i64::from(*count > 0),
                low: (*count - 1).max(0),
                ..SeverityCounts::default()
            },
        };
        Histogram {
            from,
            to: Timestamp::from_micros(
                from.micros() + i64::try_from(counts.len()).unwrap() * 60_000_000,
            ),
            bucket_seconds: 60,
            buckets: counts.iter().enumerate().map(bucket).collect(),
            exact: true,
            looked_at: 0,
            searched_from: None,
        }
    }

    fn drawn(counts: &[i64]) -> Chart {
        let query = Query::parse("severity:LOW from:24h").unwrap();
        let now = time("2026-11-21T00:00:00Z");
        draw(&histogram(counts), &query, &Address::new("/events"), now)
    }

    #[test]
    fn axes_end_at_numbers_that_read_well() {
        for (highest, top) in [
            (0, 1),
            (1, 1),
            (3, 4),
            (5, 6),
            (10, 10),
            (11, 20),
            (734, 800),
        ] {
            assert_eq!(round_up(highest), top, "{highest}");
        }
    }

    #[test]
    fn one_event_among_thousands_is_seen_and_nothing_leaves_the_picture() {
        let chart = drawn(&[5_000, 0, 8_000]);
        let first = &chart.bars[0].parts;
        assert_eq!(
            (first[0].class.as_str(), first[0].height),
            ("critical", PART_MIN)
        );
        assert_eq!(first[0].y + first[0].height, GROUND);
        assert!(chart.bars[1].parts.is_empty());
        for part in chart.bars.iter().flat_map(|bar| &bar.parts) {
            assert!(part.y >= 0 && part.height >= PART_MIN);
        }
        assert_eq!(chart.total, 13_000);
        assert_eq!(
            chart.legend,
            [(Severity::Critical, 2), (Severity::Low, 12_998)]
        );
    }

    #[test]
    fn a_bar_leads_into_its_time_with_the_rest_of_the_search() {
        let chart = drawn(&[1, 2, 3]);
        assert_eq!(
            chart.bars[1].href,
            "/events?q=severity%3ALOW+from%3A2026-11-20T17%3A01%3A00Z+to%3A2026-11-20T17%3A02%3A00Z"
        );
        assert_eq!(chart.bars[1].said, "1 CRITICAL, 1 LOW");
        assert_eq!(
            (chart.bars[1].x.as_str(), chart.bars[1].reach.as_str()),
            ("33.333%", "33.333%")
        );
        assert!(
            chart
                .zoom_out
                .contains("16%3A58%3A30Z+to%3A2026-11-20T17%3A04%3A30Z"),
            "{}",
            chart.zoom_out
        );
    }

    #[test]
    fn a_few_times_stand_below() {
        let chart = drawn(&[0; 60]);
        let texts: Vec<_> = chart.ticks.iter().map(|tick| tick.text.as_str()).collect();
        assert_eq!(texts, ["17:10", "17:20", "17:30", "17:40", "17:50"]);
        assert_eq!(tick(time("2026-11-05T00:00:00Z"), 3_600), "5 Nov");
        assert_eq!(tick(time("2026-11-05T00:00:05Z"), 5), "00:00:05");
    }
}
