//! Binary COPY, encoded in large pieces.

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::SinkExt as _;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement};

use crate::{Arg, StoreError};

/// Bytes sent at once; each piece costs a turn of the connection's task.
const PIECE: usize = 128 * 1024;
/// Signature, flags and length of extensions: PostgreSQL's documentation of COPY.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Why rows were not copied.
pub(super) enum CopyError {
    /// A value does not fit its column; nothing of it was sent.
    Value(StoreError),
    Database(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for CopyError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

/// Copies rows into the table a statement names, whose columns have the given types.
pub(super) async fn copy<'r, const N: usize>(
    client: &Client,
    statement: &Statement,
    types: &[Type],
    rows: impl Iterator<Item = [Arg<'r>; N]>,
) -> Result<(), CopyError> {
    let sink = client.copy_in::<_, Bytes>(statement).await?;
    let mut sink = std::pin::pin!(sink);
    let mut buffer = BytesMut::with_capacity(PIECE + PIECE / 8);
    buffer.put_slice(HEADER);
    let columns = i16::try_from(N).unwrap_or(i16::MAX);
    for row in rows {
        buffer.put_i16(columns);
        for (arg, ty) in row.iter().zip(types) {
            // Dropping the sink ends the COPY with an error, and the transaction with it.
            put(&mut buffer, arg, ty).map_err(CopyError::Value)?;
        }
        if buffer.len() >= PIECE {
            sink.feed(buffer.split().freeze()).await?;
            buffer.reserve(PIECE + PIECE / 8);
        }
    }
    buffer.put_i16(-1);
    sink.feed(buffer.freeze()).await?;
    sink.finish().await?;
    Ok(())
}

/// Writes a value as its column wants it: its length, then its bytes.
fn put(buffer: &mut BytesMut, arg: &Arg<'_>, ty: &Type) -> Result<(), StoreError> {
    let wrong = || StoreError::shape(format!("{arg:?} does not fit a column of type {ty}"));
    match (*arg, ty) {
        (Arg::Null, _) => buffer.put_i32(-1),
        (Arg::Int(value), &Type::INT8) => {
            buffer.put_i32(8);
            buffer.put_i64(value);
        }
        (Arg::Int(value), &Type::INT4) => {
            buffer.put_i32(4);
            buffer.put_i32(i32::try_from(value).map_err(|_| wrong())?);
        }
        (Arg::Int(value), &Type::INT2) => {
            buffer.put_i32(2);
            buffer.put_i16(i16::try_from(value).map_err(|_| wrong())?);
        }
        (Arg::Flag(value), &Type::BOOL) => {
            buffer.put_i32(1);
            buffer.put_u8(u8::from(value));
        }
        (Arg::Real(value), &Type::FLOAT8) => {
            buffer.put_i32(8);
            buffer.put_f64(value);
        }
        (Arg::Text(text), &Type::TEXT) => put_bytes(buffer, text.as_bytes()).ok_or_else(wrong)?,
        (Arg::Bytes(bytes), &Type::BYTEA) => put_bytes(buffer, bytes).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    }
    Ok(())
}

fn put_bytes(buffer: &mut BytesMut, bytes: &[u8]) -> Option<()> {
    buffer.put_i32(i32::try_from(bytes.len()).ok()?);
    buffer.put_slice(bytes);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_their_columns_want_them() {
        let mut buffer = BytesMut::new();
        for (arg, ty) in [
            (Arg::Null, Type::TEXT),
            (Arg::Int(-2), Type::INT2),
            (Arg::Int(1), Type::INT8),
            (Arg::Flag(true), Type::BOOL),
            (Arg::Text("é"), Type::TEXT),
            (Arg::Bytes(&[7]), Type::BYTEA),
        ] {
            assert!(put(&mut buffer, &arg, &ty).is_ok());
        }
        let expected: &[&[u8]] = &[
            &[255, 255, 255, 255],
            &[0, 0, 0, 2, 255, 254],
            &[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0, 0, 0, 1, 1],
            &[0, 0, 0, 2, 0xc3, 0xa9],
            &[0, 0, 0, 1, 7],
        ];
        assert_eq!(buffer, expected.concat());
        for (arg, ty) in [
            (Arg::Int(40_000), Type::INT2),
            (Arg::Int(1), Type::TEXT),
            (Arg::Text("x"), Type::INT8),
        ] {
            assert!(put(&mut buffer, &arg, &ty).is_err());
        }
    }
}
