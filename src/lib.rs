//! Watchpost: a self-hosted threat monitor. Events in, alerts out, everything audited.
//!
//! The modules stand in the order of their dependencies: each uses only those above it. A test
//! holds them to it. `ARCHITECTURE.md` walks one event from the socket to the screen.

/// What every slice is handed.
pub mod app;
/// The activity log.
pub mod audit;
/// What the operator decides.
pub mod config;
/// What happened.
pub mod events;
/// Where an address is.
pub mod geo;
/// What every handler uses.
pub mod http;
/// How often somebody may do something.
pub mod limits;
/// What the server counts.
pub mod metrics;
/// The schema, step by step.
pub mod migrations;
/// Repeated requests.
pub mod repeats;
/// The server's key, and the keys derived from it.
pub mod secrets;
