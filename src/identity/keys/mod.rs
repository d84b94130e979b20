//! Ingest keys: `wp_` and 256 random bits as base64url, shown once, stored as SHA-256.

mod sql;

use std::net::IpAddr;
use std::sync::Arc;

use base::{Cursor, Timestamp};
use ipnet::IpNet;
use store::{StoreError, Tx};

use super::IdentityError;
use super::model::{Key, NewKey};
use super::rules::Faults;
use super::tokens::{digest, random};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::credentials::{KEY_LENGTH, KEY_PREFIX, KnownKey, Secret};
use crate::http::{Actor, Caller};

/// Characters of a key that are stored and shown.
const SHOWN: usize = 11;
/// The only scope there is.
pub(super) const EVENTS_WRITE: &str = "events:write";
const NAME_MAX: usize = 100;
/// As long as an event's source may be.
const SOURCE_MAX: usize = 255;
const NETWORKS_MAX: usize = 64;
/// Most keys told of some sources.
const OF_SOURCES_MAX: i64 = 1_000;

/// A key that was made.
#[derive(Clone, Debug)]
pub struct CreatedKey {
    /// What is stored of it.
    pub key: Key,
    /// The key itself: to be shown once.
    pub secret: Secret,
}

fn text(faults: &mut Faults, field: &str, value: &str, max: usize) -> String {
    let value = value.trim();
    if !(1..=max).contains(&value.chars().count()) {
        faults.note(field, format!("must have 1 to {max} characters"));
    }
    if value.contains('\0') {
        faults.note(field, "must not contain U+0000");
    }
    value.to_owned()
}

/// An address alone is a network of one.
fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>()
        .map(|net| net.trunc())
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .ok()
}

fn checked_networks(faults: &mut Faults, given: &[String]) -> Vec<IpNet> {
    if given.len() > NETWORKS_MAX {
        faults.note("networks", format!("must be at most {NETWORKS_MAX}"));
        return Vec::new();
    }
    let mut networks = Vec::new();
    for text in given {
        match network(text) {
            Some(network) => networks.push(network),
            None => faults.note(
                "networks",
                "each must be a network such as 192.0.2.0/24, or an address",
            ),
        }
    }
    networks
}

/// Checks a new key and makes its secret.
pub(super) fn prepare(
    caller: &Caller,
    new: NewKey,
    now: Timestamp,
) -> Result<CreatedKey, IdentityError> {
    let mut faults = Faults::default();
    let name = text(&mut faults, "name", &new.name, NAME_MAX);
    let source_name = new
        .source_name
        .map(|source| text(&mut faults, "source_name", &source, SOURCE_MAX));
    let networks = checked_networks(&mut faults, &new.networks);
    if new
        .scopes
        .is_some_and(|scopes| scopes.is_empty() || scopes.iter().any(|it| it != EVENTS_WRITE))
    {
        faults.note("scopes", format!("may hold {EVENTS_WRITE} only"));
    }
    if new.expires_at.is_some_and(|at| at <= now) {
        faults.note("expires_at", "must lie ahead");
    }
    faults.finish()?;
    let secret = format!("{KEY_PREFIX}{}", random::<32>());
    let created_by = match &caller.actor {
        Actor::User { id, .. } => Some(*id),
        _ => None,
    };
    Ok(CreatedKey {
        key: Key {
            id: 0,
            name,
            prefix: secret.chars().take(SHOWN).collect(),
            source_name,
            scopes: vec![EVENTS_WRITE.to_owned()],
            networks,
            created_by,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
        },
        secret: Secret::new(secret),
    })
}

/// Stores a prepared key and audits it.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    caller: &Caller,
    created: &CreatedKey,
) -> Result<Key, StoreError> {
    let id = sql::insert(tx, &created.key, &digest(&created.secret))?;
    let key = Key {
        id,
        ..created.key.clone()
    };
    let entry = Entry::new("key.created").on("key", id).after(&key);
    audit::append(tx, caller, key.created_at, entry)?;
    Ok(key)
}

/// Makes a key.
///
/// # Errors
/// [`IdentityError::Refused`] naming each field that breaks a rule.
pub async fn create_key(
    app: &App,
    caller: &Caller,
    new: NewKey,
) -> Result<CreatedKey, IdentityError> {
    let created = prepare(caller, new, app.clock.now())?;
    let caller = caller.clone();
    app.store
        .write(move |tx| {
            let key = insert(tx, &caller, &created)?;
            Ok(CreatedKey { key, ..created })
        })
        .await
}

