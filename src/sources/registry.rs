//! What administrators said of each source, remembered for the way in.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use base::Timestamp;
use store::{StoreError, Tx};

use super::counts::Counters;
use super::dead_letters::DeadLetters;
use super::flush::Unwritten;
use super::rate::Buckets;
use super::silence::Steps;
use super::sql;
use crate::adapters::Profile;
use crate::app::App;
use crate::http::{FieldErrors, Sender, refusal};

/// What counts for the records of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The name of the format its records have; absent, each says by itself.
    pub kind: Option<String>,
    /// How its records are to be understood.
    pub profile: Profile,
    /// Events a second; absent, the server's limit for keys alone.
    pub rate_limit: Option<u32>,
    /// Bytes of one record; absent, the server's limit.
    pub record_max: Option<usize>,
    /// Alerts a minute before more are gathered in one; absent, the server's budget.
    pub alert_budget: Option<u32>,
}

impl Settings {
    /// Refuses a record that is longer than those of the source may be.
    ///
    /// # Errors
    /// How long it may be.
    pub fn admits(&self, record: &[u8]) -> Result<(), FieldErrors> {
        match self.record_max.filter(|most| record.len() > *most) {
            None => Ok(()),
            Some(most) => Err(refusal(
                "record",
                format!("a record of this source has at most {most} bytes"),
            )),
        }
    }
}

/// Every described source, and the counters of all; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Sources(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    described: ArcSwap<Described>,
    unknown: Arc<Settings>,
    /// Held while what the database says is read and put in place: the newest stays.
    loading: tokio::sync::Mutex<()>,
    counters: Counters,
    dead_letters: DeadLetters,
    unwritten: tokio::sync::Mutex<Unwritten>,
    buckets: Buckets,
    steps: Steps,
}

#[derive(Debug, Default)]
struct Described {
    /// The version of all descriptions together; absent before the first was read.
    version: Option<i64>,
    settings: HashMap<String, Arc<Settings>>,
}

impl Sources {
    /// What counts for a source; for one that nobody described, nothing special.
    #[must_use]
    pub fn of(&self, source: &str) -> Arc<Settings> {
        let described = self.0.described.load();
        Arc::clone(described.settings.get(source).unwrap_or(&self.0.unknown))
    }

    /// Whether any source is described at all.
    #[must_use]
    pub fn any_described(&self) -> bool {
        !self.0.described.load().settings.is_empty()
    }

    /// Whether somebody described a source.
    pub(super) fn is_described(&self, source: &str) -> bool {
        self.0.described.load().settings.contains_key(source)
    }

    /// Reads what the database says, when it is something new; one row when it is not.
    ///
    /// # Errors
    /// The database's fault; what was known stays.
    pub async fn load(&self, app: &App) -> Result<(), StoreError> {
        let _one_at_a_time = self.0.loading.lock().await;
        let known = self.0.described.load().version;
        let read = move |tx: &mut Tx<'_>| {
            let version = sql::version(tx)?;
            if known == Some(version) {
                return Ok(None);
            }
            Ok::<_, StoreError>(Some((version, sql::all_settings(tx)?)))
        };
        if let Some((version, settings)) = app.store.read(read).await? {
            self.0.buckets.keep(&settings);
            self.0.described.store(Arc::new(Described {
                version: Some(version),
                settings,
            }));
        }
        Ok(())
    }

    /// Takes one event out of what a sender may send of a source, as [`Self::take_all`].
    ///
    /// # Errors
    /// Seconds until there is enough, at least 1.
    pub fn take(&self, source: &str, sender: Sender, now: Timestamp) -> Result<(), u64> {
        match self.of(source).rate_limit {
            Some(rate) => self
                .0
                .buckets
                .take(&[(source, rate, 1)], sender, now)
                .map_err(|(_, seconds)| seconds),
            None => Ok(()),
        }
    }

    /// Takes events out of what a sender may send of each source: the source's rate for long, two
    /// seconds' worth at once; all of them or none. A source without a rate has no such limit.
    ///
    /// Each sender has the source's rate for itself: whoever else claims its name takes nothing
    /// away.
    ///
    /// # Errors
    /// The first source of which there are too many, and seconds until there is enough, at least 1.
    pub fn take_all(
        &self,
        events: &BTreeMap<String, u64>,
        sender: Sender,
        now: Timestamp,
    ) -> Result<(), (String, u64)> {
        let limited: Vec<(&str, u32, u32)> = events
            .iter()
            .filter_map(|(source, n)| {
                let rate = self.of(source).rate_limit?;
                Some((source.as_str(), rate, u32::try_from(*n).unwrap_or(u32::MAX)))
            })
            .collect();
        let taken = self.0.buckets.take(&limited, sender, now);
        taken.map_err(|(source, seconds)| (source.to_owned(), seconds))
    }

    /// Counts what became of records.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// Takes refused records.
    #[must_use]
    pub fn dead_letters(&self) -> &DeadLetters {
        &self.0.dead_letters
    }

    /// Notices when the clock is set.
    pub(super) fn steps(&self) -> &Steps {
        &self.0.steps
    }

    /// What is yet to be written down, one writer at a time.
    pub(super) fn unwritten(&self) -> &tokio::sync::Mutex<Unwritten> {
        &self.0.unwritten
    }
}
