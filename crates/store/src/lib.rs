//! One SQL text on two engines.
//!
//! A domain function is plain synchronous Rust over a [`Tx`]; [`Store::read`] and
//! [`Store::write`] run it where the database is. On SQLite every write goes through one thread
//! that owns the only writing connection and commits whatever is queued together; reads run on
//! a few read-only connections. On PostgreSQL both run on a bounded set of connections, one
//! thread each. No caller knows which engine it speaks to; what differs lives in `dialect`.
//!
//! Start reading at [`Store`]. This crate must not know any table but its own.

mod arg;
mod dialect;
mod error;
mod job;
mod libpq;
mod migrate;
mod postgres;
mod row;
mod sql;
mod sqlite;
mod store;
mod tx;

pub use arg::Arg;
pub use dialect::Engine;
pub use error::{OpenError, StoreError};
pub use migrate::{MigrateError, Migration, MigrationState};
pub use row::{FromColumn, Row};
pub use sql::Sql;
pub use store::{Location, LocationError, Options, Stats, Store};
pub use tx::Tx;
