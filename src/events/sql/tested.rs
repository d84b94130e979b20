//! The part of a filter that is tested row by row.

use store::{Arg, Engine, Sql, StoreError, Tx};

use super::super::blocks::{self, Token};
use super::super::model::{EventAnyOf, EventFilter, EventTest};
use super::condition::{condition, is_any, text_in};
use crate::search::Sought;

/// What a filter names, as the database knows it.
pub(super) struct Names {
    /// The sources of the filter's first choice of them.
    pub(super) sources: Vec<i64>,
    /// For each test the ids of its names.
    ids: Vec<Vec<i64>>,
    /// For each test the places its path can mean.
    places: Vec<Vec<Place>>,
    engine: Engine,
}

/// A place inside `attributes`.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A path, in the engine's own notation.
    Path(String),
    /// One name at the top level, dots and all.
    Name(String),
}

impl Names {
    /// Looks the names up; `None` when the conditions contradict each other or all names of one
    /// are unknown, so that nothing can match.
    pub(super) fn resolve(
        tx: &mut Tx<'_>,
        filter: &EventFilter,
    ) -> Result<Option<Self>, StoreError> {
        let mut names = Self {
            sources: Vec::new(),
            ids: Vec::new(),
            places: Vec::new(),
            engine: tx.engine(),
        };
        if filter.never {
            return Ok(None);
        }
        for EventTest { negated, any } in &filter.tests {
            let mut look_up = |sql: &str, names: &[String]| {
                let rows: Vec<Vec<Arg<'_>>> = names.iter().map(|name| vec![name.into()]).collect();
                tx.query_many(sql, &rows, |row| row.get::<i64>(0))
            };
            let found = match any {
                EventAnyOf::Source(sources) => {
                    Some(look_up("select id from sources where name = $1", sources)?)
                }
                EventAnyOf::Type(types) => Some(look_up(
                    "select id from event_types where name = $1",
                    types,
                )?),
                _ => None,
            };
            if !negated && found.as_ref().is_some_and(Vec::is_empty) {
                return Ok(None);
            }
            let found = found.unwrap_or_default();
            if names.sources.is_empty() && !negated && matches!(any, EventAnyOf::Source(_)) {
                names.sources.clone_from(&found);
            }
            names.ids.push(found);
            names.places.push(match any {
                EventAnyOf::Attribute { path, .. } => places(names.engine, path),
                _ => Vec::new(),
            });
        }
        Ok(Some(names))
    }

    /// The tokens an event must have: of each group one.
    pub(super) fn groups(&self, filter: &EventFilter) -> Vec<Vec<Token>> {
        blocks::groups(filter, &self.ids, self.sources.len() == 1)
    }
}

/// What a path can mean: each number among its names is also a place in a list, and all of them
/// together may be one name.
fn places(engine: Engine, path: &[String]) -> Vec<Place> {
    let mut places = match engine {
        Engine::Postgres => vec![Place::Path(path.join("."))],
        Engine::Sqlite => {
            let mut paths = vec!["$".to_owned()];
            for name in path {
                // PostgreSQL reads a number as either by itself.
                let place = name.parse::<u32>().ok();
                let listed: Vec<String> = paths
                    .iter()
                    .filter_map(|path| place.map(|place| format!("{path}[{place}]")))
                    .collect();
                for path in &mut paths {
                    path.push_str(".\"");
                    path.push_str(name);
                    path.push('"');
                }
                paths.extend(listed);
            }
            paths.into_iter().map(Place::Path).collect()
        }
    };
    if path.len() > 1 {
        let name = path.join(".");
        places.push(Place::Name(match engine {
            Engine::Postgres => name,
            Engine::Sqlite => format!("$.\"{name}\""),
        }));
    }
    places
}

/// Appends the tests of the walked rows, each with ` and` in front.
pub(super) fn test_rows<'a>(sql: &mut Sql<'a>, filter: &'a EventFilter, names: &'a Names) {
    if !filter.severity.is_empty() {
        sql.and_in("e.severity", filter.severity.iter().copied());
    }
    match filter.has_alert {
        None => {}
        Some(true) => {
            sql.push(" and a.id is not null");
        }
        Some(false) => {
            sql.push(" and a.id is null");
        }
    }
    let tests = filter.tests.iter().zip(&names.ids).zip(&names.places);
    // What reads long texts comes last.
    for costly in [false, true] {
        for ((test, ids), places) in tests.clone() {
            let reads = matches!(
                test.any,
                EventAnyOf::Text(_) | EventAnyOf::Tag(_) | EventAnyOf::Attribute { .. }
            );
            if reads == costly {
                condition(sql, test.negated, |sql| {
                    test_row(sql, &test.any, ids, places, names.engine);
                });
            }
        }
    }
}

