//! Lists: the envelope, the size of a page, and the links to its neighbours.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use base::{Cursor, Direction};
use http::Uri;
use http::request::Parts;
use serde::Serialize;

use super::{Params, Problem};

/// Rows on a page when nobody says otherwise.
const SIZE: u32 = 20;
/// Most rows on a page.
const SIZE_MAX: u32 = 100;
/// Rows up to which pages can be asked for by number; further on, `next` leads.
const NUMBERED_MAX: u32 = 10_000;
/// Where counting stops.
pub const COUNT_MAX: i64 = 10_000;

/// How many rows match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The number, or how far counting went.
    pub n: u64,
    /// Whether it is the whole number; otherwise there are at least so many.
    pub exact: bool,
}

impl Count {
    /// All of them.
    #[must_use]
    pub fn exactly(n: i64) -> Self {
        Self {
            n: u64::try_from(n).unwrap_or(0),
            exact: true,
        }
    }

    /// From counting one row further than [`COUNT_MAX`].
    #[must_use]
    pub fn up_to_max(n: i64) -> Self {
        Self {
            exact: n <= COUNT_MAX,
            ..Self::exactly(n.min(COUNT_MAX))
        }
    }

    /// At least so many: counting stopped there.
    #[must_use]
    pub fn at_least(n: i64) -> Self {
        Self {
            exact: false,
            ..Self::exactly(n)
        }
    }
}

/// The envelope of every list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct List<T> {
    /// How many match; with `count_exact: false` at least so many.
    #[schema(example = 1)]
    pub count: u64,
    /// Present and `false` when counting stopped early: a list never counts millions of rows.
    #[serde(skip_serializing_if = "is_true")]
    #[schema(required = false)]
    pub count_exact: bool,
    /// Address of the next page, `null` at the end. A page may hold fewer rows than asked for
    /// and still have a next one: the search then goes on there.
    #[schema(example = json!(null))]
    pub next: Option<String>,
    /// Address of the page before, `null` at the beginning.
    #[schema(example = json!(null))]
    pub previous: Option<String>,
    /// The rows.
    pub results: Vec<T>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape serde asks for"
)]
const fn is_true(value: &bool) -> bool {
    *value
}

/// Which page of a list, as the schema shows it.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its shape is read, by the schema")]
pub struct PageQuery {
    /// 1 to 100, default 20.
    page_size: Option<u32>,
    /// The page's number, from 1; not together with `cursor`.
    page: Option<u32>,
    /// From `next` or `previous`.
    cursor: Option<String>,
}

/// Which page is asked for: `page_size` (1 to 100, default 20), and `page` or `cursor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows at the most.
    pub size: u32,
    /// Rows of the pages before, when the page was asked for by its number.
    pub offset: u32,
    /// Where it begins; absent, at the beginning.
    pub cursor: Option<Cursor>,
}

impl PageRequest {
    /// Takes `page_size`, `page` and `cursor` out of the parameters.
    pub fn take(params: &mut Params) -> Self {
        let given = params.value::<u32>("page_size");
        if given.is_some_and(|size| !(1..=SIZE_MAX).contains(&size)) {
            params.refuse("page_size", "must be 1 to 100");
        }
        let size = given.unwrap_or(SIZE).clamp(1, SIZE_MAX);
        let page = params.value::<u32>("page");
        let offset = page.unwrap_or(1).saturating_sub(1).saturating_mul(size);
        if page == Some(0) {
            params.refuse("page", "the first page is 1");
        } else if offset >= NUMBERED_MAX {
            params.refuse(
                "page",
                "leads beyond row 10000: follow `next`, or use narrower filters",
            );
        }
        let cursor = params.text("cursor").and_then(|text| {
            Cursor::decode(&text)
                .map_err(|error| params.refuse("cursor", error.to_string()))
                .ok()
        });
        if page.is_some() && cursor.is_some() {
            params.refuse("page", "cannot be given together with cursor");
        }
        Self {
            size,
            offset: offset.min(NUMBERED_MAX),
            cursor,
        }
    }

    /// Whether the page lies before its cursor: rows are then read in the opposite order.
    #[must_use]
    pub fn is_backwards(&self) -> bool {
        self.cursor
            .is_some_and(|cursor| cursor.direction == Direction::Previous)
    }

    /// How many rows to read: those of the pages before, its own, and one more that tells
    /// whether there are others.
    #[must_use]
    pub fn rows_wanted(&self) -> i64 {
        i64::from(self.offset)
            .saturating_add(i64::from(self.size))
            .saturating_add(1)
    }

    /// Cuts the rows read down to the page, in the list's own order; tells whether there were
    /// more.
    pub fn cut<T>(&self, rows: &mut Vec<T>) -> bool {
        let length = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        rows.drain(..length(self.offset).min(rows.len()));
        let more = rows.len() > length(self.size);
        rows.truncate(length(self.size));
        if self.is_backwards() {
            rows.reverse();
        }
        more
    }

