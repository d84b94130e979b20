//! What a filter needs an event to have: tokens without which nothing can match.

use super::super::model::{EventAnyOf, EventFilter};
use super::token::{About, Token, numbered, worded};
use super::{leaves, words};
use crate::search::Sought;

/// Most tokens of one condition that are looked for; one with more values goes unhelped.
const ANY_MAX: usize = 8;
/// Most tokens looked for altogether.
const TOKENS_MAX: usize = 16;

/// The tokens of a filter: of each group at least one must be there. Those that say most come
/// first. `ids` are for each test the ids of the sources or types it names.
pub(crate) fn groups(filter: &EventFilter, ids: &[Vec<i64>], by_source: bool) -> Vec<Vec<Token>> {
    let mut groups: Vec<Vec<Token>> = Vec::new();
    if !filter.severity.is_empty() {
        let severities = filter.severity.iter();
        groups.push(
            severities
                .map(|it| numbered(About::Severity, it.id()))
                .collect(),
        );
    }
    for (test, ids) in filter.tests.iter().zip(ids) {
        if test.negated {
            continue;
        }
        let numbers = |about| ids.iter().map(|id| numbered(about, *id)).collect();
        let texts = |about, texts: &[Option<String>]| {
            let texts = texts.iter();
            texts.map(|text| worded(about, text.as_deref())).collect()
        };
        match &test.any {
            // An index leads to the events of one source.
            EventAnyOf::Source(_) if by_source && ids.len() == 1 => {}
            EventAnyOf::Source(_) => groups.push(numbers(About::Source)),
            EventAnyOf::Type(_) => groups.push(numbers(About::Type)),
            EventAnyOf::Country(codes) => groups.push(texts(About::Country, codes)),
            EventAnyOf::Address(addresses) => groups.push(texts(About::Address, addresses)),
            EventAnyOf::Tag(tags) => {
                let tags = tags.iter();
                groups.push(tags.map(|tag| worded(About::Tag, Some(tag))).collect());
            }
            EventAnyOf::Attribute { path, values } if is_plain(path) => {
                let values = values.iter();
                groups.push(values.map(|value| leaves::wanted(path, value)).collect());
            }
            EventAnyOf::Text(text) => {
                if let Sought::Word(text) = Sought::of(text) {
                    groups.extend(words::wanted(text).into_iter().map(|token| vec![token]));
                }
            }
            EventAnyOf::Attribute { .. } | EventAnyOf::Id(_) => {}
        }
    }
    groups.retain(|group| (1..=ANY_MAX).contains(&group.len()));
    // Of a severity there are many; of the rest the fewer the values the rarer.
    groups.sort_by_key(Vec::len);
    let mut room = TOKENS_MAX;
    groups.retain(|group| {
        let fits = group.len() <= room;
        room = room.saturating_sub(group.len());
        fits
    });
    groups
}

/// Whether every number of a path is written as the place in a list it may be: `-1` and `007` mean
/// places too, to some engine.
fn is_plain(path: &[String]) -> bool {
    path.iter().all(|name| {
        let number = name.trim_start_matches(['-', '+']);
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        !is_number || name.parse::<u32>().is_ok_and(|it| it.to_string() == *name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn numbers_that_could_be_other_places_are_not_relied_on() {
        assert!(is_plain(&path(&["a", "0", "b-1", "12"])));
        for odd in ["-1", "007", "00", "99999999999"] {
            assert!(!is_plain(&path(&["a", odd])), "{odd}");
        }
    }

    #[test]
    fn what_is_left_out_asks_for_nothing() {
        let filter = EventFilter::default().and(EventAnyOf::Tag(vec!["a".to_owned()]));
        assert_eq!(groups(&filter, &[Vec::new()], false).len(), 1);
        let mut negated = filter.clone();
        negated.tests[0].negated = true;
        assert!(groups(&negated, &[Vec::new()], false).is_empty());
        let two = EventFilter::default().and(EventAnyOf::Text("10.0.0.123 failed".to_owned()));
        assert_eq!(groups(&two, &[Vec::new()], false).len(), 2);
        let part = EventFilter::default().and(EventAnyOf::Text("*failed".to_owned()));
        assert!(groups(&part, &[Vec::new()], false).is_empty());
        let many = (0..9).map(|n| n.to_string()).collect();
        let many = EventFilter::default().and(EventAnyOf::Tag(many));
        assert!(groups(&many, &[Vec::new()], false).is_empty());
    }
}
