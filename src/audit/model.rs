//! What an entry says.

use base::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::http::Caller;

/// What happened, as the slice that did it says it.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    action: &'static str,
    object: Option<(&'static str, String)>,
    before: Option<Box<RawValue>>,
    after: Option<Box<RawValue>>,
    actor: Option<String>,
}

impl Entry {
    /// An action such as `alert.changed` or `sign_in.failed`.
    #[must_use]
    pub fn new(action: &'static str) -> Self {
        Self {
            action,
            ..Self::default()
        }
    }

    /// What it was done to.
    #[must_use]
    pub fn on(mut self, kind: &'static str, id: impl std::fmt::Display) -> Self {
        self.object = Some((kind, id.to_string()));
        self
    }

    /// How the object was before; no secrets.
    #[must_use]
    pub fn before(mut self, value: impl Serialize) -> Self {
        self.before = to_raw_value(&value).ok();
        self
    }

    /// How the object is now; no secrets.
    #[must_use]
    pub fn after(mut self, value: impl Serialize) -> Self {
        self.after = to_raw_value(&value).ok();
        self
    }

    /// Names an actor who is not signed in, such as the user name of a failed sign-in; kept to
    /// 255 characters.
    #[must_use]
    pub fn by(mut self, name: &str) -> Self {
        self.actor = Some(name.chars().take(255).collect());
        self
    }
}

/// One entry of the log.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// `user`, `key`, `anonymous` or `system`.
    #[schema(example = "user")]
    pub actor_kind: String,
    /// The actor's id, where it has one.
    pub actor_id: Option<i64>,
    /// The actor's name; for a failed sign-in the name that was tried.
    #[schema(example = "admin")]
    pub actor: String,
    /// The client's address; behind a trusted proxy `CLIENT via PROXY`.
    #[schema(example = "192.0.2.7")]
    pub address: String,
    /// The client's `User-Agent`.
    #[schema(example = "curl/8.5.0")]
    pub user_agent: String,
    /// The request's id.
    pub request_id: String,
    /// What was done.
    #[schema(example = "alert.changed")]
    pub action: String,
    /// The kind of thing it was done to.
    #[schema(example = "alert")]
    pub object_kind: Option<String>,
    /// The thing's id.
    #[schema(example = "42")]
    pub object_id: Option<String>,
    /// The thing before.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Box<RawValue>>,
    /// The thing after.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Box<RawValue>>,
}

impl AuditEntry {
    pub(super) fn new(seq: i64, at: Timestamp, caller: &Caller, entry: Entry) -> Self {
        let origin = &caller.origin;
        let (object_kind, object_id) = match entry.object {
            Some((kind, id)) => (Some(kind.to_owned()), Some(id)),
            None => (None, None),
        };
        Self {
            seq,
            at,
            actor_kind: caller.actor.kind().to_owned(),
            actor_id: caller.actor.id(),
            actor: storable(
                entry
                    .actor
                    .as_deref()
                    .unwrap_or_else(|| caller.actor.name()),
            ),
            address: match origin.proxy {
                Some(proxy) => format!("{} via {proxy}", origin.address),
                None => origin.address.to_string(),
            },
            user_agent: storable(&origin.user_agent),
            request_id: origin.request_id.to_string(),
            action: entry.action.to_owned(),
            object_kind,
            object_id,
            before: entry.before,
            after: entry.after,
        }
    }
}

/// PostgreSQL text cannot hold U+0000.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Which entries are wanted; all of what is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The actor's name.
    pub actor: Option<String>,
    /// The action, or its beginning with a dot: `alert.` is every change of an alert.
    pub action: Option<String>,
    /// The kind of object.
    pub object_kind: Option<String>,
    /// The object's id.
    pub object_id: Option<String>,
    /// The client's address.
    pub address: Option<String>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
}
