//! JSON that every reader reads alike: no name twice, not too deep, no U+0000, no number that
//! is none.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::input::Key;

/// How deep lists and objects may be nested.
const DEPTH_MAX: u8 = 64;

/// Checks an object and returns the names of its members.
pub(super) fn object(text: &str) -> Result<Vec<Cow<'_, str>>, String> {
    if !text.trim_start().starts_with('{') {
        return Err("must be an object".to_owned());
    }
    let mut names = Vec::new();
    check(text, Some(&mut names)).map(|()| names)
}

/// Checks any value.
pub(super) fn value(text: &str) -> Result<(), String> {
    // Most unknown fields are plain numbers and short texts: they need no walk.
    let first = text.bytes().next().unwrap_or_default();
    if first == b'"' && !text.contains('\\') {
        return Ok(());
    }
    check(text, None)
}

fn check<'a>(text: &'a str, names: Option<&mut Vec<Cow<'a, str>>>) -> Result<(), String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Strict { depth: 0, names }
        .deserialize(&mut reader)
        .map_err(|error| {
            let text = error.to_string();
            text.split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned()
        })
}

/// The names of one object's members; those after the first few are found by hash.
#[derive(Default)]
struct Seen<'a> {
    few: Vec<Cow<'a, str>>,
    more: HashSet<Cow<'a, str>>,
}

impl<'a> Seen<'a> {
    /// Most objects are this small, and comparing so few texts is cheaper than hashing one.
    const FEW: usize = 16;

    /// Notes a name; `false` when it was there already.
    fn insert(&mut self, name: Cow<'a, str>) -> bool {
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(name);
            return true;
        }
        self.more.insert(name)
    }
}

struct Strict<'k, 'de> {
    depth: u8,
    names: Option<&'k mut Vec<Cow<'de, str>>>,
}

impl Strict<'_, '_> {
    fn inner<E: Error>(&self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom("nested deeper than 64"));
        }
        Ok(Self {
            depth: self.depth.saturating_add(1),
            names: None,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            Err(E::custom("must not contain U+0000"))
        } else {
            Ok(())
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        loop {
            let inner = self.inner()?;
            if seq.next_element_seed(inner)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Seen::default();
        while let Some(Key(name)) = map.next_key()? {
            if name.contains('\0') {
                return Err(A::Error::custom("must not contain U+0000"));
            }
            let inner = self.inner()?;
            map.next_value_seed(inner)?;
            if !seen.insert(name.clone()) {
                let shown: String = name.chars().take(40).collect();
                return Err(A::Error::custom(format!("`{shown}` is given twice")));
            }
        }
        if let Some(names) = self.names {
            names.extend(seen.few);
            names.extend(seen.more);
        }
        Ok(())
    }
}
