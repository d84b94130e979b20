//! Ingest keys seen a moment ago, so that a sender does not cost a query for each request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::Timestamp;
use ipnet::IpNet;

/// What every key begins with, so that people and scanners recognise a leaked one.
pub const KEY_PREFIX: &str = "wp_";
/// Bytes of a key: the prefix, and 256 random bits as base64url.
pub const KEY_LENGTH: usize = 46;
/// How long a key is believed without asking the database: what a revocation in another
/// process takes at the most.
const FRESH: Duration = Duration::from_secs(2);
/// How often a key's last use is written down.
const USE_WRITTEN_EVERY: Duration = Duration::from_mins(1);
/// Keys remembered before all are forgotten.
const KEYS_MAX: usize = 10_000;

/// What authentication needs to know of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: Arc<str>,
    /// The only source it may speak for.
    pub source: Option<Arc<str>>,
    /// What it may do, space separated.
    pub scopes: String,
    /// Networks it may be used from; empty, any.
    pub networks: Vec<IpNet>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// The cache, by SHA-256 of the key.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    generation: u64,
    known: HashMap<[u8; 32], (Timestamp, Arc<KnownKey>)>,
    used: HashMap<i64, Timestamp>,
}

impl KeyCache {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key, when it was read less than 2 seconds ago; else the generation under which a
    /// fresh reading may be [put](Self::put).
    ///
    /// # Errors
    /// The generation: nothing fresh is known.
    pub fn get(&self, hash: &[u8; 32], now: Timestamp) -> Result<Arc<KnownKey>, u64> {
        let inner = self.lock();
        match inner.known.get(hash) {
            // A clock that stepped back makes an entry stale, not eternal.
            Some((read_at, key)) if *read_at <= now && now.since(*read_at) < FRESH => {
                Ok(Arc::clone(key))
            }
            _ => Err(inner.generation),
        }
    }

    /// Remembers a key read from the database, unless keys changed since the reading began.
    pub fn put(&self, hash: [u8; 32], key: Arc<KnownKey>, read_at: Timestamp, generation: u64) {
        let mut inner = self.lock();
        if inner.generation != generation {
            return;
        }
        if inner.known.len() >= KEYS_MAX {
            inner.known.clear();
        }
        inner.known.insert(hash, (read_at, key));
    }

    /// Forgets every key: one was changed.
    pub fn forget(&self) {
        let mut inner = self.lock();
        inner.generation = inner.generation.wrapping_add(1);
        inner.known.clear();
    }

    /// Whether this use of a key is to be written down: once a minute.
    pub fn use_is_due(&self, id: i64, now: Timestamp) -> bool {
        let mut inner = self.lock();
        let due = inner
            .used
            .get(&id)
            .is_none_or(|at| now < *at || now.since(*at) >= USE_WRITTEN_EVERY);
        if due {
            if inner.used.len() >= KEYS_MAX {
                inner.used.clear();
            }
            inner.used.insert(id, now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Arc<KnownKey> {
        Arc::new(KnownKey {
            id: 1,
            name: "fw".into(),
            source: None,
            scopes: "events:write".to_owned(),
            networks: Vec::new(),
            expires_at: None,
        })
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_key_is_believed_for_two_seconds() {
        let cache = KeyCache::default();
        let generation = cache.get(&[1; 32], at(0)).unwrap_err();
        cache.put([1; 32], key(), at(0), generation);
        assert_eq!(cache.get(&[1; 32], at(1_999)), Ok(key()));
        assert!(cache.get(&[1; 32], at(2_000)).is_err());
        assert!(cache.get(&[1; 32], at(-1)).is_err());
        assert!(cache.get(&[2; 32], at(0)).is_err());
    }

    #[test]
    fn a_reading_from_before_a_change_is_not_kept() {
        let cache = KeyCache::default();
        let generation = cache.get(&[1; 32], at(0)).unwrap_err();
        cache.forget();
        cache.put([1; 32], key(), at(0), generation);
        assert!(cache.get(&[1; 32], at(0)).is_err());
    }

    #[test]
    fn a_use_is_written_once_a_minute() {
        let cache = KeyCache::default();
        let due: Vec<bool> = [0, 1, 59_999, 60_000, 60_001]
            .map(|millis| cache.use_is_due(1, at(millis)))
            .to_vec();
        assert_eq!(due, [true, false, false, true, false]);
    }
}
