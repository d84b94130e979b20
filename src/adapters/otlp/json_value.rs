//! The values of the JSON form.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::prelude::{
    BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD,
};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::value::{Any, Pairs};

/// A text, borrowed where it holds no escapes; `null` is empty.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// A number from 0 up, written as a number or as a text; `null` is 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Number(pub(super) u64);

/// The severity as a number, or by its name in the schema; `null` is 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SeverityNumber(pub(super) i64);

/// A whole number, written as a number or as a text.
struct Whole(i64);

/// A number, written as a number or as a text.
struct Real(f64);

/// 2^63: where whole numbers end that 64 bits with a sign hold.
const WHOLE_END: f64 = 9_223_372_036_854_775_808.0;

macro_rules! deserialize_any {
    ($name:ident, $visitor:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                reader.deserialize_any($visitor)
            }
        }
    };
    (borrowed, $name:ident, $visitor:expr) => {
        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                reader.deserialize_any($visitor)
            }
        }
    };
}

struct TextVisitor;
deserialize_any!(borrowed, Text, TextVisitor);

impl<'a> Visitor<'a> for TextVisitor {
    type Value = Text<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Text<'a>, E> {
        Ok(Text::default())
    }
}

/// A fraction that is none as a whole number.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within 64 bits")]
    let whole =
        (number.fract().abs() < f64::EPSILON && number.abs() < WHOLE_END).then_some(number as i64);
    whole
}

