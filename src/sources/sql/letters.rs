//! Every statement on the rejected records.

use std::sync::Arc;

use base::{Cursor, Direction};
use store::{Arg, Row, Sql, StoreError, Tx};

use crate::sources::dead_letters::DeadLetter;
use crate::sources::letters::{LetterFilter, RejectedRecord};

/// Keeps rejected records, oldest first.
pub(in crate::sources) fn insert_letters(
    tx: &mut Tx<'_>,
    letters: &[DeadLetter],
) -> Result<(), StoreError> {
    const COLUMNS: [&str; 11] = [
        "received_at",
        "bytes",
        "source",
        "format",
        "place",
        "errors",
        "size",
        "excerpt",
        "user_id",
        "key_id",
        "address",
    ];
    let number = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let errors = letters.iter().map(|it| serde_json::to_string(&*it.errors));
    let errors = errors.map(|it| it.unwrap_or_else(|_| "{}".to_owned()));
    let errors: Vec<String> = errors.collect();
    let rows = letters.iter().zip(&errors).map(|(letter, errors)| {
        let bytes = letter
            .excerpt
            .len()
            .saturating_add(errors.len())
            .saturating_add(letter.source.len())
            .saturating_add(letter.address.len());
        [
            letter.received_at.into(),
            number(bytes).into(),
            (&letter.source).into(),
            letter.format.into(),
            number(letter.place).into(),
            errors.into(),
            number(letter.size).into(),
            (&letter.excerpt).into(),
            letter.user_id.into(),
            letter.key_id.into(),
            (&letter.address).into(),
        ]
    });
    let rows: Vec<[Arg<'_>; 11]> = rows.collect();
    tx.insert_rows("dead_letters", &COLUMNS, rows.into_iter())
}

/// Deletes the oldest beyond so many rows and bytes; returns how many.
pub(in crate::sources) fn trim_letters(
    tx: &mut Tx<'_>,
    (rows_max, bytes_max): (usize, i64),
) -> Result<u64, StoreError> {
    let limit = i64::try_from(rows_max)
        .unwrap_or(i64::MAX)
        .saturating_add(1);
    let newest: Vec<(i64, i64)> = tx.query(
        "select id, bytes from dead_letters order by id desc limit $1",
        &[limit.into()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut bytes = 0_i64;
    let first_out = newest.iter().enumerate().find(|(at, (_, size))| {
        bytes = bytes.saturating_add(*size);
        *at >= rows_max || bytes > bytes_max
    });
    match first_out {
        Some((_, (id, _))) => {
            tx.execute("delete from dead_letters where id <= $1", &[(*id).into()])
        }
        None => Ok(0),
    }
}

const LETTER: &str = "select id, received_at, source, format, place, errors, size, excerpt, \
     user_id, key_id, address from dead_letters where true";

fn read(row: &Row<'_>) -> Result<RejectedRecord, StoreError> {
    let errors: String = row.get(5)?;
    let errors = serde_json::from_str(&errors)
        .map_err(|_| StoreError::Shape(Arc::from("no errors of a rejected record")))?;
    Ok(RejectedRecord {
        id: row.get(0)?,
        received_at: row.get(1)?,
        source: row.get(2)?,
        format: row.get(3)?,
        index: row.get(4)?,
        errors,
        size: row.get(6)?,
        excerpt: row.get(7)?,
        user_id: row.get(8)?,
        key_id: row.get(9)?,
        address: row.get(10)?,
    })
}

fn filtered<'f>(sql: &mut Sql<'f>, filter: &'f LetterFilter) {
    if let Some(source) = &filter.source {
        sql.and("source =", source);
    }
    if let Some(format) = &filter.format {
        sql.and("format =", format);
    }
}

/// A page by id: newest first, oldest first when going back from a cursor. At most 10,000 rows
/// are looked at, for there are no more.
pub(in crate::sources) fn letters(
    tx: &mut Tx<'_>,
    filter: &LetterFilter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<RejectedRecord>, StoreError> {
    let mut sql = Sql::new(LETTER);
    filtered(&mut sql, filter);
    let order = match cursor {
        Some(Cursor {
            direction: Direction::Previous,
            id,
            ..
        }) => {
            sql.and("id >", id);
            " order by id limit "
        }
        Some(Cursor { id, .. }) => {
            sql.and("id <", id);
            " order by id desc limit "
        }
        None => " order by id desc limit ",
    };
    sql.push(order).bind(limit);
    tx.select(&sql, read)
}

/// How many there are.
pub(in crate::sources) fn count_letters(
    tx: &mut Tx<'_>,
    filter: &LetterFilter,
) -> Result<i64, StoreError> {
    let mut sql = Sql::new("select count(*) from dead_letters where true");
    filtered(&mut sql, filter);
    tx.query_one(sql.text(), sql.args(), |row| row.get(0))
}

/// One of them; by primary key.
pub(in crate::sources) fn letter(
    tx: &mut Tx<'_>,
    id: i64,
) -> Result<Option<RejectedRecord>, StoreError> {
    tx.query_opt(&format!("{LETTER} and id = $1"), &[id.into()], read)
}

/// Deletes them; returns how many.
pub(in crate::sources) fn clear_letters(
    tx: &mut Tx<'_>,
    filter: &LetterFilter,
) -> Result<u64, StoreError> {
    let mut sql = Sql::new("delete from dead_letters where true");
    filtered(&mut sql, filter);
    tx.execute(sql.text(), sql.args())
}
