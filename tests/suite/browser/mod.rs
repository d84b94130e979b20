//! What people see and do, in a real browser. How to write such a test: `harness/browser/mod.rs`.

mod instrument;
mod public;
