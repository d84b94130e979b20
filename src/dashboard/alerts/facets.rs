//! The facets beside the list: each value a link that adds it to the search or takes it away.

use base::Severity;

use crate::alerts::{self, AlertFilter, AlertStatus, FacetValue};
use crate::app::App;
use crate::dashboard::address::Address;
use crate::http::Problem;
use crate::search::Query;

/// A facet with its values.
pub(super) struct FacetList {
    pub(super) label: &'static str,
    pub(super) exact: bool,
    pub(super) values: Vec<Value>,
}

/// A value of a facet.
pub(super) struct Value {
    pub(super) label: String,
    pub(super) severity: Option<Severity>,
    pub(super) status: Option<AlertStatus>,
    pub(super) count: i64,
    pub(super) chosen: bool,
    pub(super) excluded: bool,
    pub(super) toggle: String,
    pub(super) only: String,
    pub(super) not: String,
}

/// Values shown of a facet that may have many.
const VALUES_MAX: usize = 8;

/// The facets of a filter.
pub(super) async fn lists(
    app: &App,
    filter: AlertFilter,
    query: &Query,
    here: &Address,
) -> Result<Vec<FacetList>, Problem> {
    let found = alerts::facets(app, filter).await?;
    let exact = |name: &str| found.exact || found.exact_facets.contains(&name);
    let facets = found.facets;
    let list = |field: &str, label, exact, values: Vec<FacetValue>| FacetList {
        label,
        exact,
        values: values
            .into_iter()
            .enumerate()
            .filter(|(n, it)| *n < VALUES_MAX || query.has(field, &it.value))
            .map(|(_, it)| value(field, it, query, here))
            .collect(),
    };
    let lists = vec![
        list("severity", "Severity", exact("severity"), facets.severity),
        list("status", "Status", exact("status"), facets.status),
        list("owner", "Owner", exact("owner"), facets.owner),
        list("source", "Source", exact("source"), facets.source),
        list("type", "Type", exact("type"), facets.event_type),
        list("country", "Country", exact("country"), facets.country),
    ];
    Ok(lists
        .into_iter()
        .filter(|list| !list.values.is_empty())
        .collect())
}

fn value(field: &str, found: FacetValue, query: &Query, here: &Address) -> Value {
    let of = |query: Query| here.with("q", query).to_string();
    let word = found.value.as_str();
    let chosen = query.has(field, word);
    let excluded = query.excludes(field, word);
    Value {
        toggle: of(if chosen || excluded {
            query.without(field, word)
        } else {
            query.with(field, word)
        }),
        only: of(query.only(field, word)),
        not: of(query.not(field, word)),
        severity: (field == "severity").then(|| word.parse().ok()).flatten(),
        status: (field == "status").then(|| word.parse().ok()).flatten(),
        count: found.count,
        label: found.label.unwrap_or_else(|| found.value.clone()),
        chosen,
        excluded,
    }
}
