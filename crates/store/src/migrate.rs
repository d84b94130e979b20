//! Forward-only migrations: numbered, checksummed, under a lock.

use base::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::{StoreError, Tx};

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number, from 1, without gaps.
    pub number: u32,
    /// A short name, as in its file's name.
    pub name: &'static str,
    /// Its text, in PostgreSQL's type names; see the engine's dialect.
    pub sql: &'static str,
}

/// What a run of the migrations found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// How many had been applied before.
    pub before: usize,
    /// How many are applied now.
    pub now: usize,
}

/// Why the schema cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database was written by a newer program.
    #[error(
        "the database has schema version {found}, this program knows {known}: use a newer program"
    )]
    Newer {
        /// The highest step applied.
        found: u32,
        /// The highest step known.
        known: u32,
    },
    /// An applied step's text is not the one this program has.
    #[error("migration {0} was changed after it had been applied")]
    Changed(String),
    /// A step failed; nothing of this run was kept.
    #[error("migration {name} failed: {reason}")]
    Failed {
        /// The step.
        name: String,
        /// Why.
        reason: StoreError,
    },
    /// The database is not available.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Any number: it only must differ from other users' locks in the same database.
const LOCK: &str = "select pg_advisory_xact_lock(7238411099)";

/// Applies what is missing, in the running transaction.
pub(crate) fn run(
    tx: &mut Tx<'_>,
    migrations: &[Migration],
    now: Timestamp,
) -> Result<MigrationState, MigrateError> {
    let engine = tx.engine();
    if engine == crate::Engine::Postgres {
        tx.query(LOCK, &[], |_| Ok(()))?;
    }
    tx.execute_script(&engine.migration_text(
        "create table if not exists schema_migrations (\n\
         number bigint primary key,\n\
         name text not null,\n\
         checksum text not null,\n\
         applied_at bigint not null\n\
         ) strict;",
    ))?;
    let applied = tx.query(
        "select number, checksum from schema_migrations order by number",
        &[],
        |row| Ok((row.get::<u32>(0)?, row.get::<String>(1)?)),
    )?;
    check(&applied, migrations)?;
    for migration in migrations.iter().skip(applied.len()) {
        let name = format!("{:04}_{}", migration.number, migration.name);
        tx.execute_script(&engine.migration_text(migration.sql))
            .map_err(|reason| MigrateError::Failed {
                name: name.clone(),
                reason,
            })?;
        tx.execute(
            "insert into schema_migrations (number, name, checksum, applied_at) \
             values ($1, $2, $3, $4)",
            &[
                migration.number.into(),
                migration.name.into(),
                checksum(migration.sql).as_str().into(),
                now.into(),
            ],
        )?;
        tracing::info!(migration = name, "schema migrated");
    }
    Ok(MigrationState {
        before: applied.len(),
        now: migrations.len(),
    })
}

fn check(applied: &[(u32, String)], migrations: &[Migration]) -> Result<(), MigrateError> {
    let known = migrations.last().map_or(0, |migration| migration.number);
    for (index, (number, sum)) in applied.iter().enumerate() {
        let Some(migration) = migrations.get(index) else {
            let found = applied.last().map_or(*number, |(number, _)| *number);
            return Err(MigrateError::Newer { found, known });
        };
        if *number != migration.number || *sum != checksum(migration.sql) {
            return Err(MigrateError::Changed(format!(
                "{number:04}_{}",
                migration.name
            )));
        }
    }
    Ok(())
}

fn checksum(text: &str) -> String {
    base::hex(&Sha256::digest(text.as_bytes()))
}
