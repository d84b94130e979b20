//! Where events and alerts come from: dots on a map, and the table they are drawn from.

use super::{counted, links};
use crate::dashboard::map;
use crate::overview::{OriginFigures, Overview, Tally};

/// Radius of the smallest and the largest dot, in units of the map.
const RADIUS: (f64, f64) = (6.0, 26.0);

/// Events from which on a country may have the largest dot.
const MANY: f64 = 25.0;

/// The map and its table.
pub(super) struct Origins {
    /// The largest first, so that no dot hides another.
    pub(super) dots: Vec<Dot>,
    pub(super) rows: Vec<Row>,
    pub(super) private: Tally,
    pub(super) unknown: Tally,
    /// The events that have no country.
    pub(super) nowhere: String,
    /// What is said of the map.
    pub(super) label: String,
}

/// A country on the map.
pub(super) struct Dot {
    pub(super) code: String,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) radius: String,
    /// Whether alerts come from there.
    pub(super) alerts: bool,
    /// Its name and numbers.
    pub(super) said: String,
}

/// A country of the table.
pub(super) struct Row {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) tally: Tally,
    pub(super) events_href: String,
    pub(super) alerts_href: String,
}

/// The origins of the figures.
pub(super) fn origins(found: &Overview, from: &str) -> Origins {
    let most = found
        .origins
        .iter()
        .map(|it| it.tally.events.max(it.tally.alerts));
    let most = most.max().unwrap_or(0);
    let mut dots: Vec<Dot> = found
        .origins
        .iter()
        .filter_map(|it| dot(it, most))
        .collect();
    dots.sort_by(|a, b| {
        b.radius
            .len()
            .cmp(&a.radius.len())
            .then(b.radius.cmp(&a.radius))
    });
    Origins {
        dots,
        rows: found.origins.iter().map(|it| row(it, from)).collect(),
        private: found.origin_private,
        unknown: found.origin_unknown,
        nowhere: links::events(&[("country", "none"), ("from", from)]).to_string(),
        label: label(&found.origins),
    }
}

fn label(all: &[OriginFigures]) -> String {
    let first = all.iter().take(3);
    let named: Vec<String> = first.map(said).collect();
    match all.len() {
        0 => "World map without any origin".to_owned(),
        1 => format!("World map with 1 country: {}", named.join("; ")),
        n => format!("World map with {n} countries, first {}", named.join("; ")),
    }
}

/// `Brazil: 5 120 events, 31 alerts`.
fn said(it: &OriginFigures) -> String {
    let Tally { events, alerts } = it.tally;
    let (events, alerts) = (counted(events, "event"), counted(alerts, "alert"));
    format!("{}: {events}, {alerts}", it.name)
}

fn dot(it: &OriginFigures, most: i64) -> Option<Dot> {
    let (x, y) = map::project(it.latitude?, it.longitude?);
    let number = |n: i64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    let share = number(it.tally.events.max(it.tally.alerts)) / number(most.max(1));
    // The area, not the radius, stands for the number.
    // Where there is little of anything, nothing is large.
    let largest = (number(most) / MANY).min(1.0);
    let radius = RADIUS.0 + (RADIUS.1 - RADIUS.0) * largest * share.max(0.0).sqrt();
    Some(Dot {
        code: it.country.clone(),
        x: format!("{x:.0}"),
        y: format!("{y:.0}"),
        radius: format!("{radius:.1}"),
        alerts: it.tally.alerts > 0,
        said: said(it),
    })
}

fn row(it: &OriginFigures, from: &str) -> Row {
    let terms = [("country", it.country.as_str()), ("from", from)];
    Row {
        code: it.country.clone(),
        name: it.name.clone(),
        tally: it.tally,
        events_href: links::events(&terms).to_string(),
        alerts_href: links::alerts(&terms).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(country: &str, events: i64, alerts: i64, place: Option<f64>) -> OriginFigures {
        OriginFigures {
            country: country.to_owned(),
            name: country.to_owned(),
            latitude: place,
            longitude: place,
            tally: Tally { events, alerts },
        }
    }

    #[test]
    fn dots_grow_with_the_number_and_need_a_place() {
        let many = dot(&from("BR", 400, 2, Some(1.0)), 400).unwrap();
        let few = dot(&from("DE", 100, 0, Some(1.0)), 400).unwrap();
        assert_eq!(
            (many.radius.as_str(), few.radius.as_str()),
            ("26.0", "16.0")
        );
        assert!(many.alerts && !few.alerts);
        assert!(dot(&from("XK", 9, 0, None), 400).is_none());
        assert_eq!(many.said, "BR: 400 events, 2 alerts");
    }
}
