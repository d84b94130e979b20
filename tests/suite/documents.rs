//! The documents say what the program does: settings, links, the collection of requests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args as _;
use watchpost::config::Settings;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Every setting by its environment variable; those `--help` leaves out when asked for.
fn settings(hidden: bool) -> BTreeSet<String> {
    let command = Settings::augment_args(clap::Command::new("watchpost"));
    let wanted = command
        .get_arguments()
        .filter(|argument| hidden || !argument.is_hide_set());
    wanted
        .map(|argument| argument.get_env().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_setting_is_documented_and_none_is_invented() {
    let documented: BTreeSet<String> = read("docs/config.md")
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| `")?
                .split('`')
                .next()
                .map(str::to_owned)
        })
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    assert_eq!(documented, settings(true));
}

#[test]
fn every_setting_is_in_the_example_environment() {
    let example = read(".env.example");
    for name in settings(false) {
        assert!(
            example.contains(&format!("{name}=")),
            "{name} is not in .env.example"
        );
    }
}

fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            documents(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let mut found = Vec::new();
    documents(root(), &mut found);
    assert!(found.len() > 10, "{found:?}");
    let mut broken = Vec::new();
    for document in found {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap();
            let is_elsewhere = link.contains("://") || link.starts_with("mailto:");
            if is_elsewhere || file.is_empty() || file.contains(char::is_whitespace) {
                continue;
            }
            if !document.parent().unwrap().join(file).exists() {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

on_both! {
    async fn every_route_is_in_the_collection_of_requests(server) {
        let schema = server.anonymous().get("/api/schema/").await.expect(200);
        let collection = read("docs/watchpost.postman_collection.json");
        for path in schema["paths"].as_object().unwrap().keys() {
            let path = path.replace("{id}", ":id");
            assert!(collection.contains(&path), "{path}: make the collection again (scripts/make-postman)");
        }
    }
}
