//! Conditions of a filter, wanted or left out.

use store::{Arg, Sql};

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
