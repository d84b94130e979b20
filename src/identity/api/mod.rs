//! Identity over HTTP: handlers for the router.

mod keys;
mod me;
mod sessions;
mod tokens;
mod users;

pub use keys::*;
pub use me::*;
pub use sessions::*;
pub use tokens::*;
pub use users::*;
