//! Watchpost: a self-hosted threat monitor. Events in, alerts out, everything audited.
//!
//! The modules stand in the order of their dependencies: each uses only those above it. A test
//! holds them to it. `ARCHITECTURE.md` walks one event from the socket to the screen.

// What the operator decides.
pub mod config;

// The server's key, and the keys derived from it.
pub mod secrets;

// How often somebody may do something.
pub mod limits;

// What the server counts.
pub mod metrics;

// Where an address is.
pub mod geo;

// What is remembered about passwords and keys.
pub mod credentials;

// What every slice is handed.
pub mod app;

// What every handler uses.
pub mod http;

// The activity log.
pub mod audit;

// Repeated requests.
pub mod repeats;

// Sums kept while things happen.
pub mod rollups;

// The schema, step by step.
pub mod migrations;

// Who may come in.
pub mod identity;

// The words people search with.
pub mod search;

// What happened.
pub mod events;

// What senders write, as events.
pub mod adapters;

// Who reports, and what became of it.
pub mod sources;

// What people act on.
pub mod alerts;

// Lists people keep.
pub mod views;

// Figures of the whole, from kept counts.
pub mod overview;

// What changes, as it happens.
pub mod stream;

// The way in.
pub mod ingest;

// What is not kept for ever.
pub mod retention;

// Documentation, health, metrics.
pub mod web;

// The pages people work in.
pub mod dashboard;

// Every route on one screen.
pub mod router;

// The running server.
pub mod serve;

// The command line.
pub mod cli;