fn test_row<'a>(
    sql: &mut Sql<'a>,
    any: &'a EventAnyOf,
    ids: &'a [i64],
    places: &'a [Place],
    engine: Engine,
) {
    let optional = |sql: &mut Sql<'a>, column, given: &'a [Option<String>]| {
        is_any(sql, column, given.iter().flatten(), given.contains(&None));
    };
    match any {
        EventAnyOf::Source(_) => is_any(sql, "e.source_id", ids.iter().copied(), false),
        EventAnyOf::Type(_) => is_any(sql, "e.event_type_id", ids.iter().copied(), false),
        EventAnyOf::Id(ids) => is_any(sql, "e.id", ids.iter().copied(), false),
        EventAnyOf::Country(codes) => optional(sql, "e.country", codes),
        EventAnyOf::Address(addresses) => optional(sql, "e.ip_address", addresses),
        EventAnyOf::Text(text) => {
            let sought = Sought::of(text);
            for (column, between) in [("e.description", " or "), ("s.name", "")] {
                text_in(sql, engine, column, sought);
                sql.push(between);
            }
        }
        EventAnyOf::Tag(tags) => {
            // Most rows are told apart without reading their JSON.
            sql.push("(");
            for tag in tags {
                if plain(tag) {
                    sql.push("strpos(e.tags, ").bind(tag).push(") > 0 or ");
                } else {
                    sql.push("e.tags is not null or ");
                }
            }
            sql.push("false) and ");
            sql.push(match engine {
                Engine::Sqlite => "exists (select 1 from json_each(e.tags) j where ",
                Engine::Postgres => {
                    "exists (select 1 from \
                     json_array_elements_text(cast(e.tags as json)) j (value) where "
                }
            });
            is_any(sql, "j.value", tags, false);
            sql.push(")");
        }
        EventAnyOf::Attribute { values, .. } => {
            // The same; an escape may stand for any letter.
            sql.push("(strpos(e.attributes, '\\u') > 0 or ");
            for value in values {
                if plain(value) {
                    sql.push("strpos(e.attributes, ")
                        .bind(value)
                        .push(") > 0 or ");
                } else {
                    sql.push("e.attributes is not null or ");
                }
            }
            sql.push("false) and (");
            let mut between = "";
            for place in places {
                sql.push(between);
                between = " or ";
                attribute(sql, engine, place, values);
            }
            sql.push(")");
        }
    }
}

/// Whether JSON spells a text letter by letter, but for `\u`.
fn plain(text: &str) -> bool {
    !text.contains(['"', '\\', '/']) && !text.contains(char::is_control)
}

/// Appends whether the text, number or truth value at a place is one of the values; numbers are
/// compared as they are written.
fn attribute<'a>(sql: &mut Sql<'a>, engine: Engine, place: &'a Place, values: &'a [String]) {
    let (Place::Path(path) | Place::Name(path)) = place;
    match (engine, place) {
        (Engine::Sqlite, _) => {
            sql.push("case json_type(e.attributes, ")
                .bind(path)
                .push(") when 'text' then e.attributes ->> ")
                .bind(path)
                .push(
                    " when 'object' then null when 'array' then null when 'null' then null \
                     else e.attributes -> ",
                )
                .bind(path);
            is_any(sql, " end", values, false);
        }
        // The value first: its kind, which takes reading the JSON again, matters where it fits.
        (Engine::Postgres, Place::Path(_)) => {
            sql.push("cast(e.attributes as json) #>> string_to_array(")
                .bind(path);
            is_any(sql, ", '.')", values, false);
            sql.push(" and json_typeof(cast(e.attributes as json) #> string_to_array(")
                .bind(path)
                .push(", '.')) in ('string', 'number', 'boolean')");
        }
        (Engine::Postgres, Place::Name(_)) => {
            sql.push("cast(e.attributes as json) ->> cast(").bind(path);
            is_any(sql, " as text)", values, false);
            sql.push(" and json_typeof(cast(e.attributes as json) -> cast(")
                .bind(path)
                .push(" as text)) in ('string', 'number', 'boolean')");
        }
    }
}
