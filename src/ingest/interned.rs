//! Names of sources and event types as numbers, remembered.

use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock};

use base::Timestamp;
use store::{StoreError, Tx};

use super::storms::Spent;
use crate::events;

/// Names remembered of each kind; past this they are looked up each time.
const REMEMBERED_MAX: usize = 50_000;

/// Numbers of names that are surely in the database.
#[derive(Debug, Default)]
pub(super) struct Names {
    sources: RwLock<HashMap<String, i64>>,
    types: RwLock<HashMap<String, i64>>,
}

/// What counts only once its transaction has committed: names it looked up, to be remembered for
/// all, and the budgets of alerts it spent.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) spent: Spent,
    sources: HashMap<String, i64>,
    types: HashMap<String, i64>,
}

impl Names {
    /// The numbers of pairs of names, in their order.
    ///
    /// Names nobody knows yet are looked up in their own order: two writers that met the same
    /// new names in different orders would wait for each other.
    pub(super) fn ids<'a>(
        &self,
        tx: &mut Tx<'_>,
        found: &mut Found,
        names: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        now: Timestamp,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let sources = resolve(
            &self.sources,
            &mut found.sources,
            names.clone().map(|(source, _)| source),
            |name| events::source_id(tx, name, now),
        )?;
        let types = resolve(
            &self.types,
            &mut found.types,
            names.map(|(_, event_type)| event_type),
            |name| events::event_type_id(tx, name, now),
        )?;
        Ok(sources.into_iter().zip(types).collect())
    }

    /// Remembers what a committed transaction found.
    pub(super) fn remember(&self, found: Found) {
        found.spent.keep();
        for (known, found) in [(&self.sources, found.sources), (&self.types, found.types)] {
            if !found.is_empty() {
                let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
                if known.len() < REMEMBERED_MAX {
                    known.extend(found);
                }
            }
        }
    }
}

fn resolve<'a>(
    known: &RwLock<HashMap<String, i64>>,
    found: &mut HashMap<String, i64>,
    names: impl Iterator<Item = &'a str> + Clone,
    mut find: impl FnMut(&str) -> Result<i64, StoreError>,
) -> Result<Vec<i64>, StoreError> {
    let mut unknown = BTreeSet::new();
    let mut ids: Vec<i64> = {
        let known = known.read().unwrap_or_else(PoisonError::into_inner);
        let mut id = |name| {
            let id = known.get(name).copied();
            if id.is_none() {
                unknown.insert(name);
            }
            id.unwrap_or_default()
        };
        names.clone().map(&mut id).collect()
    };
    if unknown.is_empty() {
        return Ok(ids);
    }
    for name in &unknown {
        found.insert((*name).to_owned(), find(name)?);
    }
    for (id, name) in ids.iter_mut().zip(names) {
        if let Some(new) = found.get(name) {
            *id = *new;
        }
    }
    Ok(ids)
}
