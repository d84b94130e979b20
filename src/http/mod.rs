//! What every handler uses: problems, callers, bodies, pages, the accept loop.
//!
//! It knows no slice: authentication puts a [`Caller`] on the request, extractors only read it.

mod access;
mod body;
mod caller;
mod cookie;
mod dialect;
mod export;
mod extract;
mod finish;
mod foreign_paths;
mod forwarded;
mod header_text;
pub mod listener;
mod page;
mod params;
mod paths;
mod problem;
mod rpc_status;
mod seldom;
mod shown;

pub use access::{Access, Capability, Role, UnknownRole};
pub use body::{BodyLimits, BodyRoom, MediaType, RawBody, essence, read_body, read_bytes};
pub use caller::{Actor, Caller, Origin, Sender};
pub use cookie::{SessionCookie, clear_session_cookie, session_cookie, set_session_cookie};
pub use dialect::ErrorForm;
pub(crate) use export::csv_cell;
pub use export::{ExportFormat, UnknownFormat};
pub use extract::{IfMatch, Json, PathId, with_etag};
pub use finish::{MatchedRoute, finish};
pub use foreign_paths::UrlToken;
pub use forwarded::{base_url, origin};
pub(crate) use header_text::header_text;
pub use page::{BaseUrl, COUNT_MAX, Count, Here, List, PageQuery, PageRequest};
pub use params::Params;
pub use paths::canonical;
pub use problem::{FieldErrors, Problem, ProblemBody, refusal};
pub(crate) use seldom::Seldom;
