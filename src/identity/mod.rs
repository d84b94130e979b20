//! Who may come in: users, their passwords and sessions, ingest keys, and the layer that
//! authenticates each request.
//!
//! Start at [`guard`], which every route runs through, then `sign_in` and `sessions`. Every
//! change is audited in its own transaction; hashing happens outside of transactions.

pub mod api;
mod bootstrap;
mod error;
mod keys;
mod layer;
mod listing;
mod model;
mod rules;
mod sessions;
mod sign_in;
#[cfg(test)]
mod tests;
mod tokens;
mod users;

pub use crate::credentials::Secret;
pub use bootstrap::{FirstAdmin, first_admin};
pub use error::IdentityError;
pub use keys::{CreatedKey, create_key, list_keys, revoke_key};
pub use layer::{Gate, guard};
pub use model::{Key, NewKey, NewUser, Profile, ProfileChange, User, UserChange, UserFilter};
pub use sessions::{Pair, forget_sessions, refresh, sign_out, sign_out_everywhere, verify_token};
pub use sign_in::{sign_in, unlock};
pub use users::{
    Created, change_me, change_own_password, change_user, create_user, delete_user, find_user,
    get_user, list_users, profile, reset_password, sign_up,
};
