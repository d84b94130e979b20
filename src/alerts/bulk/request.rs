//! What a bulk change asks for, read and checked.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base::Timestamp;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::change::{AlertChange, Assignee};
use super::super::error::AlertError;
use super::super::filter::{AlertFilter, Ordering};
use super::super::lifecycle::Edit;
use super::super::model::{AlertStatus, Resolution};
use super::{IDS_MAX, MATCHING_MAX};
use crate::http::{FieldErrors, Params};

/// What is to be done with each alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum BulkAction {
    /// To ACKNOWLEDGED.
    Acknowledge,
    /// To RESOLVED, with a resolution or none.
    Resolve,
    /// Back to OPEN.
    Reopen,
    /// To a person, or to nobody.
    Assign,
    /// A comment.
    Comment,
}

/// The text names no action.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be one of acknowledge, resolve, reopen, assign, comment")]
pub struct UnknownAction;

impl FromStr for BulkAction {
    type Err = UnknownAction;

    /// Reads the word in any case.
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "acknowledge" => Self::Acknowledge,
            "resolve" => Self::Resolve,
            "reopen" => Self::Reopen,
            "assign" => Self::Assign,
            "comment" => Self::Comment,
            _ => return Err(UnknownAction),
        })
    }
}

impl<'de> Deserialize<'de> for BulkAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// The parameters of a list, each once, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter(pub BTreeMap<String, String>);

impl<'de> Deserialize<'de> for ListFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = ListFilter;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of parameters, each a string")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ListFilter, A::Error> {
                let mut pairs = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if pairs.insert(name.clone(), value).is_some() {
                        return Err(A::Error::custom(format!("{name:?} is given twice")));
                    }
                }
                Ok(ListFilter(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// One action on many alerts: those of `ids`, or those a `filter` finds.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkRequest {
    /// The alerts' numbers, 1 to 1,000; one given twice counts once.
    #[schema(min_items = 1, max_items = 1_000, example = json!([4812, 4815]))]
    pub ids: Option<Vec<i64>>,
    /// Instead of `ids`: the parameters of `GET /api/alerts/`, as strings. At most 10,000 alerts.
    #[schema(
        value_type = Option<std::collections::HashMap<String, String>>,
        example = json!(null)
    )]
    pub filter: Option<ListFilter>,
    /// With `filter`: how many alerts are meant, 1 to 10,000. When the real number differs by
    /// more than 1 %, or by 10 or more, nothing is changed.
    #[schema(minimum = 1, maximum = 10_000, example = json!(null))]
    pub expect_count: Option<u64>,
    /// acknowledge, resolve, reopen, assign or comment; in any case.
    #[schema(example = "acknowledge")]
    pub action: BulkAction,
    /// Why they are resolved; with resolve only.
    #[schema(example = json!(null))]
    pub resolution: Option<Resolution>,
    /// One note for all, at most 16,384 characters; with comment it is the comment.
    #[schema(max_length = 16_384, example = "Port scan of our own")]
    pub note: Option<String>,
    /// With assign: a user name, a user's id, `me`, or `null` for nobody.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null))]
    pub assigned_to: Edit<Assignee>,
}

/// Which alerts are meant.
#[derive(Debug)]
pub(super) enum Target {
    /// These, rising.
    Ids(Vec<i64>),
    /// What the filter finds, if it is about so many.
    Matching(Box<AlertFilter>, u64),
}

fn refuse<T>(field: &'static str, what: impl Into<String>) -> Result<T, AlertError> {
    Err(AlertError::Field(field, what.into()))
}

impl BulkRequest {
    /// Checks what can be checked before the alerts are looked at; `me` is the caller, `now` what a
    /// filter's relative times are counted back from.
    pub(super) fn checked(
        self,
        me: Option<i64>,
        now: Timestamp,
    ) -> Result<(Target, AlertChange), AlertError> {
        let target = target(self.ids, self.filter.as_ref(), self.expect_count, (me, now))?;
        let resolves = self.action == BulkAction::Resolve;
        if self.resolution.is_some() && !resolves {
            return refuse("resolution", "is given with action resolve only");
        }
        if self.resolution == Some(Resolution::Other) && is_blank(self.note.as_ref()) {
            return refuse("note", "is needed with resolution OTHER");
        }
        match (self.action, &self.assigned_to) {
            (BulkAction::Assign, Edit::Keep) => {
                return refuse(
                    "assigned_to",
                    "is needed with action assign; null is nobody",
                );
            }
            (BulkAction::Assign, _) | (_, Edit::Keep) => {}
            (_, Edit::Set(_) | Edit::Clear) => {
                return refuse("assigned_to", "is given with action assign only");
            }
        }
        if self.action == BulkAction::Comment && is_blank(self.note.as_ref()) {
            return refuse("note", "is needed with action comment");
        }
        let change = AlertChange {
            status: match self.action {
                BulkAction::Acknowledge => Some(AlertStatus::Acknowledged),
                BulkAction::Resolve => Some(AlertStatus::Resolved),
                BulkAction::Reopen => Some(AlertStatus::Open),
                BulkAction::Assign | BulkAction::Comment => None,
            },
            resolution: self.resolution.map_or(Edit::Keep, Edit::Set),
            note: self.note,
            assigned_to: self.assigned_to,
        };
        Ok((target, change.checked()?))
    }
}

fn is_blank(note: Option<&String>) -> bool {
    note.is_none_or(|note| note.trim().is_empty())
}

