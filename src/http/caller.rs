//! Who is asking.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::{Problem, Role};

/// Where a request comes from, whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The client's address: the socket's, or the one a trusted proxy names.
    pub address: IpAddr,
    /// The socket's own address, when a trusted proxy stands in between.
    pub proxy: Option<IpAddr>,
    /// Whether the client spoke TLS: a trusted proxy's word, for the server itself speaks none.
    pub https: bool,
    /// The `User-Agent`, at most 512 characters, control characters replaced.
    pub user_agent: Arc<str>,
    /// The request's id, as answered in `X-Request-Id`.
    pub request_id: Arc<str>,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Nobody in particular.
    Anonymous,
    /// A person.
    User {
        /// Their id.
        id: i64,
        /// Their name.
        username: Arc<str>,
        /// Their role, read from the database for this request.
        role: Role,
        /// The session their token belongs to.
        session: Arc<str>,
    },
    /// A machine with an ingest key.
    Key {
        /// The key's id.
        id: i64,
        /// The key's name.
        name: Arc<str>,
        /// The only source it may speak for.
        source: Option<Arc<str>>,
    },
    /// The server itself, or its command line.
    System,
}

/// Who asks, and from where. Read by handlers, put on the request by authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
}

impl Origin {
    /// The scheme the client used: `https` or `http`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }
}

impl Actor {
    /// The word for its kind, as the audit log keeps it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::User { .. } => "user",
            Self::Key { .. } => "key",
            Self::System => "system",
        }
    }

    /// Its id, where it has one.
    #[must_use]
    pub const fn id(&self) -> Option<i64> {
        match self {
            Self::User { id, .. } | Self::Key { id, .. } => Some(*id),
            Self::Anonymous | Self::System => None,
        }
    }

    /// The only source it may speak for, where it is bound to one.
    #[must_use]
    pub fn bound_source(&self) -> Option<&str> {
        match self {
            Self::Key { source, .. } => source.as_deref(),
            Self::Anonymous | Self::User { .. } | Self::System => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous => "",
            Self::User { username, .. } => username,
            Self::Key { name, .. } => name,
            Self::System => "system",
        }
    }
}

/// By whom something shared is used: room, an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// An ingest key, by its id.
    Key(i64),
    /// A person, by their id.
    User(i64),
    /// Anybody at an address: syslog; and the server itself.
    Address(IpAddr),
}

impl Caller {
    /// By whom it uses what is shared.
    #[must_use]
    pub const fn sender(&self) -> Sender {
        match self.actor {
            Actor::Key { id, .. } => Sender::Key(id),
            Actor::User { id, .. } => Sender::User(id),
            Actor::Anonymous | Actor::System => Sender::Address(self.origin.address),
        }
    }

    /// The server itself, acting on the named occasion, such as `startup` or `command line`.
    #[must_use]
    pub fn system(occasion: &str) -> Self {
        Self {
            actor: Actor::System,
            origin: Origin {
                address: IpAddr::from([127, 0, 0, 1]),
                proxy: None,
                https: false,
                user_agent: Arc::from(occasion),
                request_id: Arc::from(""),
            },
        }
    }

    /// The person's id and role.
    ///
    /// # Errors
    /// 403 when the caller is no person; a route whose access lets only people in never sees it.
    pub fn user(&self) -> Result<(i64, Role), Problem> {
        match &self.actor {
            Actor::User { id, role, .. } => Ok((*id, *role)),
            _ => Err(Problem::forbidden("only a signed-in user can do this")),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Absent only when a route was mounted past authentication: refuse rather than guess.
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(Problem::unauthorized)
    }
}
