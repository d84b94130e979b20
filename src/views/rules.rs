//! What the parts of a view may be.

use base::Timestamp;

use super::error::ViewError;
use super::model::{View, ViewPage};
use crate::alerts::{AlertFilter, Ordering};
use crate::events::EventFilter;
use crate::http::{FieldErrors, Params};
use crate::search::{Mistake, Query};

/// Longest name, in characters.
const NAME_MAX: usize = 80;
/// Longest query, in characters.
const QUERY_MAX: usize = 2_000;
/// Most columns.
const COLUMNS_MAX: usize = 30;
/// Longest name of a column, and longest order or grouping, in characters.
const WORD_MAX: usize = 80;

/// Checks what people write of a view, and tidies its name.
pub(super) fn check(view: &mut View) -> Result<(), ViewError> {
    let mut faults = FieldErrors::new();
    let mut note = |field: &str, what: String| {
        faults.entry(field.to_owned()).or_default().push(what);
    };
    view.name = view.name.trim().to_owned();
    if !(1..=NAME_MAX).contains(&view.name.chars().count()) {
        note("name", format!("must have 1 to {NAME_MAX} characters"));
    }
    if view.name.chars().any(char::is_control) {
        note("name", "must not contain control characters".to_owned());
    }
    for what in query_faults(view.page, &view.query) {
        note("query", what);
    }
    if view.columns.len() > COLUMNS_MAX {
        note("columns", format!("at most {COLUMNS_MAX}"));
    }
    if !view.columns.iter().all(|it| is_word(it, "_.")) {
        let what = "each must be the name of a column: lower-case letters, digits, _ and .";
        note("columns", what.to_owned());
    }
    let mut columns = view.columns.clone();
    columns.sort_unstable();
    columns.dedup();
    if columns.len() < view.columns.len() {
        note("columns", "each can be given once".to_owned());
    }
    if let Some(what) = view.sort.as_ref().and_then(|it| sort_fault(view.page, it)) {
        note("sort", what);
    }
    if view.group.as_ref().is_some_and(|it| !is_word(it, "_,+")) {
        let what = "must be lower-case words joined by _, a comma or +";
        note("group", what.to_owned());
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(ViewError::Refused(faults))
    }
}

fn is_word(text: &str, also: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c);
    !text.is_empty() && text.len() <= WORD_MAX && text.chars().all(allowed)
}

fn query_faults(page: ViewPage, query: &str) -> Vec<String> {
    if query.chars().count() > QUERY_MAX {
        return vec![format!("at most {QUERY_MAX} characters")];
    }
    let read = Query::parse(query).and_then(|query| match page {
        // Only the times it gives depend on now.
        ViewPage::Alerts => {
            AlertFilter::from_query(&query, None, Timestamp::from_micros(0)).map(drop)
        }
        ViewPage::Events => EventFilter::from_query(&query, Timestamp::from_micros(0)).map(drop),
    });
    let mistakes = read.err().unwrap_or_default();
    mistakes.iter().map(ToString::to_string).collect()
}

/// The filter a query of alerts stands for; `me` is whom it calls so, `now` what its relative
/// times are counted back from.
pub(super) fn alert_filter(
    query: &str,
    me: Option<i64>,
    now: Timestamp,
) -> Result<AlertFilter, Vec<Mistake>> {
    Query::parse(query).and_then(|query| AlertFilter::from_query(&query, me, now))
}

/// What is wrong with an order of a list, if anything.
fn sort_fault(page: ViewPage, sort: &str) -> Option<String> {
    match page {
        ViewPage::Alerts => {
            let encoded = form_urlencoded::Serializer::new(String::new())
                .append_pair("ordering", sort)
                .finish();
            let mut params = Params::parse(&encoded).ok()?;
            Ordering::take(&mut params);
            let problem = params.finish().err()?;
            problem.errors().values().flatten().next().cloned()
        }
        ViewPage::Events => (!matches!(sort, "-timestamp" | "timestamp"))
            .then(|| "must be -timestamp or timestamp".to_owned()),
    }
}
