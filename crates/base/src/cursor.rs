//! Where a page of a list begins: an opaque word a client sends back as it came.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Which way a page goes from its cursor, in the list's own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The page after the row the cursor names.
    Next,
    /// The page before it.
    Previous,
}

/// A row's place in an ordered list: the value it is sorted by, then its id.
///
/// As text it is base64url of `n` or `p`, the sort value, `.` and the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which page is meant.
    pub direction: Direction,
    /// The sort value of the row; equal to `id` in lists sorted by id.
    pub key: i64,
    /// The row's id.
    pub id: i64,
}

/// The text is no cursor of ours.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a cursor: take it from `next` or `previous` of an earlier answer")]
pub struct CursorError;

impl Cursor {
    /// The opaque word.
    #[must_use]
    pub fn encode(self) -> String {
        let direction = match self.direction {
            Direction::Next => 'n',
            Direction::Previous => 'p',
        };
        URL_SAFE_NO_PAD.encode(format!("{direction}{}.{}", self.key, self.id))
    }

    /// Reads the opaque word.
    ///
    /// # Errors
    /// [`CursorError`] for anything [`Cursor::encode`] did not write.
    pub fn decode(text: &str) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| CursorError)?;
        let (direction, rest) = if let Some(rest) = text.strip_prefix('n') {
            (Direction::Next, rest)
        } else {
            (
                Direction::Previous,
                text.strip_prefix('p').ok_or(CursorError)?,
            )
        };
        let (key, id) = rest.split_once('.').ok_or(CursorError)?;
        let number = |text: &str| text.parse::<i64>().map_err(|_| CursorError);
        Ok(Self {
            direction,
            key: number(key)?,
            id: number(id)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(key: i64, id: i64, next: bool) {
            let direction = if next { Direction::Next } else { Direction::Previous };
            let cursor = Cursor { direction, key, id };
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let read = Cursor::decode(&text);
            prop_assert!(read.is_err() || read.is_ok_and(|cursor| Cursor::decode(&cursor.encode()) == Ok(cursor)));
        }
    }

    #[test]
    fn foreign_words_are_refused() {
        for text in ["", "abc", "bjEuMg==", "eDEuMg", "bjEuMi4z"] {
            assert_eq!(Cursor::decode(text), Err(CursorError), "{text}");
        }
    }
}
