//! Conditions of a filter, wanted or left out.

use store::{Arg, Engine, Sql};

use crate::search::Sought;

/// Appends ` and` with a condition, or with its opposite, which holds where the condition is
/// null too.
pub(crate) fn condition<'a>(sql: &mut Sql<'a>, negated: bool, append: impl FnOnce(&mut Sql<'a>)) {
    sql.push(" and (");
    append(sql);
    sql.push(if negated { ") is not true" } else { ")" });
}

/// Appends whether a column has one of some values, or none at all when `or_null`.
pub(crate) fn is_any<'a>(
    sql: &mut Sql<'a>,
    column: &'static str,
    values: impl IntoIterator<Item = impl Into<Arg<'a>>>,
    or_null: bool,
) {
    sql.push(column).push(" in (null");
    for value in values {
        sql.push(", ").bind(value);
    }
    sql.push(")");
    if or_null {
        sql.push(" or ").push(column).push(" is null");
    }
}

/// Appends whether a text, such as a column, has what is sought, in any case.
pub(crate) fn text_in<'a>(
    sql: &mut Sql<'a>,
    engine: Engine,
    text: &'static str,
    sought: Sought<'a>,
) {
    let wanted = sought.text();
    let is_word = matches!(sought, Sought::Word(_));
    if is_word && engine == Engine::Sqlite {
        sql.push("word_begins(").push(text).push(", ");
        sql.bind(wanted).push(")");
        return;
    }
    sql.push("strpos(lower(").push(text).push("), ");
    sql.bind(wanted).push(") > 0");
    if is_word {
        // Behind the first test, which is the cheaper one. Between words stands whatever of ASCII is
        // no letter, no digit and no `_`; capitals there are none.
        sql.push(" and lower(")
            .push(text)
            .push(") ~ ('(^|[\u{1}-/:-@\\[-^`{-\u{7f}])' || regexp_replace(")
            .bind(wanted)
            .push(", '([\u{1}-/:-@\\[-^`{-\u{7f}])', '\\\\\\1', 'g'))");
    }
}
