//! Medians, and the table at the end.

use serde_json::json;

/// Values of the rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The median alone, where the spread is that of requests and not of rounds.
    pub(crate) fn one(samples: &Self) -> Self {
        Self(vec![samples.median()])
    }

    /// The value below which a part (0 to 1) of all lies.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index between 0 and the last"
        )]
        let at = (last as f64 * part).round() as usize;
        sorted.get(at).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

impl Extend<f64> for Samples {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        self.0.extend(values);
    }
}

/// What is wanted of a figure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
    None,
}

#[derive(Debug)]
struct Line {
    id: &'static str,
    what: String,
    value: f64,
    spread: Option<(f64, f64)>,
    goal: Goal,
}

/// Every figure of the run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
}

impl Report {
    /// Adds the median of a figure, with its lowest and highest round.
    pub(crate) fn add(&mut self, id: &'static str, what: &str, samples: &Samples, goal: Goal) {
        let spread = (samples.0.len() > 1).then(|| (samples.quantile(0.0), samples.quantile(1.0)));
        let line = Line {
            id,
            what: what.to_owned(),
            value: samples.median(),
            spread,
            goal,
        };
        println!("  => {}", line.text());
        self.lines.push(line);
    }

    /// Adds a single figure.
    pub(crate) fn add_one(&mut self, id: &'static str, what: &str, value: f64, goal: Goal) {
        self.add(id, what, &Samples(vec![value]), goal);
    }

    pub(crate) fn print(&self) {
        println!("\nmedians [lowest to highest round]");
        for line in &self.lines {
            println!("{}", line.text());
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        self.lines
            .iter()
            .map(|line| {
                json!({
                    "id": line.id, "what": line.what, "median": line.value,
                    "lowest": line.spread.map(|it| it.0), "highest": line.spread.map(|it| it.1),
                    "goal": line.goal.text(), "met": line.is_met(),
                })
            })
            .collect()
    }
}

impl Goal {
    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!(">= {}", number(least)),
            Self::AtMost(most) => format!("<= {}", number(most)),
            Self::None => String::new(),
        }
    }
}

impl Line {
    fn is_met(&self) -> Option<bool> {
        match self.goal {
            Goal::AtLeast(least) => Some(self.value >= least),
            Goal::AtMost(most) => Some(self.value <= most),
            Goal::None => None,
        }
    }

    fn text(&self) -> String {
        let spread = self.spread.map_or_else(String::new, |(low, high)| {
            format!("[{} to {}]", number(low), number(high))
        });
        let verdict = match self.is_met() {
            Some(true) => "met",
            Some(false) => "missed",
            None => "",
        };
        let Self {
            id,
            what,
            value,
            goal,
            ..
        } = self;
        let goal = goal.text();
        format!(
            "{id:4} {what:66} {:>9} {spread:22} {goal:9} {verdict}",
            number(*value)
        )
    }
}

fn number(value: f64) -> String {
    if value.abs() >= 1_000.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}
