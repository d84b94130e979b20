//! What the matching events say in each field, most frequent first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use base::Timestamp;
use serde::Serialize;
use serde_json::Value;
use store::StoreError;

use super::model::EventFilter;
use super::sql::{self, Said, Sample};
use crate::app::App;

/// Events looked at, the newest that match.
const EVENTS_MAX: i64 = 2_000;
/// Values shown of a field.
const VALUES_MAX: usize = 10;
/// Keys of `attributes` shown, those most events have.
const KEYS_MAX: usize = 20;
/// Keys of `attributes` counted: whoever sends others in each event does not fill the memory.
const KEYS_COUNTED: usize = 200;
/// Longest value of `attributes` counted, in characters; nobody chooses by longer ones.
const VALUE_MAX: usize = 200;

/// A value and how many events have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ValueCount {
    /// The value, as text.
    #[schema(example = "vpn-gw-1")]
    pub value: String,
    /// How many of the events looked at have it.
    #[schema(example = 17)]
    pub count: i64,
}

/// A field and what the events say in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Field {
    /// Its name in the query language: `severity`, `source`, `type`, `country`, `ip`, `tag`, or
    /// `attributes.` and a key.
    #[schema(example = "source")]
    pub name: String,
    /// At most 10, most frequent first.
    pub values: Vec<ValueCount>,
    /// How many different values there are, at least.
    #[schema(example = 3)]
    pub distinct_at_least: usize,
}

/// What the newest matching events say.
#[expect(
    clippy::struct_field_names,
    reason = "`fields` is the name clients know"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fields {
    /// The fields any of the events has a value in.
    pub fields: Vec<Field>,
    /// How many events were looked at, at most 2,000.
    #[schema(example = 2_000)]
    pub looked_at: usize,
    /// Whether these are all that match.
    pub exact: bool,
    /// When the search stopped early: the time from which on every event was tested.
    pub searched_from: Option<Timestamp>,
}

/// Counts the values of each field among the newest matching events, at most 2,000.
///
/// Of `attributes` the texts, numbers and truth values at its top level count, under the 20 keys
/// most events have; `attributes` of over 8,192 characters are not looked into, and then not
/// `exact`.
///
/// # Errors
/// The database's fault.
pub async fn fields(app: &App, filter: EventFilter) -> Result<Fields, StoreError> {
    let sample = app
        .store
        .read(move |tx| sql::sample(tx, &filter, EVENTS_MAX))
        .await?;
    Ok(count(sample))
}

/// Values of one field with the events that have them.
#[derive(Debug, Default)]
struct Tally {
    values: HashMap<String, i64>,
    events: i64,
}

impl Tally {
    fn add(&mut self, value: String) {
        let n = self.values.entry(value).or_default();
        *n = n.saturating_add(1);
        self.events = self.events.saturating_add(1);
    }

    fn field(self, name: String) -> Field {
        let distinct_at_least = self.values.len();
        let mut values: Vec<ValueCount> = self
            .values
            .into_iter()
            .map(|(value, count)| ValueCount { value, count })
            .collect();
        values.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        values.truncate(VALUES_MAX);
        Field {
            name,
            values,
            distinct_at_least,
        }
    }
}

fn count(sample: Sample) -> Fields {
    let looked_at = sample.events.len();
    let mut exact = !sample.more;
    let mut columns: [(&str, Tally); 6] =
        ["severity", "source", "type", "country", "ip", "tag"].map(|name| (name, Tally::default()));
    let mut keys: BTreeMap<String, Tally> = BTreeMap::new();
    for said in sample.events {
        let Said {
            severity,
            source_name,
            event_type,
            country,
            ip_address,
            tags,
            attributes,
            attributes_left_out,
        } = said;
        exact &= !attributes_left_out;
        let said = [
            vec![severity.to_string()],
            vec![source_name],
            vec![event_type],
            country.into_iter().collect(),
            ip_address.into_iter().collect(),
            words(tags.as_deref()),
        ];
        for ((_, tally), values) in columns.iter_mut().zip(said) {
            for value in values {
                tally.add(value);
            }
        }
        exact &= add_attributes(&mut keys, attributes.as_deref());
    }
    let mut keys: Vec<(String, Tally)> = keys.into_iter().collect();
    // Stable: of keys that are as frequent the alphabet decides.
    keys.sort_by_key(|(_, tally)| Reverse(tally.events));
    keys.truncate(KEYS_MAX);
    let columns = columns.map(|(name, tally)| (name.to_owned(), tally));
    let keys = keys
        .into_iter()
        .map(|(key, tally)| (format!("attributes.{key}"), tally));
    Fields {
        fields: columns
            .into_iter()
            .chain(keys)
            .filter(|(_, tally)| tally.events > 0)
            .map(|(name, tally)| tally.field(name))
            .collect(),
        looked_at,
        exact,
        searched_from: sample.searched_from,
    }
}

