//! Reading a row of either engine.

use base::{EventId, Severity, Timestamp};
use rusqlite::types::ValueRef;
use tokio_postgres::types::{FromSql, Type};

use crate::StoreError;

/// One row of a result; columns are counted from 0.
#[derive(Debug)]
pub struct Row<'a>(pub(crate) Source<'a>);

#[derive(Debug)]
pub(crate) enum Source<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

/// A column's value as it comes from either engine, before it has a Rust type.
#[derive(Debug)]
pub enum Column<'a> {
    /// No value.
    Null,
    /// Any integer or boolean.
    Int(i64),
    /// A floating-point number.
    Real(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl Row<'_> {
    /// The column's value.
    ///
    /// # Errors
    /// [`StoreError::Shape`] when there is no such column or it holds another type.
    pub fn get<T: FromColumn>(&self, index: usize) -> Result<T, StoreError> {
        self.column(index)
            .and_then(T::from_column)
            .ok_or_else(|| StoreError::shape(format!("column {index} is not what was asked for")))
    }

    fn column(&self, index: usize) -> Option<Column<'_>> {
        match &self.0 {
            Source::Sqlite(row) => Some(match row.get_ref(index).ok()? {
                ValueRef::Null => Column::Null,
                ValueRef::Integer(value) => Column::Int(value),
                ValueRef::Real(value) => Column::Real(value),
                ValueRef::Text(value) => Column::Text(std::str::from_utf8(value).ok()?),
                ValueRef::Blob(value) => Column::Bytes(value),
            }),
            Source::Postgres(row) => row.try_get::<_, Column<'_>>(index).ok(),
        }
    }
}

impl<'a> FromSql<'a> for Column<'a> {
    fn from_sql(
        ty: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *ty {
            Type::BOOL => Column::Int(i64::from(bool::from_sql(ty, raw)?)),
            Type::INT2 => Column::Int(i64::from(i16::from_sql(ty, raw)?)),
            Type::INT4 => Column::Int(i64::from(i32::from_sql(ty, raw)?)),
            Type::INT8 => Column::Int(i64::from_sql(ty, raw)?),
            Type::FLOAT4 => Column::Real(f64::from(f32::from_sql(ty, raw)?)),
            Type::FLOAT8 => Column::Real(f64::from_sql(ty, raw)?),
            Type::BYTEA => Column::Bytes(raw),
            _ => Column::Text(<&str>::from_sql(ty, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Column::Null)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(
            *ty,
            Type::BOOL
                | Type::INT2
                | Type::INT4
                | Type::INT8
                | Type::FLOAT4
                | Type::FLOAT8
                | Type::BYTEA
                | Type::TEXT
                | Type::VARCHAR
                | Type::BPCHAR
                | Type::NAME
        )
    }
}

/// A Rust type a column can be read as.
pub trait FromColumn: Sized {
    /// The value, or `None` when the column holds something else.
    fn from_column(column: Column<'_>) -> Option<Self>;
}

macro_rules! from_column {
    ($($to:ty: $($pattern:pat => $value:expr),+;)*) => {$(
        impl FromColumn for $to {
            fn from_column(column: Column<'_>) -> Option<Self> {
                match column {
                    $($pattern => $value,)+
                    _ => None,
                }
            }
        }
    )*};
}

from_column! {
    i64: Column::Int(value) => Some(value);
    u32: Column::Int(value) => u32::try_from(value).ok();
    bool: Column::Int(value) => Some(value != 0);
    String: Column::Text(value) => Some(value.to_owned());
    Vec<u8>: Column::Bytes(value) => Some(value.to_vec());
    Timestamp: Column::Int(value) => Some(Timestamp::from_micros(value));
    EventId: Column::Int(value) => Some(EventId::new(value));
    Severity: Column::Int(value) => Severity::from_id(value);
}

impl FromColumn for f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "SQLite stores whole numbers as integers"
    )]
    fn from_column(column: Column<'_>) -> Option<Self> {
        match column {
            Column::Real(value) => Some(value),
            Column::Int(value) => Some(value as f64),
            _ => None,
        }
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(column: Column<'_>) -> Option<Self> {
        match column {
            Column::Null => Some(None),
            column => T::from_column(column).map(Some),
        }
    }
}
