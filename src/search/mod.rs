//! The words people search with: `field:value`, `-field:value`, quotes and free text.
//!
//! [`Query`] knows the grammar alone. A slice says in one table ([`Field`]) which fields it has;
//! reading ([`Query::resolve`]), suggestions, help and mistakes all come from that table. Nothing
//! here asks a database.

mod fields;
mod mistake;
mod moment;
mod narrow;
mod nearest;
mod parse;
mod query;
mod single;
mod text;

pub use fields::{Field, Kind, NONE, path_segments};
pub use mistake::{Mistake, Span};
pub use moment::moment;
pub use narrow::narrow;
pub use parse::{CHARS_MAX, TERMS_MAX, VALUES_MAX, WORDS_MAX};
pub use query::{Query, Term, Value};
pub use single::{take_countries, take_ids, take_query, take_time};
pub use text::Sought;
