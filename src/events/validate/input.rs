//! The fields of an event as they stand in the JSON, borrowed from it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::{FieldErrors, refusal};

/// What one field holds.
#[derive(Debug, Default)]
pub(super) enum Field<'a> {
    #[default]
    Absent,
    Null,
    Text(Cow<'a, str>),
    /// Something else, in words.
    Other(&'static str),
}

/// What `tags` holds.
#[derive(Debug, Default)]
pub(super) enum Tags<'a> {
    #[default]
    Absent,
    Null,
    Words(Vec<Cow<'a, str>>),
    Other,
}

/// An event's JSON object, each member once.
#[derive(Debug, Default)]
pub(super) struct Input<'a> {
    pub(super) source_name: Field<'a>,
    pub(super) event_type: Field<'a>,
    pub(super) severity: Field<'a>,
    pub(super) description: Field<'a>,
    pub(super) ip_address: Field<'a>,
    pub(super) occurred_at: Field<'a>,
    pub(super) tags: Tags<'a>,
    pub(super) attributes: Option<&'a RawValue>,
    pub(super) unknown: Vec<(Cow<'a, str>, &'a RawValue)>,
    twice: Option<String>,
}

impl<'a> Input<'a> {
    /// Reads the object.
    pub(super) fn read(json: &'a [u8]) -> Result<Self, FieldErrors> {
        let text = std::str::from_utf8(json).map_err(|error| {
            refusal(
                "body",
                format!("not UTF-8 from byte {}", error.valid_up_to()),
            )
        })?;
        let input: Input<'a> = serde_json::from_str(text)
            .map_err(|error| refusal("body", format!("not an event as a JSON object: {error}")))?;
        match input.twice {
            Some(name) => Err(refusal(&name, "given twice")),
            None => Ok(input),
        }
    }

    fn field(&mut self, name: &str) -> Option<&mut Field<'a>> {
        Some(match name {
            "source_name" | "source" => &mut self.source_name,
            "event_type" => &mut self.event_type,
            "severity" => &mut self.severity,
            "description" => &mut self.description,
            "ip_address" => &mut self.ip_address,
            "occurred_at" => &mut self.occurred_at,
            _ => return None,
        })
    }
}

/// Names only the server gives values to; what a client says of them is not obeyed.
fn is_server_owned(name: &str) -> bool {
    matches!(name, "id" | "timestamp" | "alert" | "geo" | "version")
}

impl<'de: 'a, 'a> Deserialize<'de> for Input<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Input<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Input<'de>, A::Error> {
                let mut input = Input::default();
                while let Some(Key(name)) = map.next_key()? {
                    if let Some(field) = input.field(&name) {
                        let fresh = matches!(field, Field::Absent);
                        *field = map.next_value()?;
                        if !fresh {
                            input.twice = Some(name.into_owned());
                        }
                    } else if name == "tags" {
                        if !matches!(input.tags, Tags::Absent) {
                            input.twice = Some(name.into_owned());
                        }
                        input.tags = map.next_value()?;
                    } else if name == "attributes" {
                        if input.attributes.replace(map.next_value()?).is_some() {
                            input.twice = Some(name.into_owned());
                        }
                    } else if is_server_owned(&name) {
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        let value = map.next_value()?;
                        if input.unknown.iter().any(|(known, _)| *known == name) {
                            input.twice = Some(name.clone().into_owned());
                        }
                        // Past this the attributes are too large anyway; comparing each name
                        // with each other must stay cheap.
                        if input.unknown.len() > 512 {
                            return Err(serde::de::Error::custom("more than 512 fields"));
                        }
                        input.unknown.push((name, value));
                    }
                }
                Ok(input)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A member's name, borrowed when it holds no escape.
pub(super) struct Key<'a>(pub(super) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Key)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Field<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Field<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Field::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Field::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Field::Null)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Field::Other("a boolean"))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Field::Other("a number"))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Field::Other("a number"))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Field::Other("a number"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Field::Other("a list"))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Field::Other("an object"))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Tags<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        if raw == "null" {
            return Ok(Tags::Null);
        }
        let words = serde_json::from_str::<Vec<Key<'de>>>(raw);
        Ok(words.map_or(Tags::Other, |words| {
            Tags::Words(words.into_iter().map(|k| k.0).collect())
        }))
    }
}
