//! The face of a transaction: statements in, rows out, on either engine.

use rusqlite::{Connection, Statement, params_from_iter};

use crate::postgres::Session;
use crate::row::Source;
use crate::{Arg, Engine, Row, Sql, StoreError};

/// A running transaction; it commits when the closure that got it returns `Ok`.
///
/// Statements use `$1`, `$2` … and the SQL both engines share. They are prepared once per
/// connection and text.
pub struct Tx<'a> {
    kind: Kind<'a>,
    broken: Option<StoreError>,
}

enum Kind<'a> {
    Sqlite(&'a Connection),
    Postgres(&'a mut Session),
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx")
            .field("engine", &self.engine())
            .finish_non_exhaustive()
    }
}

impl<'a> Tx<'a> {
    pub(crate) const fn sqlite(connection: &'a Connection) -> Self {
        Self {
            kind: Kind::Sqlite(connection),
            broken: None,
        }
    }

    pub(crate) const fn postgres(session: &'a mut Session) -> Self {
        Self {
            kind: Kind::Postgres(session),
            broken: None,
        }
    }

    /// The fault, if any statement met one after which the connection cannot be trusted.
    pub(crate) fn fault(&self) -> Option<&StoreError> {
        self.broken.as_ref()
    }

    /// Which engine runs it.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.kind {
            Kind::Sqlite(_) => Engine::Sqlite,
            Kind::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] when a rule refuses it; else the connection's fault.
    pub fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        let result = match &mut self.kind {
            Kind::Sqlite(connection) => sqlite_execute(connection, sql, args),
            Kind::Postgres(session) => session.execute(sql, args),
        };
        self.note(result)
    }

    /// Runs a query and reads every row.
    ///
    /// # Errors
    /// Whatever the reader returns, or the statement's fault.
    pub fn query<T>(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let result = match &mut self.kind {
            Kind::Sqlite(connection) => sqlite_query(connection, sql, args, &mut read),
            Kind::Postgres(session) => session.query(sql, args).and_then(|rows| {
                rows.iter()
                    .map(|row| read(&Row(Source::Postgres(row))))
                    .collect()
            }),
        };
        self.note(result)
    }

    /// Runs a query and reads its first row, if there is one.
    ///
    /// # Errors
    /// Whatever the reader returns, or the statement's fault.
    pub fn query_opt<T>(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.query(sql, args, read)?.into_iter().next())
    }

    /// Runs a query that always has a row.
    ///
    /// # Errors
    /// [`StoreError::Shape`] when it has none; else as [`Tx::query`].
    pub fn query_one<T>(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.query_opt(sql, args, read)?
            .ok_or_else(|| StoreError::shape("no row"))
    }

    /// Runs a grown query ([`Sql`]) and reads every row.
    ///
    /// # Errors
    /// As [`Tx::query`].
    pub fn select<T>(
        &mut self,
        sql: &Sql<'_>,
        read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.query(sql.text(), sql.args(), read)
    }

    /// Runs one statement for each list of arguments; PostgreSQL gets them without waiting
    /// in between.
    ///
    /// # Errors
    /// The first fault; the transaction is then to be given up.
    pub fn execute_many(&mut self, sql: &str, rows: &[Vec<Arg<'_>>]) -> Result<(), StoreError> {
        let result = match &mut self.kind {
            Kind::Sqlite(connection) => sqlite_execute_many(connection, sql, rows),
            Kind::Postgres(session) => session.query_many(sql, rows).map(|_| ()),
        };
        self.note(result)
    }

    /// Runs one query for each list of arguments and reads all rows of all, in that order.
    ///
    /// # Errors
    /// As [`Tx::execute_many`], or whatever the reader returns.
    pub fn query_many<T>(
        &mut self,
        sql: &str,
        rows: &[Vec<Arg<'_>>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let result = match &mut self.kind {
            Kind::Sqlite(connection) => sqlite_query_many(connection, sql, rows, &mut read),
            Kind::Postgres(session) => session.query_many(sql, rows).and_then(|rows| {
                rows.iter()
                    .map(|row| read(&Row(Source::Postgres(row))))
                    .collect()
            }),
        };
        self.note(result)
    }

    /// Inserts many rows the fastest way the engine has: a prepared insert on SQLite, binary
    /// COPY on PostgreSQL (a plain insert for fewer than four rows, where COPY costs more).
    ///
    /// # Errors
    /// As [`Tx::execute`]; no row is kept when one is refused.
    pub fn insert_rows<'r, const N: usize>(
        &mut self,
        table: &'static str,
        columns: &[&'static str; N],
        rows: impl ExactSizeIterator<Item = [Arg<'r>; N]>,
    ) -> Result<(), StoreError> {
        let result = match &mut self.kind {
            Kind::Sqlite(connection) => sqlite_insert(connection, table, columns, rows),
            Kind::Postgres(session) if rows.len() < 4 => {
                let sql = insert_text(table, columns, '$');
                let rows: Vec<Vec<Arg<'_>>> = rows.map(Vec::from).collect();
                session.query_many(&sql, &rows).map(|_| ())
            }
            Kind::Postgres(session) => session.copy(table, columns, rows),
        };
        self.note(result)
    }

    /// Inserts rows, or does what `conflict` says where a row is there already, such as
    /// `on conflict (name) do update set n = excluded.n`; no two rows may name the same one.
    ///
    /// PostgreSQL gets all rows in one statement: one for each costs it several times as much.
    ///
    /// # Errors
    /// As [`Tx::execute`]; no row is kept when one is refused.
    pub fn upsert_rows<const N: usize>(
        &mut self,
        table: &'static str,
        columns: &[&'static str; N],
        rows: &[[Arg<'_>; N]],
        conflict: &'static str,
    ) -> Result<(), StoreError> {
        let result = match &mut self.kind {
            Kind::Sqlite(connection) => {
                let text = insert_text(table, columns, '?');
                insert_each(
                    connection,
                    &format!("{text} {conflict}"),
                    rows.iter().copied(),
                )
            }
            Kind::Postgres(_) if rows.is_empty() => Ok(()),
            Kind::Postgres(session) => session.upsert(table, columns, rows, conflict),
        };
        self.note(result)
    }

    /// Runs several statements without arguments: migrations.
    ///
    /// # Errors
    /// The first fault.
    pub fn execute_script(&mut self, script: &str) -> Result<(), StoreError> {
        let result = match &mut self.kind {
            Kind::Sqlite(connection) => connection.execute_batch(script).map_err(Into::into),
            Kind::Postgres(session) => session.script(script),
        };
        self.note(result)
    }

    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result
            && error.breaks_connection()
        {
            self.broken = Some(error.clone());
        }
        result
    }
}

/// SQLite would number `$2` by where it first stands; `?2` is number 2 wherever it stands.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn sqlite_execute(connection: &Connection, sql: &str, args: &[Arg<'_>]) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(&numbered(sql))?;
    Ok(u64::try_from(statement.execute(params_from_iter(args))?).unwrap_or(u64::MAX))
}

fn sqlite_execute_many(
    connection: &Connection,
    sql: &str,
    rows: &[Vec<Arg<'_>>],
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(&numbered(sql))?;
    for args in rows {
        statement.execute(params_from_iter(args))?;
    }
    Ok(())
}

fn sqlite_query<T>(
    connection: &Connection,
    sql: &str,
    args: &[Arg<'_>],
    read: &mut impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(&numbered(sql))?;
    let mut all = Vec::new();
    read_rows(&mut statement, args, read, &mut all)?;
    Ok(all)
}

fn sqlite_query_many<T>(
    connection: &Connection,
    sql: &str,
    rows: &[Vec<Arg<'_>>],
    read: &mut impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(&numbered(sql))?;
    let mut all = Vec::new();
    for args in rows {
        read_rows(&mut statement, args, read, &mut all)?;
    }
    Ok(all)
}

fn read_rows<T>(
    statement: &mut Statement<'_>,
    args: &[Arg<'_>],
    read: &mut impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    all: &mut Vec<T>,
) -> Result<(), StoreError> {
    let mut rows = statement.query(params_from_iter(args))?;
    while let Some(row) = rows.next()? {
        all.push(read(&Row(Source::Sqlite(row)))?);
    }
    Ok(())
}

fn sqlite_insert<'r, const N: usize>(
    connection: &Connection,
    table: &str,
    columns: &[&str; N],
    rows: impl Iterator<Item = [Arg<'r>; N]>,
) -> Result<(), StoreError> {
    insert_each(connection, &insert_text(table, columns, '?'), rows)
}

fn insert_each<'r, const N: usize>(
    connection: &Connection,
    text: &str,
    rows: impl Iterator<Item = [Arg<'r>; N]>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(text)?;
    for row in rows {
        for (index, arg) in row.iter().enumerate() {
            statement.raw_bind_parameter(index.saturating_add(1), arg)?;
        }
        statement.raw_execute()?;
    }
    Ok(())
}

/// An insert of one row, its arguments numbered through.
fn insert_text(table: &str, columns: &[&str], sigil: char) -> String {
    let places: Vec<String> = (1..=columns.len())
        .map(|number| format!("{sigil}{number}"))
        .collect();
    let (columns, places) = (columns.join(", "), places.join(", "));
    format!("insert into {table} ({columns}) values ({places})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_numbered_through() {
        let text = insert_text("t", &["a", "b"], '$');
        assert_eq!(text, "insert into t (a, b) values ($1, $2)");
    }
}
