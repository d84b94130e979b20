//! Records inside of others: lists that services deliver, and envelopes they are sent in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::body_error::BodyError;
use super::elements::Elements;
use super::record::Record;

/// Names under which services deliver a list of records as one object.
const LISTS: [&str; 3] = ["Records", "records", "Findings"];
/// Records one such list may have before it is refused as a whole: more than a request may hold.
const RECORDS_MAX: usize = 100_000;

/// The records of an object whose first member is such a list: `{"Records":[…]}`, as `CloudTrail`
/// writes files and AWS answers. It may be longer than one record may be.
///
/// # Errors
/// It is longer than any request may be.
pub(super) fn records(bytes: &[u8]) -> Result<Option<Vec<&RawValue>>, BodyError> {
    let Some(list) = list(bytes) else {
        return Ok(None);
    };
    let records = list.all().ok_or(BodyError::TooMany(RECORDS_MAX))?;
    let are_objects = records.iter().all(|raw| raw.get().starts_with('{'));
    Ok(are_objects.then_some(records))
}

/// The first member, if it is such a list.
fn list(bytes: &[u8]) -> Option<Elements<'_, RECORDS_MAX>> {
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow, alias = "records", alias = "Findings")]
        #[serde(rename = "Records")]
        records: Elements<'a, RECORDS_MAX>,
    }
    // Most records are no lists: their first name is looked at, and nothing else.
    let inside = bytes
        .strip_prefix(b"{")?
        .trim_ascii_start()
        .strip_prefix(b"\"")?;
    let list = LISTS.iter().find_map(|name| {
        let rest = inside.strip_prefix(name.as_bytes())?.strip_prefix(b"\"")?;
        rest.trim_ascii_start()
            .strip_prefix(b":")?
            .trim_ascii_start()
            .strip_prefix(b"[")
    });
    list?;
    let list: List<'_> = serde_json::from_slice(bytes).ok()?;
    Some(list.records)
}

/// The object a member holds, as a record of its own.
pub(super) fn inner<'a>(record: &Record<'a>, name: &str) -> Option<Record<'a>> {
    let object = record.object.get(name)?.as_object()?.clone();
    let raw = record.raw;
    let members: BTreeMap<String, &'a RawValue> = serde_json::from_str(raw.get()).ok()?;
    let raw = members.get(name)?;
    Some(Record { object, raw })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_taken_apart_and_nothing_else_is() {
        let taken = |text: &str| {
            let records = records(text.as_bytes()).unwrap()?;
            Some(
                records
                    .iter()
                    .map(|raw| raw.get().to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        let two = vec!["{\"a\":1}".to_owned(), "{}".to_owned()];
        assert_eq!(taken("{\"Records\":[{\"a\":1},{}]}"), Some(two.clone()));
        assert_eq!(
            taken("{ \"Findings\" : [ {\"a\":1}, {} ], \"x\": 1 }"),
            Some(two)
        );
        for other in [
            "{}",
            "[]",
            "{\"Records\":{}}",
            "{\"Records\":[1]}",
            "{\"a\":1,\"Records\":[]}",
            "{\"Records\":[{}",
            "{\"Recordsx\":[]}",
        ] {
            assert_eq!(taken(other), None, "{other}");
        }
        let list = format!("{{\"Records\":[{}{{}}]}}", "{},".repeat(100_000));
        let refused = records(list.as_bytes()).unwrap_err();
        assert_eq!(refused, BodyError::TooMany(100_000));
    }

    #[test]
    fn what_is_inside_keeps_its_text() {
        let record = Record::read(b"{\"x\": {\"a\" : 1}, \"y\": 2}").unwrap();
        let found = inner(&record, "x").unwrap();
        assert_eq!(found.raw.get(), "{\"a\" : 1}");
        assert_eq!(found.object.len(), 1);
        assert!(inner(&record, "y").is_none() && inner(&record, "z").is_none());
    }
}
