//! What is walked, along which index, and how far.

use base::{Cursor, Direction, EventId};
use store::{Engine, Sql};

use super::super::blocks::Token;
use super::super::model::EventFilter;
use super::EVENT_ALERT;
use super::blocks::Range;
use super::tested::Names;

/// Rows a list looks at before it answers with what it has: bounds every filter to about 100 ms.
const ROW_BUDGET: i64 = 50_000;
/// The same for a search, which reads and folds each row's description.
const SEARCH_ROW_BUDGET: i64 = 30_000;
/// The same when the JSON of rows is read, and when it may have to be read of each: those that do
/// not hold the text of the value need no reading.
const ATTRIBUTES_ROW_BUDGET: i64 = 30_000;
const JSON_ROW_BUDGET: i64 = 10_000;
/// The same along an index: its rows lie apart, and each is read by itself (3 us, where a row beside
/// the one before it takes 0.7).
const INDEX_ROW_BUDGET: i64 = 10_000;
/// The same of one source on PostgreSQL, whose buffers by default hold few of 10 million events: such
/// a row takes 20 us there.
const POSTGRES_SOURCE_ROW_BUDGET: i64 = 2_000;

/// What is walked, and how.
#[derive(Clone, Copy)]
pub(super) struct Search<'f> {
    pub(super) filter: &'f EventFilter,
    pub(super) names: &'f Names,
    pub(super) upwards: bool,
    pub(super) range: Range,
}

impl<'f> Search<'f> {
    /// Everything in the filter's time; `ascending` with the oldest first.
    pub(super) fn new(filter: &'f EventFilter, names: &'f Names, ascending: bool) -> Self {
        let first = filter
            .from
            .map_or(0, |from| EventId::first_at(from).number());
        let last = filter.to.map_or(i64::MAX, |to| {
            EventId::first_at(to).number().saturating_sub(1)
        });
        Self {
            filter,
            names,
            upwards: ascending,
            range: Range { first, last },
        }
    }

    /// The same from a place on; towards the page before, rows are read the other way round.
    pub(super) fn from(mut self, cursor: Option<Cursor>) -> Self {
        let Some(cursor) = cursor else { return self };
        if cursor.direction == Direction::Previous {
            self.upwards = !self.upwards;
        }
        if self.upwards {
            self.range.first = self.range.first.max(cursor.id.saturating_add(1));
        } else {
            self.range.last = self.range.last.min(cursor.id.saturating_sub(1));
        }
        self
    }

    /// The same below an id.
    pub(super) fn below(mut self, id: Option<EventId>) -> Self {
        if let Some(id) = id {
            self.range.last = self.range.last.min(id.number().saturating_sub(1));
        }
        self
    }

    /// What blocks are asked for: nothing where an index does better, or nothing is certain.
    pub(super) fn groups(&self) -> Vec<Vec<Token>> {
        if self.filter.id.is_empty() {
            self.names.groups(self.filter)
        } else {
            Vec::new()
        }
    }
}

/// Rows a page may walk. PostgreSQL takes half as long again as `SQLite` for a row that a filter has to
/// look into, and no longer for one that is only walked.
pub(super) fn budget(engine: Engine, filter: &EventFilter) -> i64 {
    let rows = if filter.leaves_attributes_out() {
        JSON_ROW_BUDGET
    } else if filter.reads_attributes() {
        ATTRIBUTES_ROW_BUDGET
    } else if filter.is_search() {
        SEARCH_ROW_BUDGET
    } else {
        ROW_BUDGET
    };
    let index = Index::of(filter);
    let rows = match index {
        Index::Source | Index::Severe => rows.min(INDEX_ROW_BUDGET),
        Index::Ids | Index::All => rows,
    };
    match engine {
        Engine::Postgres if index == Index::Source => rows.min(POSTGRES_SOURCE_ROW_BUDGET),
        Engine::Postgres if rows < ROW_BUDGET => rows.saturating_sub(rows / 3),
        Engine::Postgres | Engine::Sqlite => rows,
    }
}

/// Joins the walked rows; to SQLite `cross join` says that they come first.
pub(super) fn join(sql: &mut Sql<'_>) {
    sql.push(") e cross join sources s cross join event_types t")
        .push(EVENT_ALERT)
        .push(" where s.id = e.source_id and t.id = e.event_type_id");
}

/// Left to itself SQLite walks the whole table rather than the partial index.
pub(super) fn table(engine: Engine, filter: &EventFilter) -> &'static str {
    match engine {
        Engine::Sqlite if Index::of(filter) == Index::Severe => "events e indexed by events_severe",
        _ => "events e",
    }
}

pub(super) const fn order(ascending: bool) -> &'static str {
    if ascending {
        " order by e.id"
    } else {
        " order by e.id desc"
    }
}

/// Which index rows are walked along.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    Ids,
    Source,
    Severe,
    All,
}

impl Index {
    pub(super) fn of(filter: &EventFilter) -> Self {
        if !filter.id.is_empty() {
            Self::Ids
        } else if filter.sources().is_some_and(|names| names.len() == 1) {
            Self::Source
        } else if filter.is_severe() {
            Self::Severe
        } else {
            Self::All
        }
    }
}

/// Appends the part of the filter an index serves, and the order.
pub(super) fn walk<'a>(sql: &mut Sql<'a>, search: Search<'a>, range: Range) {
    let Search { filter, names, .. } = search;
    match Index::of(filter) {
        Index::Ids => {
            sql.and_in("e.id", filter.id.iter().copied());
        }
        Index::Source => {
            if let [source] = names.sources.as_slice() {
                sql.and("e.source_id =", *source);
            }
        }
        // Said in the words of the partial index, so that both planners see that it serves.
        Index::Severe => {
            sql.push(" and e.severity >= 4");
        }
        Index::All => {}
    }
    sql.and("e.id >=", range.first)
        .and("e.id <=", range.last)
        .push(order(search.upwards));
}