    /// The cursors of the next page and of the one before, of a page in the order of its ids as
    /// [`PageRequest::cut`] left it; `more` is what that said, `stopped_at` the id at which a
    /// bounded search gave up before it had enough.
    pub fn neighbours<T>(
        &self,
        rows: &[T],
        more: bool,
        stopped_at: Option<i64>,
        id: impl Fn(&T) -> i64,
    ) -> (Option<Cursor>, Option<Cursor>) {
        let (first, last) = (rows.first().map(&id), rows.last().map(&id));
        let came_from = self.cursor.map(|cursor| cursor.id);
        let (next, previous) = if self.is_backwards() {
            (last.or(came_from), if more { first } else { stopped_at })
        } else {
            let next = if more { last } else { stopped_at };
            let has_previous = self.cursor.is_some() || self.offset > 0;
            (next, first.filter(|_| has_previous))
        };
        let at = |direction, id: Option<i64>| {
            id.map(|id| Cursor {
                direction,
                key: id,
                id,
            })
        };
        (at(Direction::Next, next), at(Direction::Previous, previous))
    }
}

impl<T> List<T> {
    /// Makes the answer of rows read in the order of their ids: as many as
    /// [`PageRequest::rows_wanted`] says, oriented away from the cursor.
    ///
    /// `stopped_at` is the id at which a bounded search gave up before it had enough.
    #[must_use]
    pub fn by_id(
        here: &Here,
        page: &PageRequest,
        mut rows: Vec<T>,
        count: Count,
        stopped_at: Option<i64>,
        id: impl Fn(&T) -> i64,
    ) -> Self {
        let more = page.cut(&mut rows);
        let (next, previous) = page.neighbours(&rows, more, stopped_at, id);
        Self::new(here, rows, count, next, previous)
    }

    /// Makes the answer of a page and its neighbours.
    #[must_use]
    pub fn new(
        here: &Here,
        rows: Vec<T>,
        count: Count,
        next: Option<Cursor>,
        previous: Option<Cursor>,
    ) -> Self {
        Self {
            count: count.n,
            count_exact: count.exact,
            next: next.map(|cursor| here.at(cursor)),
            previous: previous.map(|cursor| here.at(cursor)),
            results: rows,
        }
    }
}

/// Scheme and host under which the client reached us, such as `https://watch.example`; empty
/// when it named none. Put on the request by the outermost layer.
#[derive(Clone, Debug)]
pub struct BaseUrl(pub Arc<str>);

/// The address that was asked for, to link from.
#[derive(Clone, Debug)]
pub struct Here {
    base: Arc<str>,
    uri: Uri,
}

impl Here {
    /// The same path and filters at another place of the list, as a complete URL.
    fn at(&self, cursor: Cursor) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let given = self.uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(given.as_bytes()) {
            if name != "cursor" && name != "page" {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair("cursor", &cursor.encode());
        format!("{}{}?{}", self.base, self.uri.path(), query.finish())
    }
}

impl<S: Sync> FromRequestParts<S> for Here {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let base = parts.extensions.get::<BaseUrl>();
        Ok(Self {
            base: base.map_or_else(|| Arc::from(""), |base| Arc::clone(&base.0)),
            uri: parts.uri.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Here {
        Here {
            base: Arc::from("https://watch.example"),
            uri: "/api/alerts/?severity=HIGH&page=3&search=a%20b"
                .parse()
                .unwrap(),
        }
    }

    fn request(query: &str) -> Result<PageRequest, Problem> {
        let mut params = Params::parse(query).unwrap();
        let page = PageRequest::take(&mut params);
        params.finish().map(|()| page)
    }

    #[test]
    fn links_are_complete_and_keep_the_filters() {
        let cursor = Cursor {
            direction: Direction::Next,
            key: 7,
            id: 7,
        };
        assert_eq!(
            here().at(cursor),
            format!(
                "https://watch.example/api/alerts/?severity=HIGH&search=a+b&cursor={}",
                cursor.encode()
            )
        );
    }

    #[test]
    fn pages_are_asked_for_by_number_or_by_cursor() {
        assert_eq!(
            request("").unwrap(),
            PageRequest {
                size: 20,
                offset: 0,
                cursor: None
            }
        );
        assert_eq!(request("page=3&page_size=10").unwrap().offset, 20);
        for bad in [
            "page=0",
            "page=x",
            "page_size=101",
            "page_size=0",
            "page=101&page_size=100",
        ] {
            assert!(request(bad).is_err(), "{bad}");
        }
        let cursor = Cursor {
            direction: Direction::Next,
            key: 7,
            id: 7,
        }
        .encode();
        assert!(request(&format!("page=2&cursor={cursor}")).is_err());
    }

    #[test]
    fn a_page_is_cut_out_of_what_was_read() {
        let page = request("page=2&page_size=2").unwrap();
        assert_eq!(page.rows_wanted(), 5);
        let middle = List::by_id(
            &here(),
            &page,
            vec![9_i64, 8, 7, 6, 5],
            Count::exactly(9),
            None,
            |id| *id,
        );
        assert_eq!(middle.results, [7, 6]);
        assert!(middle.next.is_some() && middle.previous.is_some());
        let end = List::by_id(
            &here(),
            &page,
            vec![9_i64, 8, 7],
            Count::exactly(3),
            None,
            |id| *id,
        );
        assert_eq!((end.results.as_slice(), end.next), (&[7_i64][..], None));
    }
}
