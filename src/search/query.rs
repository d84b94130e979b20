//! A query as terms: read, written, changed term by term.

use std::fmt;
use std::str::FromStr;

use super::fields::NONE;
use super::mistake::{Mistake, Span};
use super::parse::{self, field_of, is_foreign};

/// A value of a term, and where it stands; values of the same text are equal.
#[derive(Clone, Debug, Eq)]
pub struct Value {
    /// The text, without quotes and escapes; never empty.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// One condition of a query; terms that say the same are equal wherever they stand.
#[derive(Clone, Debug, Eq)]
pub struct Term {
    /// Whether it excludes what it names.
    pub negated: bool,
    /// The field's name; free text has none.
    pub field: Option<String>,
    /// Any of these must hold; free text has one.
    pub values: Vec<Value>,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        (self.negated, &self.field, &self.values) == (other.negated, &other.field, &other.values)
    }
}

impl Term {
    /// The values' texts.
    pub fn texts(&self) -> impl Iterator<Item = String> + Clone + '_ {
        self.values.iter().map(|value| value.text.clone())
    }

    /// The values' texts, `None` for `none`.
    pub fn optional(&self) -> impl Iterator<Item = Option<String>> + Clone + '_ {
        self.texts().map(|text| Some(text).filter(|it| it != NONE))
    }

    /// The values that are of a type; of a resolved term those of its field's all are.
    #[must_use]
    pub fn all<T: FromStr>(&self) -> Vec<T> {
        let values = self.values.iter();
        values.filter_map(|value| value.text.parse().ok()).collect()
    }

    /// The first value, when it is of a type.
    #[must_use]
    pub fn one<T: FromStr>(&self) -> Option<T> {
        self.values.first()?.text.parse().ok()
    }

    fn is_of(&self, field: &str) -> bool {
        self.field
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case(field))
    }

    fn holds(&self, value: &str) -> bool {
        self.values.iter().any(|it| it.text == value)
    }
}

/// What somebody searches for: terms that must all hold.
///
/// `Display` writes it so that reading it again gives an equal query. The editing operations
/// compare names without and values with regard to case: use them on what [`Query::resolve`]
/// returned, with the names and values of its table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
}

impl Query {
    pub(super) const fn of(terms: Vec<Term>) -> Self {
        Self { terms }
    }

    /// Reads a query of at most 2,000 characters, 40 terms, 8 free words and 100 values a term;
    /// which fields there are is not its business.
    ///
    /// # Errors
    /// Every place that cannot be understood, in the order of the text; at most 20.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        parse::parse(text)
    }

    /// The terms, in their order.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a value of a field is asked for.
    #[must_use]
    pub fn has(&self, field: &str, value: &str) -> bool {
        let mut wanted = self.terms.iter().filter(|term| !term.negated);
        wanted.any(|term| term.is_of(field) && term.holds(value))
    }

    /// Whether a value of a field is excluded.
    #[must_use]
    pub fn excludes(&self, field: &str, value: &str) -> bool {
        let mut excluded = self.terms.iter().filter(|term| term.negated);
        excluded.any(|term| term.is_of(field) && term.holds(value))
    }

    /// The values asked for of a field, in their order.
    pub fn values<'q>(&'q self, field: &'q str) -> impl Iterator<Item = &'q str> {
        let wanted = self.terms.iter().filter(|term| !term.negated);
        wanted
            .filter(move |term| term.is_of(field))
            .flat_map(|term| term.values.iter().map(|value| value.text.as_str()))
    }

    /// The same with a value added to those asked for of a field, and no longer excluded.
    #[must_use]
    pub fn with(&self, field: &str, value: &str) -> Self {
        if self.has(field, value) {
            return self.clone();
        }
        self.without(field, value).added(false, field, value)
    }

    /// The same with a value of a field excluded, and no longer asked for.
    #[must_use]
    pub fn not(&self, field: &str, value: &str) -> Self {
        if self.excludes(field, value) && !self.has(field, value) {
            return self.clone();
        }
        self.without(field, value).added(true, field, value)
    }

    /// The same with a value of a field neither asked for nor excluded.
    #[must_use]
    pub fn without(&self, field: &str, value: &str) -> Self {
        let mut terms = self.terms.clone();
        for term in terms.iter_mut().filter(|term| term.is_of(field)) {
            term.values.retain(|it| it.text != value);
        }
        terms.retain(|term| !term.values.is_empty());
        Self { terms }
    }

    /// The same with this value as the only one of its field.
    #[must_use]
    pub fn only(&self, field: &str, value: &str) -> Self {
        let place = self.terms.iter().position(|term| term.is_of(field));
        let mut kept = self.clear(field);
        // It stays where its field stood, so that chips do not jump.
        let place = place.unwrap_or(kept.terms.len()).min(kept.terms.len());
        kept.terms.insert(place, new(false, field, value));
        kept
    }

    /// The same without anything about a field.
    #[must_use]
    pub fn clear(&self, field: &str) -> Self {
        let terms = self.terms.iter().filter(|term| !term.is_of(field));
        Self {
            terms: terms.cloned().collect(),
        }
    }

    /// The same without the term at a place; unchanged when there is none.
    #[must_use]
    pub fn remove(&self, index: usize) -> Self {
        let kept = self.terms.iter().enumerate().filter(|(n, _)| *n != index);
        Self {
            terms: kept.map(|(_, term)| term.clone()).collect(),
        }
    }

    fn added(mut self, negated: bool, field: &str, value: &str) -> Self {
        let same = |term: &&mut Term| term.negated == negated && term.is_of(field);
        match self.terms.iter_mut().find(same) {
            Some(term) => term.values.push(self::value(value)),
            None => self.terms.push(new(negated, field, value)),
        }
        self
    }
}

fn value(text: &str) -> Value {
    Value {
        text: text.to_owned(),
        span: Span::default(),
    }
}

fn new(negated: bool, field: &str, text: &str) -> Term {
    Term {
        negated,
        field: Some(field.to_owned()),
        values: vec![value(text)],
        span: Span::default(),
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for term in &self.terms {
            write!(f, "{between}{term}")?;
            between = " ";
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.negated { "-" } else { "" })?;
        if let Some(field) = &self.field {
            write!(f, "{field}:")?;
        }
        let mut between = "";
        for Value { text, .. } in &self.values {
            f.write_str(between)?;
            between = ",";
            let bare = match self.field {
                Some(_) => is_plain(text) && !text.contains(','),
                None => is_plain(text) && !reads_as_more(text),
            };
            if bare {
                f.write_str(text)?;
            } else {
                write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))?;
            }
        }
        Ok(())
    }
}

fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| c.is_whitespace() || c == '"')
}

/// Whether a free word means something else when it is not quoted.
fn reads_as_more(text: &str) -> bool {
    text.starts_with('-') || field_of(text).is_some() || is_foreign(text)
}

#[cfg(test)]
mod tests;
