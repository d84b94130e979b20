//! A log as a table: lines of `#` that say how to read the rows behind them.

use serde_json::{Number, Value};

use crate::adapters::fields::without_nul;
use crate::adapters::{Object, cut};

/// Most columns a table may have.
const COLUMNS_MAX: usize = 512;
/// Characters kept of each text of the header: they count for every row.
const TEXT_MAX: usize = 128;

/// What the header lines said so far.
#[derive(Clone, Debug)]
pub struct Table {
    separator: u8,
    set_separator: String,
    empty: String,
    unset: String,
    path: Option<String>,
    /// Names and types.
    columns: Vec<(String, String)>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            separator: b'\t',
            set_separator: ",".to_owned(),
            empty: "(empty)".to_owned(),
            unset: "-".to_owned(),
            path: None,
            columns: Vec::new(),
        }
    }
}

impl Table {
    /// Takes a line: `None` when it is of the header or blank, else the row as an object, or why it
    /// is none.
    pub(super) fn line(&mut self, line: &[u8]) -> Option<Result<Object, String>> {
        if line.trim_ascii().is_empty() {
            return None;
        }
        if let Some(header) = line.strip_prefix(b"#") {
            self.header(&String::from_utf8_lossy(header));
            return None;
        }
        Some(self.row(&String::from_utf8_lossy(line)))
    }

    fn header(&mut self, line: &str) {
        let separator = char::from(self.separator);
        // The line that names the separator is parted by a space.
        let Some((name, rest)) = line.split_once([separator, ' ']) else {
            return;
        };
        match name {
            "separator" => {
                *self = Self::default();
                let byte = rest
                    .trim()
                    .strip_prefix("\\x")
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok());
                let plain = rest.trim_start_matches(' ').bytes().next();
                let byte = byte.or(plain).filter(u8::is_ascii);
                self.separator = byte
                    .filter(|byte| !matches!(byte, b'\n' | b'\r' | b'#' | 0))
                    .unwrap_or(b'\t');
            }
            "set_separator" => self.set_separator = cut(rest, TEXT_MAX),
            "empty_field" => self.empty = cut(rest, TEXT_MAX),
            "unset_field" => self.unset = cut(rest, TEXT_MAX),
            "path" => self.path = Some(cut(rest.trim(), TEXT_MAX)),
            "fields" => {
                let names = rest.split(separator).take(COLUMNS_MAX);
                self.columns = names
                    .map(|name| (cut(&unescaped(name), TEXT_MAX), "string".to_owned()))
                    .collect();
            }
            "types" => {
                for (column, kind) in self.columns.iter_mut().zip(rest.split(separator)) {
                    column.1 = cut(kind, TEXT_MAX);
                }
            }
            _ => {}
        }
    }

    fn row(&self, line: &str) -> Result<Object, String> {
        if self.columns.is_empty() {
            return Err(
                "a row before #fields: send the header lines of the log with it".to_owned(),
            );
        }
        let cells = line.split(char::from(self.separator));
        let count = cells.clone().count();
        if count != self.columns.len() {
            return Err(format!(
                "has {count} columns, and #fields names {}",
                self.columns.len()
            ));
        }
        let mut object = Object::new();
        if let Some(path) = &self.path {
            object.insert("_path".to_owned(), path.as_str().into());
        }
        for ((name, kind), cell) in self.columns.iter().zip(cells) {
            if cell != self.unset {
                object.insert(name.clone(), self.value(kind, cell));
            }
        }
        Ok(object)
    }

    fn value(&self, kind: &str, cell: &str) -> Value {
        let inner = kind.strip_suffix(']').and_then(|kind| kind.split_once('['));
        let Some(("set" | "vector" | "table", inner)) = inner else {
            return plain(kind, if cell == self.empty { "" } else { cell });
        };
        if cell == self.empty || self.set_separator.is_empty() {
            return Value::Array(Vec::new());
        }
        let parts = cell.split(self.set_separator.as_str()).take(COLUMNS_MAX);
        Value::Array(parts.map(|part| plain(inner, part)).collect())
    }
}

/// A cell by its type; one that is not what its type says stays a text.
fn plain(kind: &str, cell: &str) -> Value {
    let number = match kind {
        "bool" => match cell {
            "T" => return true.into(),
            "F" => return false.into(),
            _ => None,
        },
        "count" | "port" => cell.parse::<u64>().ok().map(Number::from),
        "int" => cell.parse::<i64>().ok().map(Number::from),
        "double" | "time" | "interval" => cell.parse::<f64>().ok().and_then(Number::from_f64),
        _ => None,
    };
    match number {
        Some(number) => Value::Number(number),
        None => without_nul(&unescaped(cell)).into(),
    }
}

/// Zeek writes bytes that would break the table as `\xHH`.
fn unescaped(text: &str) -> String {
    if !text.contains("\\x") {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after
            .get(..2)
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = digits.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = byte {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.extend_from_slice(b"\\x");
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_row_gets_is_short() {
        let long = "é".repeat(1 << 18);
        let mut table = Table::default();
        for name in ["set_separator", "path", "fields", "types"] {
            assert!(table.line(format!("#{name}\t{long}").as_bytes()).is_none());
        }
        let row = table.line(b"cell").unwrap().unwrap();
        assert_eq!(row.len(), 2);
        assert!(row.keys().all(|name| name.len() <= 4 * TEXT_MAX));
        assert!(row["_path"].as_str().unwrap().len() <= 4 * TEXT_MAX);
        assert!(table.set_separator.len() <= 4 * TEXT_MAX);
        assert!(table.columns[0].1.len() <= 4 * TEXT_MAX);
    }
}