/// A page of keys, newest first, and how many there are (counted to 10,001).
///
/// # Errors
/// The database's fault.
pub async fn list_keys(
    app: &App,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<(Vec<Key>, i64), IdentityError> {
    app.store
        .read(move |tx| {
            let rows = sql::page(tx, cursor, limit)?;
            let most = crate::http::COUNT_MAX.saturating_add(1);
            Ok((rows, sql::count(tx, most)?))
        })
        .await
}

/// The keys bound to one of some sources that are not revoked, newest first, at most 1,000.
///
/// # Errors
/// The database's fault.
pub fn keys_of_sources(tx: &mut Tx<'_>, sources: &[&str]) -> Result<Vec<Key>, StoreError> {
    sql::of_sources(tx, sources, OF_SOURCES_MAX)
}

/// Revokes a key: in this process at once, in others within 2 seconds. A second time changes
/// nothing.
///
/// # Errors
/// [`IdentityError::NotFound`], or the database's fault.
pub async fn revoke_key(app: &App, caller: &Caller, id: i64) -> Result<Key, IdentityError> {
    let now = app.clock.now();
    let caller = caller.clone();
    let key = app
        .store
        .write(move |tx| {
            let before = sql::lock(tx, id)?.ok_or(IdentityError::NotFound("key"))?;
            if before.revoked_at.is_some() {
                return Ok::<_, IdentityError>(before);
            }
            sql::revoke(tx, id, now)?;
            let after = Key {
                revoked_at: Some(now),
                ..before.clone()
            };
            let entry = Entry::new("key.revoked")
                .on("key", id)
                .before(&before)
                .after(&after);
            audit::append(tx, &caller, now, entry)?;
            Ok(after)
        })
        .await?;
    app.credentials.keys.forget();
    Ok(key)
}

/// The key behind what a request presents, when it counts now; asks the database at most every
/// 2 seconds.
pub(super) async fn known(app: &App, presented: &str) -> Result<Option<Arc<KnownKey>>, StoreError> {
    if presented.len() != KEY_LENGTH || !presented.starts_with(KEY_PREFIX) {
        return Ok(None);
    }
    let hash = digest(&Secret::new(presented.to_owned()));
    let now = app.clock.now();
    let key = match app.credentials.keys.get(&hash, now) {
        Ok(key) => key,
        Err(generation) => {
            let Some(key) = app.store.read(move |tx| sql::known(tx, &hash)).await? else {
                return Ok(None);
            };
            let key = Arc::new(key);
            let cache = &app.credentials.keys;
            cache.put(hash, Arc::clone(&key), now, generation);
            key
        }
    };
    Ok(Some(key).filter(|key| key.expires_at.is_none_or(|at| now < at)))
}

/// Whether a key may be used from an address.
pub(super) fn reaches(key: &KnownKey, address: IpAddr) -> bool {
    let address = address.to_canonical();
    key.networks.is_empty() || key.networks.iter().any(|net| net.contains(&address))
}

/// Notes the use of a key in the background, at most once a minute.
pub(super) fn note_use(app: &App, id: i64) {
    let now = app.clock.now();
    if !app.credentials.keys.use_is_due(id, now) {
        return;
    }
    let store = app.store.clone();
    app.tasks.spawn(async move {
        if let Err(error) = store.write(move |tx| sql::used(tx, id, now)).await {
            tracing::debug!(%error, key.id = id, "the last use of a key was not written down");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(new: NewKey) -> Vec<String> {
        let caller = Caller::system("test");
        match prepare(&caller, new, Timestamp::from_millis(0)) {
            Err(IdentityError::Refused(errors)) => errors.into_keys().collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_field_of_a_key_is_checked() {
        let good = NewKey {
            name: " edge ".to_owned(),
            networks: vec!["192.0.2.7/24".to_owned(), "2001:db8::1".to_owned()],
            ..NewKey::default()
        };
        let caller = Caller::system("test");
        let made = prepare(&caller, good.clone(), Timestamp::from_millis(0)).unwrap();
        assert_eq!(made.key.name, "edge");
        assert_eq!(made.secret.expose().len(), KEY_LENGTH);
        assert!(made.secret.expose().starts_with(&made.key.prefix));
        let nets: Vec<String> = made.key.networks.iter().map(ToString::to_string).collect();
        assert_eq!(nets, ["192.0.2.0/24", "2001:db8::1/128"]);
        let bad = NewKey {
            name: "a\0".to_owned(),
            source_name: Some(" ".to_owned()),
            scopes: Some(vec!["admin".to_owned()]),
            networks: vec!["here".to_owned()],
            expires_at: Some(Timestamp::from_millis(0)),
        };
        assert_eq!(
            refused(bad),
            ["expires_at", "name", "networks", "scopes", "source_name"]
        );
    }

    #[test]
    fn a_key_is_bound_to_its_networks() {
        let key = |networks: &[&str]| KnownKey {
            id: 1,
            name: "k".into(),
            source: None,
            scopes: EVENTS_WRITE.to_owned(),
            networks: networks.iter().map(|it| it.parse().unwrap()).collect(),
            expires_at: None,
        };
        let from = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(reaches(&key(&[]), from("192.0.2.1")));
        assert!(reaches(&key(&["192.0.2.0/24"]), from("::ffff:192.0.2.1")));
        assert!(!reaches(&key(&["192.0.2.0/24"]), from("192.0.3.1")));
    }
}
