//! The house rules a compiler does not hold anyone to: which module may use which, and how long
//! a file may be.

#![expect(clippy::expect_used, reason = "tests may panic, and say so by failing")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The modules of `src/`; each may use only those before it.
const ORDER: [&str; 27] = [
    "config",
    "secrets",
    "limits",
    "metrics",
    "geo",
    "credentials",
    "app",
    "http",
    "audit",
    "repeats",
    "rollups",
    "migrations",
    "identity",
    "search",
    "events",
    "adapters",
    "sources",
    "alerts",
    "views",
    "overview",
    "stream",
    "ingest",
    "retention",
    "web",
    "dashboard",
    "router",
    "serve",
];

/// Lines of a file, of one with tests inside before them.
const LINES_MAX: usize = 450;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The part of a file before its unit tests.
fn code(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap_or(text)
}

/// The top-level modules a file names after `crate::`.
fn uses(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.collect::<Vec<_>>().join("\n");
    for part in code.split("crate::").skip(1) {
        if let Some(list) = part.strip_prefix('{') {
            let list = list.split(';').next().unwrap_or_default();
            let mut depth = 0_i32;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => named.push(std::mem::take(&mut word)),
                    c if depth == 0 && !c.is_whitespace() => word.push(c),
                    _ => {}
                }
            }
            named.push(word);
        } else {
            named.push(part.to_owned());
        }
    }
    let first = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    named
        .iter()
        .map(|text| first(text))
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn every_module_uses_only_those_before_it() {
    let place: BTreeMap<&str, usize> = ORDER
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, at))
        .collect();
    let src = root().join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).expect("inside src");
        let first = inside
            .iter()
            .next()
            .expect("a name")
            .to_string_lossy()
            .replace(".rs", "");
        // The command line and `main` stand above everything.
        let Some(own) = place.get(first.as_str()) else {
            assert!(
                ["cli", "lib", "main"].contains(&first.as_str()),
                "{first} has no place"
            );
            continue;
        };
        let text = std::fs::read_to_string(&file).expect("readable");
        for used in uses(code(&text)) {
            if place.get(used.as_str()).is_some_and(|at| at > own) || used == "cli" {
                wrong.push(format!("{} uses {used}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_one_idea_long() {
    let mut files = Vec::new();
    for folder in ["src", "crates"] {
        sources(&root().join(folder), &mut files);
    }
    let long: Vec<String> = files
        .iter()
        .filter_map(|file| {
            let text = std::fs::read_to_string(file).expect("readable");
            let lines = code(&text).lines().count();
            (lines > LINES_MAX).then(|| format!("{}: {lines} lines", file.display()))
        })
        .collect();
    assert!(long.is_empty(), "split by concept: {long:#?}");
}

#[test]
fn the_reader_of_uses_finds_them() {
    let code = "use crate::http::{Caller, Problem};\nuse crate::{alerts, audit::{self, x}, web};\nfn f() { crate::app::g() }";
    assert_eq!(uses(code), ["http", "alerts", "audit", "web", "app"]);
}