/// The tags of an event, each once.
fn words(json: Option<&str>) -> Vec<String> {
    let mut words: Vec<String> = json
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    words.sort_unstable();
    words.dedup();
    words
}

/// Counts the plain values at the top level; says whether nothing was left out.
fn add_attributes(keys: &mut BTreeMap<String, Tally>, json: Option<&str>) -> bool {
    let object: serde_json::Map<String, Value> = json
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let mut whole = true;
    for (key, value) in object {
        let value = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => continue,
        };
        let counted = keys.len() < KEYS_COUNTED || keys.contains_key(&key);
        if counted && value.chars().count() <= VALUE_MAX {
            keys.entry(key).or_default().add(value);
        } else {
            whole = false;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use base::Severity;

    use super::*;

    fn said(source: &str, attributes: &str) -> Said {
        Said {
            severity: Severity::Low,
            source_name: source.to_owned(),
            event_type: "anomaly".to_owned(),
            country: None,
            ip_address: None,
            tags: Some("[\"b\",\"a\",\"b\"]".to_owned()),
            attributes: Some(attributes.to_owned()),
            attributes_left_out: false,
        }
    }

    fn counted(events: Vec<Said>) -> Fields {
        count(Sample {
            events,
            more: false,
            searched_from: None,
        })
    }

    fn of(fields: &Fields, name: &str) -> Vec<(String, i64)> {
        let field = fields.fields.iter().find(|field| field.name == name);
        let values = field.map(|field| field.values.as_slice());
        let values = values.unwrap_or_default();
        values
            .iter()
            .map(|it| (it.value.clone(), it.count))
            .collect()
    }

    #[test]
    fn values_are_counted_most_frequent_first() {
        let attributes =
            r#"{"port": 22, "user": "bob", "vpn": true, "deep": {"x": 1}, "none": null}"#;
        let fields = counted(vec![
            said("a", "{}"),
            said("b", attributes),
            said("b", r#"{"port": 443, "user": "bob"}"#),
        ]);
        let pair = |value: &str, n| (value.to_owned(), n);
        assert_eq!(of(&fields, "source"), [pair("b", 2), pair("a", 1)]);
        assert_eq!(of(&fields, "tag"), [pair("a", 3), pair("b", 3)]);
        assert_eq!(of(&fields, "attributes.user"), [pair("bob", 2)]);
        assert_eq!(
            of(&fields, "attributes.port"),
            [pair("22", 1), pair("443", 1)]
        );
        assert_eq!(of(&fields, "attributes.vpn"), [pair("true", 1)]);
        let names: Vec<_> = fields
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        assert!(
            !names.contains(&"attributes.deep") && !names.contains(&"country"),
            "{names:?}"
        );
        assert!(fields.exact);
        assert_eq!(fields.looked_at, 3);
    }

    #[test]
    fn what_is_left_out_is_said() {
        let many: Vec<String> = (0..300).map(|n| format!("\"k{n}\":1")).collect();
        let many = format!("{{{}}}", many.join(","));
        let fields = counted(vec![said("a", &many)]);
        assert!(!fields.exact);
        let keys = fields
            .fields
            .iter()
            .filter(|it| it.name.starts_with("attributes."));
        assert_eq!(keys.count(), KEYS_MAX);
        let long = format!("{{\"k\": \"{}\"}}", "x".repeat(VALUE_MAX + 1));
        assert!(!counted(vec![said("a", &long)]).exact);
        assert!(counted(vec![said("a", "{}")]).exact);
    }

    #[test]
    fn ten_values_are_shown_of_many() {
        let events = (0..50).map(|n| said(&n.to_string(), "{}")).collect();
        let fields = counted(events);
        let sources = fields.fields.iter().find(|it| it.name == "source").unwrap();
        assert_eq!((sources.values.len(), sources.distinct_at_least), (10, 50));
    }
}
