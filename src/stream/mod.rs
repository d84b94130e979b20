//! What changes, as it happens: server-sent events, and the same by polling.
//!
//! One follower a server ([`Live`], `hub`) reads what is new about alerts once, from the database
//! alone, and hands the finished bytes to every client's `reader`. An announcement of `App` only
//! says that it is time to look; what other servers store is found by looking every 2 s. Where a
//! client is (`resume`) is the highest alert and the highest entry of the history it was told of;
//! `tail` knows why PostgreSQL makes that less simple than it sounds.

pub mod api;
mod hub;
mod message;
mod places;
mod poll;
mod rate;
mod reader;
mod resume;
mod sql;
mod tail;

pub use hub::Live;
pub use message::{ChangedAlert, RaisedAlert};
pub use poll::{Changes, Stats, stats};
pub use resume::{NoResume, Resume};
