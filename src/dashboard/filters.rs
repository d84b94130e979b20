//! What templates print values with: `{{ alert.title|text }}`, `{{ at|time }}`.
//!
//! Text from outside goes through `text`, `block`, `plain` or `exact`, never straight into a
//! template.

#![expect(
    unreachable_pub,
    clippy::unused_self,
    clippy::unnecessary_wraps,
    clippy::inline_always,
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape of a filter is the template engine's"
)]

use std::fmt::Display;

use askama::filters::Safe;
use askama::{Result, Values};
use base::{Severity, Timestamp};

use super::text as shown;
use super::{assets, format};
use crate::alerts::AlertStatus;

/// One line of text from outside.
#[askama::filter_fn]
pub(super) fn text(value: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    Ok(shown::cell(&value.to_string()))
}

/// Many lines of text from outside.
#[askama::filter_fn]
pub(super) fn block(value: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    Ok(shown::block(&value.to_string()))
}

/// Every line of text from outside, where it has a bound of its own.
#[askama::filter_fn]
pub(super) fn whole(value: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    Ok(shown::whole(&value.to_string()))
}

/// One line of text from outside, for `aria-label`.
#[askama::filter_fn]
pub(super) fn plain(value: impl Display, _: &dyn Values) -> Result<String> {
    Ok(shown::plain(&value.to_string()))
}

/// Every character of text from outside, for `value` and `data-` attributes.
#[askama::filter_fn]
pub(super) fn exact(value: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    Ok(shown::exact(&value.to_string()))
}

/// Text as a part of a query string.
#[askama::filter_fn]
pub(super) fn query(value: impl Display, _: &dyn Values) -> Result<String> {
    let encoded = form_urlencoded::byte_serialize(value.to_string().as_bytes()).collect();
    Ok(encoded)
}

/// A picture of the sprite, hidden from screen readers: a word stands beside it.
#[askama::filter_fn]
pub(super) fn icon(name: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    Ok(assets::icon(&name.to_string()))
}

/// A severity: its shape and its word.
#[askama::filter_fn]
pub(super) fn severity(value: &Severity, _: &dyn Values) -> Result<Safe<String>> {
    Ok(format::severity(*value))
}

/// A status: its outline and its word.
#[askama::filter_fn]
pub(super) fn status(value: &AlertStatus, _: &dyn Values) -> Result<Safe<String>> {
    Ok(format::status(*value))
}

/// A moment, to the second, in UTC until the page's script turns it to local time.
#[askama::filter_fn]
pub(super) fn time(value: &Timestamp, _: &dyn Values) -> Result<Safe<String>> {
    Ok(format::time(*value))
}

/// How long ago a moment was; the moment itself is spoken and shown on hover.
#[askama::filter_fn]
pub(super) fn ago(value: &Timestamp, _: &dyn Values, now: &Timestamp) -> Result<Safe<String>> {
    Ok(format::ago(*value, *now))
}

/// A number with thousands set apart.
#[askama::filter_fn]
pub(super) fn number(value: impl Display, _: &dyn Values) -> Result<String> {
    Ok(format::number(&value.to_string()))
}

/// Seconds as people say them: `3 min 10 s`.
#[askama::filter_fn]
pub(super) fn duration(value: impl Display, _: &dyn Values) -> Result<String> {
    Ok(format::duration(value.to_string().parse().unwrap_or(0.0)))
}
