//! Query strings, read strictly: what is unknown is refused by name.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::{FieldErrors, Problem};

/// Most parameters one address may carry.
const PARAMS_MAX: usize = 64;

/// The parameters of a query string; take what is known, then [`Params::finish`].
#[derive(Clone, Debug, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: FieldErrors,
}

impl Params {
    /// Reads a query string.
    ///
    /// # Errors
    /// 400 when it has more than 64 parameters.
    pub fn parse(query: &str) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .take(PARAMS_MAX + 1)
            .collect();
        if pairs.len() > PARAMS_MAX {
            return Err(Problem::malformed("more than 64 parameters"));
        }
        Ok(Self {
            pairs,
            known: Vec::new(),
            errors: FieldErrors::new(),
        })
    }

    /// Takes every value of a parameter, given repeatedly or comma separated; empty ones are
    /// left out.
    pub fn list(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let mut values = Vec::new();
        self.pairs.retain(|(key, value)| {
            if key != name {
                return true;
            }
            let parts = value
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            values.extend(parts.map(str::to_owned));
            false
        });
        if values.iter().any(|value| value.contains('\0')) {
            self.refuse(name, "must not contain U+0000");
        }
        values
    }

    /// Takes a parameter that may be given once, as it stands.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let mut values = Vec::new();
        self.pairs.retain(|(key, value)| {
            if key == name {
                values.push(value.clone());
            }
            key != name
        });
        if values.len() > 1 {
            self.refuse(name, "given more than once");
        }
        let value = values.pop().filter(|value| !value.trim().is_empty())?;
        if value.contains('\0') {
            self.refuse(name, "must not contain U+0000");
            return None;
        }
        Some(value)
    }

    /// Takes a parameter of a type, once; an unreadable value is an error of that field.
    pub fn value<T>(&mut self, name: &'static str) -> Option<T>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let text = self.text(name)?;
        self.read(name, text.trim())
    }

    /// Takes every value of a parameter, each of a type.
    pub fn values<T>(&mut self, name: &'static str) -> Vec<T>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        self.list(name)
            .iter()
            .filter_map(|text| self.read(name, text))
            .collect()
    }

    fn read<T>(&mut self, name: &'static str, text: &str) -> Option<T>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        text.parse()
            .map_err(|error: T::Err| self.refuse(name, error.to_string()))
            .ok()
    }

    /// Takes `true` or `false`.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        match self.text(name)?.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => {
                self.refuse(name, "must be true or false");
                None
            }
        }
    }

    /// Takes a time in RFC 3339 or a date.
    pub fn time(&mut self, name: &'static str) -> Option<base::Timestamp> {
        let text = self.text(name)?;
        // An unescaped `+` of an offset arrives as a space.
        let text = text.trim().replace(' ', "+");
        base::Timestamp::parse(&text)
            .map_err(|error| self.refuse(name, error.to_string()))
            .ok()
    }

    /// Notes that a value is not allowed.
    pub fn refuse(&mut self, name: &'static str, what: impl Into<String>) {
        self.errors
            .entry(name.to_owned())
            .or_default()
            .push(what.into());
    }

    /// Ends reading.
    ///
    /// # Errors
    /// 400 naming each refused value and each unknown parameter with those that are known.
    pub fn finish(mut self) -> Result<(), Problem> {
        let mut known = std::mem::take(&mut self.known);
        known.sort_unstable();
        known.dedup();
        for (name, _) in &self.pairs {
            let what = format!("unknown parameter; allowed: {}", known.join(", "));
            self.errors.insert(name.clone(), vec![what]);
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::validation(self.errors))
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Severity;

    #[test]
    fn what_is_unknown_is_refused_by_name() {
        let mut params =
            Params::parse("severity=high,low&severity=Critical&colour=red&n=x").unwrap();
        assert_eq!(
            params.values::<Severity>("severity"),
            [Severity::High, Severity::Low, Severity::Critical]
        );
        assert_eq!(params.value::<u8>("n"), None);
        let problem = params.finish().unwrap_err();
        assert_eq!(
            problem.errors()["colour"],
            ["unknown parameter; allowed: n, severity"]
        );
        assert!(problem.errors().contains_key("n"));
    }

    #[test]
    fn times_survive_an_unescaped_plus() {
        let mut params = Params::parse("from=2026-01-01T00:00:00+01:00").unwrap();
        assert_eq!(
            params.time("from").unwrap().to_string(),
            "2025-12-31T23:00:00.000000Z"
        );
    }
}
