//! Sums of what happened by minute, half hour, hour and day, so that figures need no scan.
//!
//! [`Rollup`] gathers what one transaction changes and writes it with that transaction; the sums
//! are therefore always those of the tables. What people see of them is made in `overview`. This
//! module knows no event and no alert: only numbers with a [`Kind`].

mod durations;
mod model;
mod sql;

pub use durations::Durations;
pub use model::{Kind, Origin, Rollup, Span, Stretch};
pub use sql::{Sums, TimeSums, by_bucket, by_item, by_start, forget_minutes};
