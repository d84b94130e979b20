//! The bar people search with: the words, what they mean as chips, and what is wrong with them.

use super::address::Address;
use crate::search::{Field, Mistake, Query};

/// The bar above a list.
#[derive(Clone, Debug)]
pub(super) struct SearchBar {
    /// What the field is called, such as `Search alerts`.
    pub(super) label: &'static str,
    /// Where the form leads.
    pub(super) path: &'static str,
    /// What is searched for.
    pub(super) text: String,
    /// The parameters that stay as they are.
    pub(super) others: Vec<(&'static str, String)>,
    /// Each term, to be taken away.
    pub(super) chips: Vec<Chip>,
    /// What cannot be understood.
    pub(super) mistakes: Vec<Wrong>,
    /// What can be searched by.
    pub(super) fields: Vec<Offer>,
}

/// A term of the search.
#[derive(Clone, Debug)]
pub(super) struct Chip {
    pub(super) text: String,
    pub(super) negated: bool,
    /// The list without it.
    pub(super) without: String,
}

/// A mistake with the words around it, so that the wrong ones can be underlined.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) before: String,
    pub(super) part: String,
    pub(super) after: String,
    pub(super) message: String,
}

/// A field that can be searched by.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    /// Its values, where there are a few.
    pub(super) words: String,
}

/// What a bar shows beside its words.
pub(super) struct Parts<'a> {
    pub(super) label: &'static str,
    pub(super) path: &'static str,
    /// The list's address; its `q` is replaced.
    pub(super) here: &'a Address,
    pub(super) fields: &'static [Field],
}

impl SearchBar {
    /// The bar of a search that was understood.
    pub(super) fn understood(parts: &Parts<'_>, query: &Query) -> Self {
        let chips = query.terms().iter().enumerate().map(|(n, term)| Chip {
            text: shown(query, n),
            negated: term.negated,
            without: parts.here.with("q", query.remove(n)).to_string(),
        });
        Self {
            chips: chips.collect(),
            ..Self::blank(parts, query.to_string())
        }
    }

    /// The bar of a search with mistakes in it.
    pub(super) fn mistaken(parts: &Parts<'_>, text: &str, mistakes: &[Mistake]) -> Self {
        let piece = |from: usize, to: usize| -> String {
            text.chars()
                .skip(from)
                .take(to.saturating_sub(from))
                .collect()
        };
        let wrong = mistakes.iter().map(|mistake| Wrong {
            before: piece(0, mistake.span.start),
            part: piece(mistake.span.start, mistake.span.end),
            after: piece(mistake.span.end, usize::MAX),
            message: mistake.to_string(),
        });
        Self {
            mistakes: wrong.collect(),
            ..Self::blank(parts, text.to_owned())
        }
    }

    fn blank(parts: &Parts<'_>, text: String) -> Self {
        let offers = parts.fields.iter().map(|field| Offer {
            name: field.name,
            help: field.help,
            words: field.kind.known().join(" "),
        });
        Self {
            label: parts.label,
            path: parts.path,
            others: parts.here.others("q"),
            text,
            chips: Vec::new(),
            mistakes: Vec::new(),
            fields: offers.collect(),
        }
    }
}

/// One term as it is written, without the sign that excludes.
fn shown(query: &Query, place: usize) -> String {
    let mut only = query.clone();
    for other in (0..query.terms().len()).rev().filter(|n| *n != place) {
        only = only.remove(other);
    }
    only.to_string().trim_start_matches('-').to_owned()
}
