//! Every test through HTTP, the real router and a real database, on both engines.
//!
//! One binary, a file per capability. Run it by `./test`, which starts the PostgreSQL it needs.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::assigning_clones,
    clippy::format_collect,
    clippy::too_many_lines,
    unreachable_pub,
    reason = "tests may panic, and say so by failing"
)]

#[macro_use]
mod harness;

mod accounts;
mod admin_pages;
mod alerts;
mod audit;
mod browser;
mod browser_session;
mod bulk;
mod contract;
mod dialects;
mod documents;
mod events;
mod events_page;
mod explorer;
mod faults;
mod figures;
mod finding;
mod identity;
mod ingest;
mod operations;
mod overview;
mod overview_page;
mod raw_requests;
mod retention;
mod rights;
mod search;
mod senders_alertmanager;
mod senders_bulk;
mod senders_json;
mod senders_otlp;
mod senders_records;
mod source_rules;
mod sources;
mod store;
mod storms;
mod stream;
mod syslog;
mod syslog_refused;
mod views;
