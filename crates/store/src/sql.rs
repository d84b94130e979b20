//! A statement that grows: optional filters appended with their arguments.

use crate::Arg;

/// SQL text with its numbered arguments; only constant text and bound values go in.
#[derive(Debug)]
pub struct Sql<'a> {
    text: String,
    args: Vec<Arg<'a>>,
}

impl<'a> Sql<'a> {
    /// Starts with constant text.
    #[must_use]
    pub fn new(text: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            args: Vec::new(),
        }
    }

    /// Appends constant text.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a bound value as `$n`.
    pub fn bind(&mut self, arg: impl Into<Arg<'a>>) -> &mut Self {
        self.args.push(arg.into());
        self.text.push('$');
        self.text.push_str(&self.args.len().to_string());
        self
    }

    /// Appends ` and CONDITION $n`, such as `.and("status =", status)`.
    pub fn and(&mut self, condition: &'static str, arg: impl Into<Arg<'a>>) -> &mut Self {
        self.push(" and ").push(condition).push(" ").bind(arg)
    }

    /// Appends ` and COLUMN in ($n, …)`; an empty list matches nothing.
    pub fn and_in<I>(&mut self, column: &'static str, values: I) -> &mut Self
    where
        I: IntoIterator,
        I::Item: Into<Arg<'a>>,
    {
        self.push(" and ").push(column).push(" in (null");
        for value in values {
            self.push(", ").bind(value);
        }
        self.push(")")
    }

    /// Appends a search for text within a column, without regard to case.
    ///
    /// The needle must be lower case already; it holds no wildcards.
    pub fn and_contains(&mut self, column: &'static str, lower: &'a str) -> &mut Self {
        self.push(" and strpos(lower(")
            .push(column)
            .push("), ")
            .bind(lower)
            .push(") > 0")
    }

    /// The text so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The arguments so far, `$1` first.
    #[must_use]
    pub fn args(&self) -> &[Arg<'a>] {
        &self.args
    }
}
