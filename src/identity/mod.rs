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
mod pages;
mod preferences;
mod presented;
mod rules;
mod same_origin;
mod sessions;
mod sign_in;
mod still;
#[cfg(test)]
mod tests;
mod tokens;
mod users;

pub use crate::credentials::Secret;
pub use bootstrap::{FirstAdmin, FirstRun, first_admin, first_run};
pub use error::IdentityError;
pub use keys::{CreatedKey, create_key, keys_of_sources, list_keys, revoke_key};
pub use layer::{Gate, guard};
pub use model::{
    Key, ListedUser, NewKey, NewUser, Profile, ProfileChange, User, UserChange, UserFilter,
};
pub use pages::{page_guard, safe_next};
pub use preferences::{Density, Preference, Preferences, PreferencesChange, Theme, TimeZone};
pub use sessions::{
    BrowserSession, OpenSession, Pair, SessionKind, end_own_session, end_user_sessions,
    forget_sessions, own_sessions, refresh, sign_out, sign_out_browser, sign_out_everywhere,
    user_sessions, verify_token,
};
pub use sign_in::{sign_in, sign_in_browser, unlock};
pub use still::still;
pub use users::{
    Created, analyst_name, change_me, change_own_password, change_user, create_user, delete_user,
    find_user, get_user, list_users, profile, reset_password, reset_password_of, sign_up,
};
