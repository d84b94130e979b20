//! What truly differs between the engines.

/// Which database is behind a [`crate::Store`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Embedded SQLite.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl Engine {
    /// Its name as operators know it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// Ends a `select` that must hold its rows until commit; SQLite has one writer anyway.
    #[must_use]
    pub const fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " for update",
        }
    }

    /// Turns a migration's text, written with PostgreSQL's type names, into this engine's.
    ///
    /// Lines after `-- only sqlite` or `-- only postgres` count for that engine alone, until
    /// `-- all`.
    pub(crate) fn migration_text(self, text: &str) -> String {
        let mut mine = true;
        let mut out = String::with_capacity(text.len());
        for line in text.lines() {
            match line.trim() {
                "-- only sqlite" => mine = self == Self::Sqlite,
                "-- only postgres" => mine = self == Self::Postgres,
                "-- all" => mine = true,
                _ if mine => {
                    out.push_str(&self.migration_line(line));
                    out.push('\n');
                }
                _ => {}
            }
        }
        out
    }

    fn migration_line(self, line: &str) -> String {
        match self {
            Self::Postgres => line.replace(") strict;", ");"),
            Self::Sqlite => line
                .replace(
                    "bigint generated always as identity primary key",
                    "integer primary key autoincrement",
                )
                .replace("bigint", "integer")
                .replace("smallint", "integer")
                .replace("boolean", "integer")
                .replace("double precision", "real")
                .replace("bytea", "blob"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "create table t (\n  id bigint generated always as identity primary key,\n  on_at boolean not null\n) strict;\n-- only postgres\nselect 1;\n-- only sqlite\nselect 2;\n-- all\nselect 3;";

    #[test]
    fn one_text_serves_both_engines() {
        assert_eq!(
            Engine::Sqlite.migration_text(TEXT),
            "create table t (\n  id integer primary key autoincrement,\n  on_at integer not null\n) strict;\nselect 2;\nselect 3;\n"
        );
        assert_eq!(
            Engine::Postgres.migration_text(TEXT),
            "create table t (\n  id bigint generated always as identity primary key,\n  on_at boolean not null\n);\nselect 1;\nselect 3;\n"
        );
    }
}
