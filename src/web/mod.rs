//! What is not a resource: the root of the API, the documentation, health and metrics.

pub mod docs;
pub mod health;
pub mod home;

pub use health::{Readiness, render_metrics};
