//! Lists: the envelope, the size of a page, and the links to its neighbours.

use base::{Cursor, Direction};
use http::Uri;
use serde::Serialize;

use super::Params;

/// Rows on a page when nobody says otherwise.
const SIZE: u32 = 50;
/// Most rows on a page.
const SIZE_MAX: u32 = 200;

/// The envelope of every list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct List<T> {
    /// How many match in all; `null` when telling would mean reading everything.
    pub count: Option<u64>,
    /// Address of the next page, `null` at the end. A page may hold fewer rows than asked for
    /// and still have a next one: the search then goes on there.
    pub next: Option<String>,
    /// Address of the page before, `null` at the beginning.
    pub previous: Option<String>,
    /// The rows.
    pub results: Vec<T>,
}

/// Which page is asked for: `page_size` (1 to 200, default 50) and `cursor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows at the most.
    pub size: u32,
    /// Where it begins; absent, at the beginning.
    pub cursor: Option<Cursor>,
}

impl PageRequest {
    /// Takes `page_size`, `limit` (its other name) and `cursor` out of the parameters.
    pub fn take(params: &mut Params) -> Self {
        let given = params
            .value::<u32>("page_size")
            .or(params.value::<u32>("limit"));
        if given.is_some_and(|size| !(1..=SIZE_MAX).contains(&size)) {
            params.refuse("page_size", "must be 1 to 200");
        }
        Self {
            size: given.unwrap_or(SIZE).clamp(1, SIZE_MAX),
            cursor: params.text("cursor").and_then(|text| {
                Cursor::decode(&text)
                    .map_err(|error| params.refuse("cursor", error.to_string()))
                    .ok()
            }),
        }
    }

    /// Whether the page lies before its cursor: rows are then read in the opposite order.
    #[must_use]
    pub fn is_backwards(&self) -> bool {
        self.cursor
            .is_some_and(|cursor| cursor.direction == Direction::Previous)
    }
}

/// Addresses of the neighbouring pages: the same path and filters, another cursor.
#[must_use]
pub fn links(
    uri: &Uri,
    next: Option<Cursor>,
    previous: Option<Cursor>,
) -> (Option<String>, Option<String>) {
    let link = |cursor: Cursor| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if name != "cursor" {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair("cursor", &cursor.encode());
        format!("{}?{}", uri.path(), query.finish())
    };
    (next.map(link), previous.map(link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_the_filters() {
        let uri: Uri = "/api/alerts/?severity=HIGH&cursor=old&search=a%20b"
            .parse()
            .unwrap();
        let cursor = Cursor {
            direction: Direction::Next,
            key: 7,
            id: 7,
        };
        let (next, previous) = links(&uri, Some(cursor), None);
        assert_eq!(
            next.unwrap(),
            format!(
                "/api/alerts/?severity=HIGH&search=a+b&cursor={}",
                cursor.encode()
            )
        );
        assert_eq!(previous, None);
    }
}
