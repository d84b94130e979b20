//! Every setting with its value and where that comes from.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::config::{Origin, Shown};
use crate::dashboard::filters;
use crate::dashboard::page::{Shell, render};
use crate::http::{Caller, Params, Problem};

/// Settings that belong together.
struct Section {
    anchor: &'static str,
    name: &'static str,
    settings: Vec<Shown>,
}

/// Sections by what their settings' names begin with; the last takes what is left.
const SECTIONS: [(&str, &str, &[&str]); 9] = [
    (
        "network",
        "Network",
        &[
            "BIND",
            "PORT",
            "ALLOWED_HOSTS",
            "TRUSTED_PROXIES",
            "METRICS_BIND",
        ],
    ),
    ("storage", "Storage", &["DATABASE_", "DATA_DIR"]),
    (
        "accounts",
        "Accounts and secrets",
        &["SECRET_KEY", "ADMIN_", "ALLOW_SIGNUP", "PASSWORD_"],
    ),
    ("limits", "Rate limits", &["RATE_LIMIT_"]),
    (
        "ingest",
        "Ingest and retention",
        &["SYSLOG_", "ALERT_BUDGET", "RETENTION_"],
    ),
    ("due", "Due times", &["SLA_"]),
    ("geo", "Enrichment", &["GEOIP_"]),
    ("logs", "Logs", &["DEBUG", "LOG_"]),
    ("other", "Other", &[""]),
];

#[derive(Template)]
#[template(path = "admin/settings.html")]
struct SettingsPage {
    shell: Shell,
    sections: Vec<Section>,
    changed: usize,
}

impl SettingsPage {
    fn origin(setting: &Shown) -> &'static str {
        match setting.origin {
            Origin::Default => "default",
            Origin::Environment => "environment or .env",
            Origin::Flag => "flag",
        }
    }

    /// The help without the marks of code.
    fn meaning(setting: &Shown) -> String {
        setting.help.replace('`', "")
    }

    fn is_default(setting: &Shown) -> bool {
        setting.origin == Origin::Default
    }
}

/// Shows the settings.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    params.finish()?;
    let shell = Shell::new(&app, &caller, "/admin/settings", "Settings").await?;
    let shown = &app.config.shown;
    render(&SettingsPage {
        shell: shell.with_script("admin"),
        sections: sections(shown),
        changed: shown
            .iter()
            .filter(|it| it.origin != Origin::Default)
            .count(),
    })
}

fn section_of(name: &str) -> Option<&'static str> {
    let holds = |prefixes: &[&str]| {
        prefixes.iter().any(|prefix| {
            // A word that ends with `_`, or none, is a beginning.
            name == *prefix
                || ((prefix.is_empty() || prefix.ends_with('_')) && name.starts_with(prefix))
        })
    };
    let found = SECTIONS.iter().find(|(_, _, prefixes)| holds(prefixes));
    found.map(|(anchor, ..)| *anchor)
}

fn sections(shown: &[Shown]) -> Vec<Section> {
    let of = |anchor| {
        let mine = shown
            .iter()
            .filter(|it| section_of(&it.name) == Some(anchor));
        mine.cloned().collect::<Vec<_>>()
    };
    let all = SECTIONS.iter().map(|&(anchor, name, _)| Section {
        anchor,
        name,
        settings: of(anchor),
    });
    all.filter(|section| !section.settings.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_section_of_its_own() {
        use clap::Args as _;
        let command = crate::config::Settings::augment_args(clap::Command::new("t"));
        let names = command.get_arguments().filter_map(|arg| arg.get_env());
        let names: Vec<&str> = names.filter_map(|name| name.to_str()).collect();
        assert!(names.len() > 20);
        for name in names {
            let section = section_of(name);
            assert!(
                section.is_some_and(|it| it != "other"),
                "{name}: {section:?}"
            );
        }
    }
}
