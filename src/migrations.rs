//! The schema, step by step.

use store::Migration;

macro_rules! step {
    ($number:literal, $file:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            sql: include_str!(concat!("../migrations/", $file, "_", $name, ".sql")),
        }
    };
}

/// Every step, in order; a released one is never edited.
pub const MIGRATIONS: &[Migration] = &[
    step!(1, "0001", "identity"),
    step!(2, "0002", "events"),
    step!(3, "0003", "alerts"),
    step!(4, "0004", "audit"),
    step!(5, "0005", "undo"),
    step!(6, "0006", "views"),
    step!(7, "0007", "rollups"),
    step!(8, "0008", "sources"),
    step!(9, "0009", "blocks"),
    step!(10, "0010", "removals"),
];