fn target(
    ids: Option<Vec<i64>>,
    filter: Option<&ListFilter>,
    expect_count: Option<u64>,
    (me, now): (Option<i64>, Timestamp),
) -> Result<Target, AlertError> {
    match (ids, filter, expect_count) {
        (Some(mut ids), None, None) => {
            if ids.is_empty() || ids.len() > IDS_MAX {
                return refuse(
                    "ids",
                    "must be 1 to 1000 numbers of alerts; for more, a filter",
                );
            }
            ids.sort_unstable();
            ids.dedup();
            Ok(Target::Ids(ids))
        }
        (Some(_), None, Some(_)) => refuse("expect_count", "is given with a filter only"),
        (Some(_), Some(_), _) => refuse("filter", "is given instead of ids, not with them"),
        (None, None, _) => refuse("ids", "required, or a filter with expect_count"),
        (None, Some(_), None) => refuse("expect_count", "is needed with a filter"),
        (None, Some(filter), Some(expected)) => {
            let max = u64::try_from(MATCHING_MAX).unwrap_or(u64::MAX);
            if expected == 0 || expected > max {
                return refuse("expect_count", too_many());
            }
            Ok(Target::Matching(
                Box::new(read_filter(filter, me, now)?),
                expected,
            ))
        }
    }
}

/// Says how many alerts a bulk may change.
pub(super) fn too_many() -> String {
    format!("1 to {MATCHING_MAX} alerts at once: narrow the filter, with a time range for example")
}

/// Reads a filter as a list reads its query string; what is wrong is named `filter.NAME`.
fn read_filter(
    filter: &ListFilter,
    me: Option<i64>,
    now: Timestamp,
) -> Result<AlertFilter, AlertError> {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&filter.0)
        .finish();
    let read = Params::parse(&query).and_then(|mut params| {
        let filter = AlertFilter::take(&mut params, me, now);
        // A list's order says nothing here, and screens send it along.
        Ordering::take(&mut params);
        params.finish().map(|()| filter)
    });
    read.map_err(|problem| {
        let named = problem.errors().iter();
        let errors: FieldErrors = named
            .map(|(name, what)| (format!("filter.{name}"), what.clone()))
            .collect();
        if errors.is_empty() {
            AlertError::Field("filter", "at most 64 parameters".to_owned())
        } else {
            AlertError::Fields(errors)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::http::Problem;

    fn check(body: Value) -> Result<(Target, AlertChange), Vec<String>> {
        let request: BulkRequest =
            serde_json::from_value(body).map_err(|error| vec![error.to_string()])?;
        request
            .checked(Some(5), Timestamp::from_micros(0))
            .map_err(|error| {
                let problem = Problem::from(error);
                problem.errors().keys().cloned().collect()
            })
    }

    #[test]
    fn ids_are_counted_once_and_sorted() {
        let body = json!({"ids": [9, 2, 9], "action": "Acknowledge"});
        let (target, change) = check(body).unwrap();
        assert!(matches!(target, Target::Ids(ids) if ids == [2, 9]));
        assert_eq!(change.status, Some(AlertStatus::Acknowledged));
    }

    #[test]
    fn a_filter_is_the_lists_own() {
        let filter = json!({"status": "open,ack", "assigned_to": "me", "ordering": "-severity"});
        let body = json!({"filter": filter, "expect_count": 7, "action": "resolve"});
        let (target, _) = check(body).unwrap();
        let Target::Matching(filter, 7) = target else {
            panic!("{target:?}");
        };
        assert_ne!(*filter, AlertFilter::default());
    }

    #[test]
    fn what_does_not_fit_together_is_refused_by_name() {
        let many: Vec<i64> = (1..=1_001).collect();
        for (body, field) in [
            (json!({"action": "resolve"}), "ids"),
            (json!({"action": "resolve", "ids": []}), "ids"),
            (json!({"action": "resolve", "ids": many}), "ids"),
            (
                json!({"action": "resolve", "ids": [1], "filter": {}}),
                "filter",
            ),
            (
                json!({"action": "resolve", "ids": [1], "expect_count": 1}),
                "expect_count",
            ),
            (json!({"action": "resolve", "filter": {}}), "expect_count"),
            (
                json!({"action": "resolve", "filter": {}, "expect_count": 0}),
                "expect_count",
            ),
            (
                json!({"action": "resolve", "filter": {}, "expect_count": 10_001}),
                "expect_count",
            ),
            (
                json!({"action": "resolve", "filter": {"x": "1"}, "expect_count": 1}),
                "filter.x",
            ),
            (
                json!({"action": "resolve", "filter": {"status": "shut"}, "expect_count": 1}),
                "filter.status",
            ),
            (
                json!({"action": "reopen", "ids": [1], "resolution": "DUPLICATE"}),
                "resolution",
            ),
            (
                json!({"action": "resolve", "ids": [1], "resolution": "OTHER"}),
                "note",
            ),
            (json!({"action": "assign", "ids": [1]}), "assigned_to"),
            (
                json!({"action": "resolve", "ids": [1], "assigned_to": null}),
                "assigned_to",
            ),
            (json!({"action": "comment", "ids": [1]}), "note"),
            (
                json!({"action": "comment", "ids": [1], "note": " "}),
                "note",
            ),
            (
                json!({"action": "resolve", "ids": [1], "note": "a\u{0}"}),
                "note",
            ),
        ] {
            assert_eq!(check(body.clone()).unwrap_err(), [field], "{body}");
        }
        assert!(check(json!({"action": "close", "ids": [1]})).is_err());
        assert!(serde_json::from_str::<ListFilter>(r#"{"q": "a", "q": "b"}"#).is_err());
        assert!(serde_json::from_str::<ListFilter>(r#"{"overdue": true}"#).is_err());
    }
}
