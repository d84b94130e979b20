//! What each role may do, as a table.

use crate::http::Capability::{
    AlertTriage, AuditRead, EventChange, EventCreate, Manage, MonitorRead,
};
use crate::http::{Capability, Role};

/// A line of the table: what, and whether each role may, mightiest role first.
pub(super) struct Right {
    pub(super) what: &'static str,
    pub(super) word: &'static str,
    pub(super) may: [bool; 3],
}

const RIGHTS: [(Capability, &str); 6] = [
    (
        MonitorRead,
        "Read events, alerts, statistics and live updates",
    ),
    (
        AlertTriage,
        "Acknowledge, resolve, assign and comment on alerts",
    ),
    (EventCreate, "Send events"),
    (EventChange, "Change and delete events"),
    (Manage, "Manage users, ingest keys, settings and the system"),
    (AuditRead, "Read, verify and export the audit log"),
];

/// The whole table.
pub(super) fn rights() -> Vec<Right> {
    let line = |&(capability, what): &(Capability, &'static str)| Right {
        what,
        word: capability.word(),
        may: Role::ALL.map(|role| role.can(capability)),
    };
    RIGHTS.iter().map(line).collect()
}
