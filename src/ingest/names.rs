//! Names of sources and event types as numbers, remembered.

use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock};

use base::Timestamp;
use store::{StoreError, Tx};

use crate::events;

/// Names remembered of each kind; past this they are looked up each time.
const REMEMBERED_MAX: usize = 50_000;

/// Numbers of names that are surely in the database.
#[derive(Debug, Default)]
pub(super) struct Names {
    sources: RwLock<HashMap<String, i64>>,
    types: RwLock<HashMap<String, i64>>,
}

/// Names looked up in one transaction: remembered for all only once it has committed.
#[derive(Debug, Default)]
pub(super) struct Found {
    sources: HashMap<String, i64>,
    types: HashMap<String, i64>,
}

impl Names {
    /// Looks up the names nobody knows yet, in their own order: two writers that met the same
    /// new names in different orders would wait for each other.
    pub(super) fn learn<'a>(
        &self,
        tx: &mut Tx<'_>,
        found: &mut Found,
        names: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for source in unknown(&self.sources, names.clone().map(|(source, _)| source)) {
            self.source(tx, found, source, now)?;
        }
        for event_type in unknown(&self.types, names.map(|(_, event_type)| event_type)) {
            self.event_type(tx, found, event_type, now)?;
        }
        Ok(())
    }

    pub(super) fn source(
        &self,
        tx: &mut Tx<'_>,
        found: &mut Found,
        name: &str,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        look(&self.sources, &mut found.sources, name, || {
            events::source_id(tx, name, now)
        })
    }

    pub(super) fn event_type(
        &self,
        tx: &mut Tx<'_>,
        found: &mut Found,
        name: &str,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        look(&self.types, &mut found.types, name, || {
            events::event_type_id(tx, name, now)
        })
    }

    /// Remembers what a committed transaction found.
    pub(super) fn remember(&self, found: Found) {
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

fn unknown<'a>(
    known: &RwLock<HashMap<String, i64>>,
    names: impl Iterator<Item = &'a str>,
) -> BTreeSet<&'a str> {
    let known = known.read().unwrap_or_else(PoisonError::into_inner);
    names.filter(|name| !known.contains_key(*name)).collect()
}

fn look(
    known: &RwLock<HashMap<String, i64>>,
    found: &mut HashMap<String, i64>,
    name: &str,
    find: impl FnOnce() -> Result<i64, StoreError>,
) -> Result<i64, StoreError> {
    if let Some(id) = known
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(name)
    {
        return Ok(*id);
    }
    if let Some(id) = found.get(name) {
        return Ok(*id);
    }
    let id = find()?;
    found.insert(name.to_owned(), id);
    Ok(id)
}
