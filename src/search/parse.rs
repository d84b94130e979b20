//! From text to terms.

use super::mistake::{Mistake, Span, shown};
use super::query::{Query, Term, Value};

/// Longest query, in characters.
pub const CHARS_MAX: usize = 2_000;
/// Most terms of a query.
pub const TERMS_MAX: usize = 40;
/// Most free words and phrases of a query.
pub const WORDS_MAX: usize = 8;
/// Most values of one term.
pub const VALUES_MAX: usize = 100;
/// Mistakes told of one query: more only hides the first.
const MISTAKES_MAX: usize = 20;

/// What joins terms in other languages and would be looked for as a word in this one.
const FOREIGN: [&str; 3] = ["AND", "OR", "NOT"];

/// Whether a word stands for something other than itself unless it is quoted.
pub(super) fn is_foreign(word: &str) -> bool {
    FOREIGN.contains(&word)
}

/// The field a text names before its first colon, when it reads like one.
pub(super) fn field_of(text: &str) -> Option<&str> {
    let (name, _) = text.split_once(':')?;
    let mut chars = name.chars();
    let first = chars.next()?;
    let begins = first.is_alphabetic() || first == '_';
    (begins && chars.all(|c| c.is_alphanumeric() || "_.-@$/".contains(c))).then_some(name)
}

/// Reads a query.
pub(super) fn parse(text: &str) -> Result<Query, Vec<Mistake>> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > CHARS_MAX {
        let span = Span {
            start: CHARS_MAX,
            end: chars.len(),
        };
        let what = format!("too long: at most {CHARS_MAX} characters");
        return Err(vec![Mistake::new(span, what)]);
    }
    let mut reader = Reader {
        chars: &chars,
        at: 0,
    };
    let (mut terms, mut mistakes) = (Vec::new(), Vec::new());
    while mistakes.len() < MISTAKES_MAX {
        reader.skip(char::is_whitespace);
        if reader.peek().is_none() {
            break;
        }
        match reader.term() {
            Ok(term) => terms.push(term),
            Err(mistake) => {
                mistakes.push(mistake);
                reader.skip(|c| !c.is_whitespace());
            }
        }
    }
    mistakes.extend(too_many(&terms));
    if mistakes.is_empty() {
        Ok(Query::of(terms))
    } else {
        Err(mistakes)
    }
}

fn too_many(terms: &[Term]) -> Option<Mistake> {
    if let Some(term) = terms.get(TERMS_MAX) {
        return Some(Mistake::new(
            term.span,
            format!("at most {TERMS_MAX} terms"),
        ));
    }
    let mut words = terms.iter().filter(|term| term.field.is_none());
    let ninth = words.nth(WORDS_MAX)?;
    let what = format!("at most {WORDS_MAX} free words or phrases");
    Some(Mistake::new(ninth.span, what))
}

struct Reader<'c> {
    chars: &'c [char],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn advance(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.advance();
        }
        found
    }

    fn skip(&mut self, mut belongs: impl FnMut(char) -> bool) {
        while self.peek().is_some_and(&mut belongs) {
            self.advance();
        }
    }

    fn since(&self, start: usize) -> Span {
        Span {
            start,
            end: self.at,
        }
    }

    fn at_end_of_term(&self) -> bool {
        self.peek().is_none_or(char::is_whitespace)
    }

    fn term(&mut self) -> Result<Term, Mistake> {
        let start = self.at;
        let negated = self.eat('-');
        if self.at_end_of_term() {
            let what = "a `-` alone excludes nothing: write it right before a word or a field, \
                as in -status:RESOLVED";
            return Err(Mistake::new(self.since(start), what));
        }
        let (field, values) = match self.field() {
            Some(name) => {
                let values = self.values(&name)?;
                (Some(name), values)
            }
            None => (None, vec![self.word()?]),
        };
        Ok(Term {
            negated,
            field,
            values,
            span: self.since(start),
        })
    }

    /// Reads a field's name and its colon, if that is what comes.
    fn field(&mut self) -> Option<String> {
        let rest = self.chars.get(self.at..)?;
        let word: String = rest.iter().take_while(|c| !c.is_whitespace()).collect();
        let name = field_of(&word)?.to_owned();
        let behind = name.chars().count().saturating_add(1);
        self.at = self.at.saturating_add(behind);
        Some(name)
    }

    /// Reads a free word or a quoted phrase.
    fn word(&mut self) -> Result<Value, Mistake> {
        let quoted = self.peek() == Some('"');
        let value = self.value(|_| false)?;
        if !self.at_end_of_term() {
            let what = "a space is missing behind the closing quote";
            return Err(Mistake::new(self.since(value.span.start), what));
        }
        if !quoted && is_foreign(&value.text) {
            let what = format!(
                "{0} joins nothing here: all terms must hold anyway; field:a,b takes any of \
                 several values, and -field:value excludes. For the word itself write \"{0}\"",
                value.text
            );
            return Err(Mistake::new(value.span, what));
        }
        Ok(value)
    }

    /// Reads the values behind a field's colon.
    fn values(&mut self, name: &str) -> Result<Vec<Value>, Mistake> {
        let mut values: Vec<Value> = Vec::new();
        loop {
            let start = self.at;
            if self.at_end_of_term() || self.peek() == Some(',') {
                let before = Span {
                    start: start.saturating_sub(1),
                    end: start,
                };
                let what = if values.is_empty() {
                    format!("a value is missing behind {}:", shown(name))
                } else {
                    "a value is missing at the comma; around commas there are no spaces".to_owned()
                };
                return Err(Mistake::new(before, what));
            }
            let value = self.value(|c| c == ',')?;
            if !values.contains(&value) {
                values.push(value);
            }
            if values.len() > VALUES_MAX {
                let what = format!("at most {VALUES_MAX} values at once");
                return Err(Mistake::new(self.since(start), what));
            }
            if self.at_end_of_term() {
                return Ok(values);
            }
            if !self.eat(',') {
                let what = "a space or a comma is missing behind the closing quote";
                return Err(Mistake::new(self.since(start), what));
            }
        }
    }

    /// Reads a quoted value, or a bare one up to a space or what `ends` it.
    fn value(&mut self, ends: impl Fn(char) -> bool) -> Result<Value, Mistake> {
        let start = self.at;
        let text = if self.eat('"') {
            self.quoted(start)?
        } else {
            let mut text = String::new();
            while let Some(c) = self.peek().filter(|c| !c.is_whitespace() && !ends(*c)) {
                if c == '"' {
                    let what = "a quote within a word: put the whole into quotes and write \\\" \
                        for a quote inside";
                    let at = self.at;
                    self.advance();
                    return Err(Mistake::new(self.since(at), what));
                }
                text.push(c);
                self.advance();
            }
            text
        };
        let span = self.since(start);
        if text.is_empty() {
            return Err(Mistake::new(span, "nothing stands between the quotes"));
        }
        if text.contains('\0') {
            return Err(Mistake::new(span, "must not contain U+0000"));
        }
        Ok(Value { text, span })
    }

    /// Reads up to the closing quote; a backslash takes a quote or a backslash as it is.
    fn quoted(&mut self, start: usize) -> Result<String, Mistake> {
        let mut text = String::new();
        while let Some(c) = self.advance() {
            match (c, self.peek()) {
                ('"', _) => return Ok(text),
                ('\\', Some(escaped @ ('"' | '\\'))) => {
                    text.push(escaped);
                    self.advance();
                }
                _ => text.push(c),
            }
        }
        let what = format!(
            "the quote opened at character {} is never closed",
            start.saturating_add(1)
        );
        Err(Mistake::new(self.since(start), what))
    }
}
