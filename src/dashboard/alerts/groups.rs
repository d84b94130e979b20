//! The list in groups, worst first.

use base::{Severity, Timestamp};

use crate::alerts::{AlertGroup, GroupBy, Groups};
use crate::dashboard::address::Address;
use crate::search::Query;

/// A group of the list.
pub(super) struct GroupRow {
    pub(super) label: String,
    /// The list of its alerts.
    pub(super) href: String,
    /// The search that finds its alerts.
    pub(super) query: String,
    pub(super) count: i64,
    pub(super) open: i64,
    pub(super) by_severity: Vec<(Severity, i64)>,
    pub(super) newest_title: String,
    pub(super) newest_at: Timestamp,
    pub(super) oldest_at: Timestamp,
}

/// The word of a grouping, as the address has it; also the search's field.
pub(super) const fn word(by: GroupBy) -> &'static str {
    match by {
        GroupBy::Source => "source",
        GroupBy::Type => "type",
        GroupBy::Country => "country",
        GroupBy::Owner => "owner",
    }
}

/// What a grouping is called.
pub(super) const fn label(by: GroupBy) -> &'static str {
    match by {
        GroupBy::Source => "Source",
        GroupBy::Type => "Type",
        GroupBy::Country => "Country",
        GroupBy::Owner => "Owner",
    }
}

/// The groups of a search as rows.
pub(super) fn rows(found: Groups, text: &str, here: &Address) -> Vec<GroupRow> {
    let query = Query::parse(text).unwrap_or_default();
    let field = word(found.by);
    let groups = found.groups.into_iter();
    groups
        .map(|group| row(group, field, &query, here))
        .collect()
}

fn row(group: AlertGroup, field: &str, query: &Query, here: &Address) -> GroupRow {
    let key = group.key.unwrap_or_else(|| "none".to_owned());
    let query = query.only(field, &key).to_string();
    let n = group.by_severity;
    let by_severity = [
        (Severity::Critical, n.critical),
        (Severity::High, n.high),
        (Severity::Medium, n.medium),
        (Severity::Low, n.low),
        (Severity::Info, n.info),
    ];
    GroupRow {
        href: here.without("group").with("q", &query).to_string(),
        label: key,
        query,
        count: group.count,
        open: group.open,
        by_severity: by_severity.into_iter().filter(|(_, n)| *n > 0).collect(),
        newest_title: group.newest.title,
        newest_at: group.newest.created_at,
        oldest_at: group.oldest_created_at,
    }
}