struct WholeVisitor;
deserialize_any!(Whole, WholeVisitor);

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of 64 bits")
    }

    fn visit_i64<E>(self, number: i64) -> Result<Whole, E> {
        Ok(Whole(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Whole, E> {
        i64::try_from(number)
            .map(Whole)
            .map_err(|_| E::custom("a number beyond 64 bits"))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Whole, E> {
        whole(number)
            .map(Whole)
            .ok_or_else(|| E::custom("must be a whole number of 64 bits"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Whole, E> {
        let number = text.trim().parse().map(Whole);
        number.map_err(|_| E::custom("must be a whole number of 64 bits"))
    }

    fn visit_unit<E>(self) -> Result<Whole, E> {
        Ok(Whole(0))
    }
}

struct NumberVisitor;
deserialize_any!(Number, NumberVisitor);

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0 up, as a number or a text")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
        let number = whole(number).and_then(|number| u64::try_from(number).ok());
        number
            .map(Number)
            .ok_or_else(|| E::custom("must be a whole number from 0 up"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        let number = text.trim().parse().map(Number);
        number.map_err(|_| E::custom("must be a whole number from 0 up"))
    }

    fn visit_unit<E>(self) -> Result<Number, E> {
        Ok(Number(0))
    }
}

struct SeverityVisitor;
deserialize_any!(SeverityNumber, SeverityVisitor);

impl Visitor<'_> for SeverityVisitor {
    type Value = SeverityNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a severity number, 1 to 24")
    }

    fn visit_i64<E>(self, number: i64) -> Result<SeverityNumber, E> {
        Ok(SeverityNumber(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<SeverityNumber, E> {
        Ok(SeverityNumber(i64::try_from(number).unwrap_or(0)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SeverityNumber, E> {
        let unknown = || E::custom("must be a severity number, 1 to 24");
        named_severity(text.trim())
            .or_else(|| text.trim().parse().ok())
            .map(SeverityNumber)
            .ok_or_else(unknown)
    }

    fn visit_unit<E>(self) -> Result<SeverityNumber, E> {
        Ok(SeverityNumber(0))
    }
}

/// `SEVERITY_NUMBER_WARN2` is 14.
fn named_severity(text: &str) -> Option<i64> {
    let name = text.strip_prefix("SEVERITY_NUMBER_")?;
    let level = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let first = match level {
        "UNSPECIFIED" => return Some(0),
        "TRACE" => 1,
        "DEBUG" => 5,
        "INFO" => 9,
        "WARN" => 13,
        "ERROR" => 17,
        "FATAL" => 21,
        _ => return None,
    };
    match name.strip_prefix(level)? {
        "" => Some(first),
        "2" => Some(first + 1),
        "3" => Some(first + 2),
        "4" => Some(first + 3),
        _ => None,
    }
}

struct RealVisitor;
deserialize_any!(Real, RealVisitor);

impl Visitor<'_> for RealVisitor {
    type Value = Real;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Real, E> {
        Ok(Real(number))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "the sender says that it is a fraction"
    )]
    fn visit_i64<E>(self, number: i64) -> Result<Real, E> {
        Ok(Real(number as f64))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "the sender says that it is a fraction"
    )]
    fn visit_u64<E>(self, number: u64) -> Result<Real, E> {
        Ok(Real(number as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Real, E> {
        // It also reads `NaN`, `Infinity` and `-Infinity`.
        text.trim()
            .parse()
            .map(Real)
            .map_err(|_| E::custom("must be a number"))
    }

    fn visit_unit<E>(self) -> Result<Real, E> {
        Ok(Real(0.0))
    }
}

struct AnyVisitor;
deserialize_any!(borrowed, Any, AnyVisitor);

impl<'a> Visitor<'a> for AnyVisitor {
    type Value = Any<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value such as {\"stringValue\": \"…\"}")
    }

    fn visit_unit<E>(self) -> Result<Any<'a>, E> {
        Ok(Any::Empty)
    }

    // Requests written by hand hold plain values; what they mean is clear.
    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Any<'a>, E> {
        Ok(Any::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Any<'a>, E> {
        Ok(Any::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Any<'a>, E> {
        Ok(Any::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Any<'a>, E> {
        Ok(Any::Int(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Any<'a>, E> {
        WholeVisitor
            .visit_u64(number)
            .map(|whole| Any::Int(whole.0))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Any<'a>, E> {
        Ok(Any::Double(number))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Any<'a>, A::Error> {
        let mut value = Any::Empty;
        while let Some(Text(name)) = map.next_key()? {
            let next = match &*name {
                "stringValue" => map
                    .next_value::<Option<Text<'a>>>()?
                    .map(|text| Any::Text(text.0)),
                "boolValue" => map.next_value::<Option<bool>>()?.map(Any::Bool),
                "intValue" => map.next_value::<Option<Whole>>()?.map(|it| Any::Int(it.0)),
                "doubleValue" => map
                    .next_value::<Option<Real>>()?
                    .map(|it| Any::Double(it.0)),
                "bytesValue" => match map.next_value::<Option<Text<'a>>>()? {
                    Some(text) => Some(bytes(&text.0).map_err(A::Error::custom)?),
                    None => None,
                },
                "arrayValue" => map
                    .next_value::<Option<ArrayValue<'a>>>()?
                    .map(|list| Any::List(list.values.unwrap_or_default())),
                "kvlistValue" => map
                    .next_value::<Option<KvlistValue<'a>>>()?
                    .map(|list| Any::Map(list.values)),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    None
                }
            };
            value = next.unwrap_or(value);
        }
        Ok(value)
    }
}

fn bytes(text: &str) -> Result<Any<'static>, &'static str> {
    [
        BASE64_STANDARD,
        BASE64_STANDARD_NO_PAD,
        BASE64_URL_SAFE,
        BASE64_URL_SAFE_NO_PAD,
    ]
    .into_iter()
    .find_map(|base64| base64.decode(text).ok())
    .map(|bytes| Any::Bytes(Cow::Owned(bytes)))
    .ok_or("must be base64")
}

#[derive(serde::Deserialize)]
struct ArrayValue<'a> {
    #[serde(borrow, default)]
    values: Option<Vec<Any<'a>>>,
}

#[derive(serde::Deserialize)]
struct KvlistValue<'a> {
    #[serde(borrow, default)]
    values: Pairs<'a>,
}

#[derive(serde::Deserialize)]
struct KeyValue<'a> {
    #[serde(borrow, default)]
    key: Text<'a>,
    #[serde(borrow, default)]
    value: Any<'a>,
}

struct PairsVisitor;
deserialize_any!(borrowed, Pairs, PairsVisitor);

impl<'a> Visitor<'a> for PairsVisitor {
    type Value = Pairs<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of keys with their values")
    }

    fn visit_unit<E>(self) -> Result<Pairs<'a>, E> {
        Ok(Pairs::default())
    }

    fn visit_seq<A: serde::de::SeqAccess<'a>>(self, mut list: A) -> Result<Pairs<'a>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(KeyValue { key, value }) = list.next_element()? {
            pairs.push((key.0, value));
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_senders_write_them() {
        for (text, expected) in [
            (r#"{"stringValue":"a\n"}"#, Any::Text("a\n".into())),
            (r#"{"intValue":5}"#, Any::Int(5)),
            (r#"{"intValue":"-9223372036854775808"}"#, Any::Int(i64::MIN)),
            (r#"{"intValue":5.0}"#, Any::Int(5)),
            (r#"{"doubleValue":1}"#, Any::Double(1.0)),
            (
                r#"{"doubleValue":"-Infinity"}"#,
                Any::Double(f64::NEG_INFINITY),
            ),
            (
                r#"{"boolValue":true,"unknown":[{"deep":[]}]}"#,
                Any::Bool(true),
            ),
            (r#"{"bytesValue":"AP8="}"#, Any::Bytes(vec![0, 255].into())),
            (r#"{"bytesValue":"AP8"}"#, Any::Bytes(vec![0, 255].into())),
            (
                r#"{"arrayValue":{"values":[{"intValue":"1"},{}]}}"#,
                Any::List(vec![Any::Int(1), Any::Empty]),
            ),
            (r#"{"arrayValue":{}}"#, Any::List(Vec::new())),
            (
                r#"{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}}"#,
                Any::Map(Pairs(vec![("k".into(), Any::Text("v".into()))])),
            ),
            ("{}", Any::Empty),
            ("null", Any::Empty),
            ("\"plain\"", Any::Text("plain".into())),
        ] {
            assert_eq!(
                serde_json::from_str::<Any<'_>>(text).unwrap(),
                expected,
                "{text}"
            );
        }
        for bad in [
            r#"{"intValue":"5x"}"#,
            r#"{"intValue":0.5}"#,
            r#"{"intValue":18446744073709551615}"#,
            r#"{"bytesValue":"?"}"#,
            r#"{"stringValue":5}"#,
            r#"{"arrayValue":5}"#,
            "[]",
        ] {
            assert!(serde_json::from_str::<Any<'_>>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn severities_have_numbers_and_names() {
        for (text, number) in [
            ("17", 17),
            ("\"17\"", 17),
            ("\"SEVERITY_NUMBER_WARN2\"", 14),
            ("\"SEVERITY_NUMBER_FATAL4\"", 24),
            ("\"SEVERITY_NUMBER_UNSPECIFIED\"", 0),
            ("null", 0),
            ("-3", -3),
        ] {
            assert_eq!(
                serde_json::from_str::<SeverityNumber>(text).unwrap().0,
                number,
                "{text}"
            );
        }
        assert!(serde_json::from_str::<SeverityNumber>("\"loud\"").is_err());
    }
}
