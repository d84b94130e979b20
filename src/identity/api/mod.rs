//! Identity over HTTP: handlers for the router.

mod keys;
mod me;
mod tokens;
mod users;

pub use keys::*;
pub use me::*;
pub use tokens::*;
pub use users::*;
