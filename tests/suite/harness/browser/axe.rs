//! Automatic checks of accessibility, by axe-core, which `./test` fetches.

use std::sync::OnceLock;

use serde_json::Value;

use super::page::Page;

/// A rule that a page breaks.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The rule's name in axe.
    pub rule: String,
    /// `minor`, `moderate`, `serious` or `critical`.
    pub impact: String,
    /// What is demanded.
    pub help: String,
    /// CSS selectors of the elements, each with what is wrong there.
    pub elements: Vec<String>,
}

fn source() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let file = std::env::var("WATCHPOST_TEST_AXE").expect(
            "WATCHPOST_TEST_AXE is not set: run ./test, which fetches what these tests need",
        );
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Page {
    /// Every rule the page breaks as it is now, also the minor ones.
    pub async fn axe(&self) -> Vec<Violation> {
        if self.eval("typeof globalThis.axe").await == "undefined" {
            self.eval(&format!("{};0", source())).await;
        }
        let run = "axe.run(document, {resultTypes: ['violations']}).then(
            result => result.violations.map(({id, impact, help, nodes}) => ({
                id, impact, help,
                nodes: nodes.map(node => node.target.join(' ') + ': ' + node.failureSummary),
            })))";
        let found = self.eval(run).await;
        let violation = |found: &Value| Violation {
            rule: text(&found["id"]),
            impact: text(&found["impact"]),
            help: text(&found["help"]),
            elements: found["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(text)
                .collect(),
        };
        found.as_array().unwrap().iter().map(violation).collect()
    }

    /// Fails if the page breaks a rule whose impact is serious or critical.
    pub async fn assert_accessible(&self) {
        let mut found = self.axe().await;
        found.retain(|violation| ["serious", "critical"].contains(&violation.impact.as_str()));
        assert!(found.is_empty(), "{}: {found:#?}", self.url().await);
    }
}
