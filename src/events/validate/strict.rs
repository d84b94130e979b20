//! JSON that every reader reads alike: no name twice, not too deep, no U+0000, no number that
//! is none.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How deep lists and objects may be nested.
const DEPTH_MAX: u8 = 64;

/// Checks an object and collects the names of its members.
pub(super) fn object(text: &str, keys: &mut Vec<String>) -> Result<(), String> {
    if !text.trim_start().starts_with('{') {
        return Err("must be an object".to_owned());
    }
    check(text, Some(keys))
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

fn check(text: &str, keys: Option<&mut Vec<String>>) -> Result<(), String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Strict { depth: 0, keys }
        .deserialize(&mut reader)
        .map_err(|error| {
            let text = error.to_string();
            text.split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned()
        })
}

struct Strict<'k> {
    depth: u8,
    keys: Option<&'k mut Vec<String>>,
}

impl Strict<'_> {
    fn inner<E: Error>(&self) -> Result<Strict<'static>, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom("nested deeper than 64"));
        }
        Ok(Strict {
            depth: self.depth.saturating_add(1),
            keys: None,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
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
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
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
        if let Some(keys) = self.keys {
            keys.extend(seen);
        }
        Ok(())
    }
}
