//! What was counted by number, as the values people choose from.

use std::collections::BTreeMap;

use base::Severity;
use store::{StoreError, Tx};

use super::super::filter::{AlertFilter, AnyOf, Assigned};
use super::super::model::AlertStatus;
use super::super::sql::{self, Named};
use super::{Counts, FacetValue, FacetValues, NOBODY};
use crate::search::NONE;

/// Values of a facet that has no fixed set of them.
const VALUES_MAX: usize = 20;
/// Values as frequent as the last one listed whose names are compared.
const NAMED_MAX: usize = 200;

/// The values of each facet, with the names people know.
pub(super) fn values(
    tx: &mut Tx<'_>,
    filter: &AlertFilter,
    counts: &Counts,
) -> Result<FacetValues, StoreError> {
    let severities = Severity::ALL.iter().rev();
    let severity = severities.map(|it| value(it.word(), counts.severity.get(it)));
    let statuses = AlertStatus::ALL.iter();
    let status = statuses.map(|it| value(it.word(), counts.status.get(it)));
    let country = counts.country.iter();
    let country = country.map(|(code, count)| value(code, Some(count)));
    let chosen = Chosen::of(filter);
    Ok(FacetValues {
        severity: severity.collect(),
        status: status.collect(),
        owner: owners(tx, &chosen.owners, &counts.owner)?,
        source: named(tx, Named::Source, &counts.source, &chosen.sources)?,
        event_type: named(tx, Named::EventType, &counts.event_type, &chosen.types)?,
        country: labelled(listed(country.collect(), &chosen.countries), "No country"),
    })
}

/// The values a filter names, also to leave them out: a facet always lists them.
#[derive(Default)]
struct Chosen {
    owners: Vec<Assigned>,
    sources: Vec<String>,
    types: Vec<String>,
    countries: Vec<String>,
}

impl Chosen {
    fn of(filter: &AlertFilter) -> Self {
        let mut chosen = Self::default();
        for test in &filter.tests {
            match &test.any {
                AnyOf::Owner(people) => chosen.owners.extend_from_slice(people),
                AnyOf::Source(names) => chosen.sources.extend_from_slice(names),
                AnyOf::Type(names) => chosen.types.extend_from_slice(names),
                AnyOf::Country(codes) => chosen.countries.extend(
                    codes
                        .iter()
                        .map(|code| code.as_deref().unwrap_or(NONE).to_owned()),
                ),
                AnyOf::Address(_) | AnyOf::Resolution(_) | AnyOf::Id(_) | AnyOf::Text(_) => {}
            }
        }
        chosen
    }
}

fn value(value: &str, count: Option<&i64>) -> FacetValue {
    FacetValue {
        value: value.to_owned(),
        label: None,
        count: count.copied().unwrap_or(0),
    }
}

/// The values of sources or event types, by name.
fn named(
    tx: &mut Tx<'_>,
    what: Named,
    counts: &BTreeMap<i64, i64>,
    chosen: &[String],
) -> Result<Vec<FacetValue>, StoreError> {
    let mut ids = frequent(counts);
    ids.extend(sql::ids_named(tx, what, chosen)?);
    let found = sql::names(tx, what, &distinct(ids))?;
    let counted = found.iter().map(|(id, name)| value(name, counts.get(id)));
    Ok(listed(counted.collect(), chosen))
}

fn owners(
    tx: &mut Tx<'_>,
    asked: &[Assigned],
    counts: &BTreeMap<i64, i64>,
) -> Result<Vec<FacetValue>, StoreError> {
    let mut ids = frequent(counts);
    let nobody = value(NONE, counts.get(&NOBODY));
    let mut asked_ids = Vec::new();
    for person in asked {
        asked_ids.extend(match person {
            Assigned::Nobody => Some(NOBODY),
            Assigned::Person(id) => Some(*id),
            Assigned::Name(name) => sql::person_named(tx, name)?.map(|(it, ..)| it.id),
        });
    }
    ids.extend(&asked_ids);
    let people = sql::names(tx, Named::Person, &distinct(ids))?;
    let mut chosen: Vec<String> = people
        .iter()
        .filter(|(id, _)| asked_ids.contains(id))
        .map(|(_, name)| name.clone())
        .collect();
    if asked_ids.contains(&NOBODY) {
        chosen.push(nobody.value.clone());
    }
    let mut owners: Vec<FacetValue> = people
        .iter()
        .map(|(id, name)| value(name, counts.get(id)))
        .collect();
    if nobody.count > 0 || chosen.contains(&nobody.value) {
        owners.push(nobody);
    }
    Ok(labelled(listed(owners, &chosen), "Nobody"))
}

/// Says in words what having no value means.
fn labelled(mut values: Vec<FacetValue>, none: &str) -> Vec<FacetValue> {
    for it in values.iter_mut().filter(|it| it.value == NONE) {
        it.label = Some(none.to_owned());
    }
    values
}

fn distinct(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The ids that can be among the most frequent values, whatever their names are.
fn frequent(counts: &BTreeMap<i64, i64>) -> Vec<i64> {
    let mut sorted: Vec<(i64, i64)> = counts.iter().map(|(id, count)| (*count, *id)).collect();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let last = sorted.get(VALUES_MAX.saturating_sub(1));
    let at_least = last.map_or(0, |(count, _)| *count);
    sorted
        .into_iter()
        .take_while(|(count, _)| *count >= at_least)
        .take(NAMED_MAX)
        .map(|(_, id)| id)
        .collect()
}

/// The most frequent values, then by name; those chosen are always among them.
fn listed(mut values: Vec<FacetValue>, chosen: &[String]) -> Vec<FacetValue> {
    for name in chosen {
        if !values.iter().any(|it| it.value == *name) {
            values.push(value(name, None));
        }
    }
    values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    let mut place: usize = 0;
    values.retain(|it| {
        place = place.saturating_add(1);
        place <= VALUES_MAX || chosen.contains(&it.value)
    });
    values
}
