//! What people act on: alerts raised by severe events, and what is done about them.
//!
//! An alert is raised, follows and goes with its event in the event's own transaction
//! ([`raise`], [`follow_event`], [`withdraw`]). Its rules are in `lifecycle`; what people do in
//! `change`; how it is found in `list`, `filter` and `sql/list`. It knows no ingestion.

pub mod api;
mod change;
mod error;
mod export;
mod filter;
mod history;
mod lifecycle;
mod list;
mod model;
mod raise;
mod sla;
mod sql;
mod stats;
#[cfg(test)]
mod tests;

pub use change::{AlertChange, Assignee, change, comment};
pub use error::AlertError;
pub use export::{ExportFormat, UnknownFormat, export};
pub(crate) use export::{cell as csv_cell, csv_lines};
pub use filter::{AlertFilter, Assigned, Ordering, SortKey, Way};
pub use lifecycle::{Edit, Refusal};
pub use list::{Found, find, get, timeline};
pub use model::{
    Alert, AlertState, AlertStatus, Person, Resolution, TEXT_MAX, TimelineActor, TimelineEntry,
    TimelineKind, UnknownResolution, UnknownStatus,
};
pub use raise::{NewAlert, follow_event, of_event, raise, withdraw};
pub use sla::{due, is_breached};
pub use stats::{AlertStats, BySeverity, ByStatus, stats};
