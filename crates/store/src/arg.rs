//! What may be bound to a statement.

use base::{EventId, Severity, Timestamp};
use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A value bound to `$1`, `$2` …: the closed list of what both engines store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arg<'a> {
    /// No value, of any type.
    Null,
    /// A boolean; 0 or 1 in SQLite.
    Flag(bool),
    /// An integer; refused when the column is too small for it.
    Int(i64),
    /// A floating-point number.
    Real(f64),
    /// Text without U+0000, which PostgreSQL cannot hold.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

macro_rules! arg_from {
    ($($from:ty => |$value:ident| $arg:expr;)*) => {$(
        impl<'a> From<$from> for Arg<'a> {
            fn from($value: $from) -> Self {
                $arg
            }
        }
    )*};
}

arg_from! {
    bool => |value| Arg::Flag(value);
    i64 => |value| Arg::Int(value);
    i32 => |value| Arg::Int(i64::from(value));
    u32 => |value| Arg::Int(i64::from(value));
    u16 => |value| Arg::Int(i64::from(value));
    u8 => |value| Arg::Int(i64::from(value));
    f64 => |value| Arg::Real(value);
    &'a str => |value| Arg::Text(value);
    &'a String => |value| Arg::Text(value);
    &'a [u8] => |value| Arg::Bytes(value);
    &'a Vec<u8> => |value| Arg::Bytes(value);
    Timestamp => |value| Arg::Int(value.micros());
    EventId => |value| Arg::Int(value.number());
    Severity => |value| Arg::Int(value.id());
}

impl<'a, const N: usize> From<&'a [u8; N]> for Arg<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Arg::Bytes(value)
    }
}

impl<'a, T: Into<Arg<'a>>> From<Option<T>> for Arg<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Arg::Null, Into::into)
    }
}

impl rusqlite::ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match *self {
            Arg::Null => ValueRef::Null,
            Arg::Flag(value) => ValueRef::Integer(i64::from(value)),
            Arg::Int(value) => ValueRef::Integer(value),
            Arg::Real(value) => ValueRef::Real(value),
            Arg::Text(value) => ValueRef::Text(value.as_bytes()),
            Arg::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

impl ToSql for Arg<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match *self {
            Arg::Null => Ok(IsNull::Yes),
            Arg::Flag(value) => value.to_sql_checked(ty, out),
            // The column decides the width, so that one argument type serves every integer.
            Arg::Int(value) => match *ty {
                Type::INT2 => i16::try_from(value)?.to_sql(ty, out),
                Type::INT4 => i32::try_from(value)?.to_sql(ty, out),
                _ => value.to_sql_checked(ty, out),
            },
            Arg::Real(value) => value.to_sql_checked(ty, out),
            Arg::Text(value) => value.to_sql_checked(ty, out),
            Arg::Bytes(value) => value.to_sql_checked(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
