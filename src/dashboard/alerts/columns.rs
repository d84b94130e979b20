//! The columns of the list: which there are, which are shown, how they sort.

use crate::dashboard::address::Address;

/// A column there is.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) shown: bool,
}

/// A column of the list.
pub(super) struct Header {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// `ascending` or `descending`, where the list is sorted by it.
    pub(super) sorted: Option<&'static str>,
    /// The list sorted by it, or the other way round.
    pub(super) sort_href: Option<String>,
}

/// Name and label; the first seven are shown unless somebody chose.
const COLUMNS: [(&str, &str); 13] = [
    ("severity", "Severity"),
    ("status", "Status"),
    ("title", "Title"),
    ("source", "Source"),
    ("type", "Type"),
    ("owner", "Owner"),
    ("age", "Age"),
    ("id", "Number"),
    ("country", "Country"),
    ("ip", "Address"),
    ("created", "Raised"),
    ("updated", "Changed"),
    ("resolution", "Resolution"),
];
const SHOWN: usize = 7;

/// The columns to show: of the address, else of the person, else the usual ones. The title is
/// always there: it opens the alert.
pub(super) fn chosen(asked: &[String], preferred: Option<&Vec<String>>) -> Vec<String> {
    let wanted = if asked.is_empty() {
        preferred.map(Vec::as_slice).unwrap_or_default()
    } else {
        asked
    };
    let is_wanted = |(n, name): (usize, &str)| match wanted {
        [] => n < SHOWN,
        wanted => name == "title" || wanted.iter().any(|it| it == name),
    };
    let names = COLUMNS.iter().map(|(name, _)| *name).enumerate();
    names
        .filter(|column| is_wanted(*column))
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// Every column, and whether it is shown.
pub(super) fn all(chosen: &[String]) -> Vec<Column> {
    let columns = COLUMNS.iter().map(|&(name, label)| Column {
        name,
        label,
        shown: chosen.iter().any(|it| it == name),
    });
    columns.collect()
}

/// The columns shown, with what a click on each does.
pub(super) fn headers(chosen: &[String], sort: &str, here: &Address) -> Vec<Header> {
    let shown = COLUMNS
        .iter()
        .filter(|(name, _)| chosen.iter().any(|it| it == name));
    shown
        .map(|&(name, label)| header(name, label, sort, here))
        .collect()
}

fn header(name: &'static str, label: &'static str, sort: &str, here: &Address) -> Header {
    // An age falls as the time of raising rises.
    let (falling, rising, upwards) = match name {
        "severity" => ("-severity", "severity", false),
        "age" => ("-created_at", "created_at", true),
        "created" => ("-created_at", "created_at", false),
        _ => {
            return Header {
                name,
                label,
                sorted: None,
                sort_href: None,
            };
        }
    };
    let (down, up) = if upwards {
        ("ascending", "descending")
    } else {
        ("descending", "ascending")
    };
    let sorted = if sort == falling {
        Some(down)
    } else {
        (sort == rising).then_some(up)
    };
    let next = if sort == falling { rising } else { falling };
    Header {
        name,
        label,
        sorted,
        sort_href: Some(here.with("sort", next).to_string()),
    }
}
