//! Lists of a body whose elements stay text until it is their turn.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The elements of a list of at most `MAX`, counted while it is read: two bytes of a body can be an
/// element, and each takes sixteen here.
#[derive(Clone, Debug)]
pub(crate) struct Elements<'a, const MAX: usize>(Option<Vec<&'a RawValue>>);

impl<'a, const MAX: usize> Elements<'a, MAX> {
    /// All of them; `None` when there are more than `MAX`.
    #[must_use]
    pub(crate) fn all(self) -> Option<Vec<&'a RawValue>> {
        self.0
    }
}

impl<'de: 'a, 'a, const MAX: usize> Deserialize<'de> for Elements<'a, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counted<const MAX: usize>;

        impl<'de, const MAX: usize> Visitor<'de> for Counted<MAX> {
            type Value = Elements<'de, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element::<&'de RawValue>()? {
                    if elements.len() >= MAX {
                        // The rest must be JSON all the same.
                        while list.next_element::<IgnoredAny>()?.is_some() {}
                        return Ok(Elements(None));
                    }
                    elements.push(element);
                }
                Ok(Elements(Some(elements)))
            }
        }

        deserializer.deserialize_seq(Counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_may_be_are_counted_and_not_kept() {
        fn read(text: &str) -> Result<Elements<'_, 3>, serde_json::Error> {
            serde_json::from_str(text)
        }
        let texts = |text: &str| {
            let all = read(text).unwrap().all()?;
            Some(
                all.iter()
                    .map(|raw| raw.get().to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(texts("[]"), Some(Vec::new()));
        let three = ["1", "{\"a\" : 2}", "[3]"].map(str::to_owned);
        assert_eq!(texts("[1, {\"a\" : 2},[3]]"), Some(three.to_vec()));
        assert_eq!(texts("[1,2,3,4]"), None);
        for broken in ["[1,2", "[1,2,3,4,", "[1,2,3,4,x]", "5"] {
            assert!(read(broken).is_err(), "{broken}");
        }
    }
}
