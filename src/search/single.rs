//! Single parameters of a list that have a counterpart in the language: read alike everywhere.

use base::Timestamp;

use super::{Mistake, NONE, Query, moment};
use crate::http::Params;

/// Most numbers of `id`.
const IDS_MAX: usize = 100;

/// Takes a time: RFC 3339, a date, or how long before `now`.
pub fn take_time(params: &mut Params, name: &'static str, now: Timestamp) -> Option<Timestamp> {
    let text = params.text(name)?;
    // An unescaped `+` of an offset arrives as a space.
    moment(&text.trim().replace(' ', "+"), now)
        .map_err(|what| params.refuse(name, what))
        .ok()
}

/// Takes `country`: codes of two letters in any case, `None` for `none`.
pub fn take_countries(params: &mut Params) -> Vec<Option<String>> {
    let codes = params.list("country");
    let is_code = |code: &str| code.len() == 2 && code.bytes().all(|b| b.is_ascii_alphabetic());
    let is_none = |code: &str| code.eq_ignore_ascii_case(NONE);
    if codes.iter().any(|code| !is_code(code) && !is_none(code)) {
        params.refuse(
            "country",
            "must be codes of two letters, such as DE (ISO 3166-1), or none",
        );
    }
    let codes = codes.iter();
    codes
        .map(|code| (!is_none(code)).then(|| code.to_ascii_uppercase()))
        .collect()
}

/// Takes `id`: at most 100 numbers above 0.
pub fn take_ids(params: &mut Params) -> Vec<i64> {
    let ids: Vec<i64> = params.values("id");
    if ids.len() > IDS_MAX || ids.iter().any(|id| *id < 1) {
        params.refuse("id", "must be 1 to 100 numbers above 0");
    }
    ids
}

/// Takes `q` and hands the query to `add`; every mistake is an error of that parameter.
pub fn take_query(params: &mut Params, add: impl FnOnce(&Query) -> Result<(), Vec<Mistake>>) {
    let Some(text) = params.text("q") else {
        return;
    };
    let read = Query::parse(&text).and_then(|query| add(&query));
    for mistake in read.err().unwrap_or_default() {
        params.refuse("q", mistake.to_string());
    }
}
