//! Every statement on `ingest_keys`.

use std::sync::Arc;

use base::{Cursor, Timestamp};
use ipnet::IpNet;
use store::{Row, Sql, StoreError, Tx};

use crate::credentials::KnownKey;
use crate::identity::listing::page_by_id;
use crate::identity::model::Key;

fn networks(text: &str) -> Result<Vec<IpNet>, StoreError> {
    serde_json::from_str(text)
        .map_err(|_| StoreError::Shape(Arc::from("an unreadable list of networks")))
}

fn read(row: &Row<'_>) -> Result<Key, StoreError> {
    let scopes: String = row.get(4)?;
    let nets: String = row.get(5)?;
    Ok(Key {
        id: row.get(0)?,
        name: row.get(1)?,
        prefix: row.get(2)?,
        source_name: row.get(3)?,
        scopes: scopes.split(' ').map(str::to_owned).collect(),
        networks: networks(&nets)?,
        created_by: row.get(6)?,
        created_at: row.get(7)?,
        expires_at: row.get(8)?,
        last_used_at: row.get(9)?,
        revoked_at: row.get(10)?,
    })
}

/// Stores a key; returns its id.
pub(super) fn insert(tx: &mut Tx<'_>, key: &Key, hash: &[u8; 32]) -> Result<i64, StoreError> {
    let scopes = key.scopes.join(" ");
    let networks = serde_json::to_string(&key.networks)
        .map_err(|error| StoreError::Shape(Arc::from(error.to_string())))?;
    tx.query_one(
        "insert into ingest_keys (name, prefix, hash, source_name, scopes, networks, created_by, \
         created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id",
        &[
            (&key.name).into(),
            (&key.prefix).into(),
            hash.into(),
            key.source_name.as_ref().into(),
            (&scopes).into(),
            (&networks).into(),
            key.created_by.into(),
            key.created_at.into(),
            key.expires_at.into(),
        ],
        |row| row.get(0),
    )
}

/// A page of keys, newest first, by primary key.
pub(super) fn page(
    tx: &mut Tx<'_>,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    let mut sql = Sql::new(
        "select id, name, prefix, source_name, scopes, networks, created_by, created_at, \
         expires_at, last_used_at, revoked_at from ingest_keys where true",
    );
    page_by_id(&mut sql, cursor, limit);
    tx.select(&sql, read)
}

/// Keys bound to one of some sources that are not revoked, newest first; every key is looked at.
pub(super) fn of_sources(
    tx: &mut Tx<'_>,
    sources: &[&str],
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    let mut sql = Sql::new(
        "select id, name, prefix, source_name, scopes, networks, created_by, created_at, \
         expires_at, last_used_at, revoked_at from ingest_keys where revoked_at is null",
    );
    sql.and_in("source_name", sources.iter().copied())
        .push(" order by id desc limit ")
        .bind(limit);
    tx.select(&sql, read)
}

/// How many keys there are, counted up to `limit`.
pub(super) fn count(tx: &mut Tx<'_>, limit: i64) -> Result<i64, StoreError> {
    tx.query_one(
        "select count(*) from (select id from ingest_keys limit $1) counted",
        &[limit.into()],
        |row| row.get(0),
    )
}

/// By primary key, locked until commit.
pub(super) fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<Key>, StoreError> {
    let lock = tx.engine().for_update();
    tx.query_opt(
        &format!(
            "select id, name, prefix, source_name, scopes, networks, created_by, created_at, \
             expires_at, last_used_at, revoked_at from ingest_keys where id = $1{lock}"
        ),
        &[id.into()],
        read,
    )
}

/// From now on it opens nothing.
pub(super) fn revoke(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "update ingest_keys set revoked_at = $2 where id = $1",
        &[id.into(), now.into()],
    )?;
    Ok(())
}

/// A key that is not revoked, by the unique index on its hash.
pub(super) fn known(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<KnownKey>, StoreError> {
    tx.query_opt(
        "select id, name, source_name, scopes, networks, expires_at from ingest_keys \
         where hash = $1 and revoked_at is null",
        &[hash.into()],
        |row| {
            let nets: String = row.get(4)?;
            Ok(KnownKey {
                id: row.get(0)?,
                name: Arc::from(row.get::<String>(1)?),
                source: row.get::<Option<String>>(2)?.map(Arc::from),
                scopes: row.get(3)?,
                networks: networks(&nets)?,
                expires_at: row.get(5)?,
            })
        },
    )
}

/// Notes that a key was used.
pub(super) fn used(tx: &mut Tx<'_>, id: i64, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "update ingest_keys set last_used_at = $2 where id = $1",
        &[id.into(), at.into()],
    )?;
    Ok(())
}
