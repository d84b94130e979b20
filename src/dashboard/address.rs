//! Addresses of our own pages with their parameters, built piece by piece.

/// A path and its parameters, in their order, each name once.
#[derive(Clone, Debug)]
pub(super) struct Address {
    path: &'static str,
    params: Vec<(&'static str, String)>,
}

impl Address {
    /// The path alone.
    pub(super) const fn new(path: &'static str) -> Self {
        Self {
            path,
            params: Vec::new(),
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "an address is read where it is built"
    )]
    /// The same with a parameter; in place of the one of that name.
    pub(super) fn with(&self, name: &'static str, value: impl ToString) -> Self {
        let mut changed = self.without(name);
        changed.params.push((name, value.to_string()));
        changed
    }

    /// The same with a parameter where there is a value.
    pub(super) fn with_some(&self, name: &'static str, value: Option<impl ToString>) -> Self {
        value.map_or_else(|| self.clone(), |value| self.with(name, value))
    }

    /// The same without a parameter.
    pub(super) fn without(&self, name: &str) -> Self {
        let kept = self.params.iter().filter(|(key, _)| *key != name);
        Self {
            path: self.path,
            params: kept.cloned().collect(),
        }
    }

    /// The parameters but one, for the hidden fields of a form that sets it.
    pub(super) fn others(&self, name: &str) -> Vec<(&'static str, String)> {
        self.without(name).params
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.path)?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.params {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() {
            Ok(())
        } else {
            write!(f, "?{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded_and_replaced() {
        let at = Address::new("/alerts")
            .with("q", "source:\"a&b\" ü")
            .with("sort", "-severity");
        assert_eq!(
            at.to_string(),
            "/alerts?q=source%3A%22a%26b%22+%C3%BC&sort=-severity"
        );
        assert_eq!(at.with("q", "x").without("sort").to_string(), "/alerts?q=x");
        assert_eq!(at.others("q"), [("sort", "-severity".to_owned())]);
    }
}
