//! Ingest keys: listed, made, revoked.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use base::Timestamp;

use super::{ConfirmPage, SecretPage, is_sure, neighbours, notice};
use crate::app::App;
use crate::dashboard::address::Address;
use crate::dashboard::filters;
use crate::dashboard::page::{Form, Shell, render, see_other};
use crate::http::{BaseUrl, Caller, Count, FieldErrors, PageRequest, Params, PathId, Problem};
use crate::identity::{self, CreatedKey, IdentityError, Key, NewKey};

/// Rows of a page.
const ROWS: u32 = 50;
/// Days a key lasts unless somebody says otherwise.
const DAYS: &str = "90";
/// How long a key may last.
const LASTS: [(&str, &str); 5] = [
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "1 year"),
    ("1095", "3 years"),
    ("never", "Never expires"),
];

/// A line of the list.
struct KeyRow {
    key: Key,
    creator: String,
    /// `active`, `expired` or `revoked`.
    state: &'static str,
}

/// The form that makes a key, as it was last sent.
struct Draft {
    open: bool,
    name: String,
    source: String,
    networks: String,
    days: String,
    errors: FieldErrors,
}

impl Draft {
    fn new() -> Self {
        Self {
            open: false,
            name: String::new(),
            source: String::new(),
            networks: String::new(),
            days: DAYS.to_owned(),
            errors: FieldErrors::new(),
        }
    }

    fn read(form: &Form) -> Self {
        let text = |name| form.exact(name).unwrap_or_default().to_owned();
        Self {
            open: true,
            name: text("name"),
            source: text("source_name"),
            networks: text("networks"),
            days: text("days"),
            errors: FieldErrors::new(),
        }
    }

    fn error(&self, field: &str) -> Option<String> {
        self.errors.get(field).map(|what| what.join("; "))
    }

    fn lasts(&self, value: &str) -> bool {
        self.days == value
    }

    fn key(&self, now: Timestamp) -> Result<NewKey, FieldErrors> {
        let networks = self.networks.split([',', '\n', ' ', '\r']);
        let networks = networks.map(str::trim).filter(|it| !it.is_empty());
        let expires_at = match self.days.as_str() {
            "never" => None,
            days => {
                let known = LASTS.iter().any(|(value, _)| *value == days);
                let days = days.parse::<u64>().ok().filter(|_| known);
                let days = days.ok_or_else(|| {
                    FieldErrors::from([("expires_at".to_owned(), vec!["choose one".to_owned()])])
                })?;
                Some(now.plus(Duration::from_hours(days * 24)))
            }
        };
        Ok(NewKey {
            name: self.name.clone(),
            source_name: Some(self.source.clone()).filter(|it| !it.trim().is_empty()),
            scopes: None,
            networks: networks.map(str::to_owned).collect(),
            expires_at,
        })
    }
}

#[derive(Template)]
#[template(path = "admin/keys.html")]
struct KeysPage {
    shell: Shell,
    rows: Vec<KeyRow>,
    count: Count,
    next: Option<String>,
    previous: Option<String>,
    draft: Draft,
    lasts: [(&'static str, &'static str); 5],
    rate: String,
}

/// Shows the keys, newest first.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    render(&assemble(&app, &caller, params, Draft::new()).await?)
}

async fn assemble(
    app: &App,
    caller: &Caller,
    mut params: Params,
    draft: Draft,
) -> Result<KeysPage, Problem> {
    let done = params.text("done");
    let page = PageRequest {
        size: ROWS,
        ..PageRequest::take(&mut params)
    };
    params.finish()?;
    let shell = Shell::new(app, caller, "/admin/keys", "Ingest keys").await?;
    let mut shell = shell.with_script("admin");
    shell.notice = notice(done.as_deref());
    let (mut keys, count) = identity::list_keys(app, page.cursor, page.rows_wanted()).await?;
    let (previous, next) = neighbours(&page, &mut keys, |key| key.id);
    let creators = creators(app, &keys).await?;
    let here = Address::new("/admin/keys");
    let at = |cursor: base::Cursor| here.with("cursor", cursor.encode()).to_string();
    let now = shell.now;
    Ok(KeysPage {
        rows: keys
            .into_iter()
            .map(|key| row(key, &creators, now))
            .collect(),
        count: Count::up_to_max(count),
        next: next.map(at),
        previous: previous.map(at),
        draft,
        lasts: LASTS,
        rate: app.config.rate_limit_ingest.to_string(),
        shell,
    })
}

/// The names of those who made the keys.
async fn creators(app: &App, keys: &[Key]) -> Result<BTreeMap<i64, String>, Problem> {
    let mut names = BTreeMap::new();
    for id in keys.iter().filter_map(|key| key.created_by) {
        if names.contains_key(&id) {
            continue;
        }
        let name = match identity::get_user(app, id).await {
            Ok(user) => user.username,
            Err(IdentityError::NotFound(_)) => format!("user {id}, deleted"),
            Err(error) => return Err(error.into()),
        };
        names.insert(id, name);
    }
    Ok(names)
}

fn row(key: Key, creators: &BTreeMap<i64, String>, now: Timestamp) -> KeyRow {
    let creator = key.created_by.and_then(|id| creators.get(&id).cloned());
    KeyRow {
        creator: creator.unwrap_or_else(|| "the command line".to_owned()),
        state: if key.revoked_at.is_some() {
            "revoked"
        } else if key.expires_at.is_some_and(|at| at <= now) {
            "expired"
        } else {
            "active"
        },
        key,
    }
}

/// Makes a key by the form and shows it.
pub(in crate::dashboard) async fn create(
    State(app): State<App>,
    caller: Caller,
    base: axum::Extension<BaseUrl>,
    form: Form,
) -> Result<Response, Problem> {
    let draft = Draft::read(&form);
    let made = match draft.key(app.clock.now()) {
        Ok(new) => identity::create_key(&app, &caller, new).await,
        Err(errors) => Err(IdentityError::Refused(errors)),
    };
    match made {
        Ok(created) => {
            let back = form.text("back").and_then(|id| id.parse::<i64>().ok());
            shown(&app, &caller, &base.0.0, created, back).await
        }
        Err(IdentityError::Refused(errors)) => {
            let draft = Draft { errors, ..draft };
            let page = assemble(&app, &caller, Params::default(), draft).await?;
            let mut response = render(&page)?;
            *response.status_mut() = http::StatusCode::BAD_REQUEST;
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

async fn shown(
    app: &App,
    caller: &Caller,
    base: &str,
    created: CreatedKey,
    from: Option<i64>,
) -> Result<Response, Problem> {
    let CreatedKey { key, secret } = created;
    let shell = Shell::new(app, caller, "/admin/keys", "Ingest key created").await?;
    let example = example(base, secret.expose(), key.source_name.as_deref());
    render(&SecretPage {
        shell: shell.with_script("admin"),
        sentence: "Put it where the sender runs. It is stored as a hash only and is not shown again.",
        facts: vec![
            ("Name", key.name),
            (
                "Source",
                key.source_name.unwrap_or_else(|| "any".to_owned()),
            ),
        ],
        label: "Key",
        secret: secret.expose().to_owned(),
        example: Some(example),
        back: from.map_or_else(
            || "/admin/keys".to_owned(),
            |source| format!("/admin/sources/{source}"),
        ),
        back_label: if from.is_some() {
            "To the source"
        } else {
            "To the keys"
        },
    })
}

/// A command for a POSIX shell that sends an event with the key.
fn example(base: &str, key: &str, source: Option<&str>) -> String {
    let event = serde_json::json!({
        "source_name": source.unwrap_or("fw-01"),
        "event_type": "intrusion",
        "severity": "HIGH",
        "description": "12 failed root logins over SSH",
    });
    let event = event.to_string().replace('\'', r"'\''");
    format!(
        "curl -X POST '{base}/api/events/' \\\n  -H 'Authorization: Bearer {key}' \\\n  \
         -H 'Content-Type: application/json' \\\n  -d '{event}'"
    )
}

/// Revokes a key, after asking.
pub(in crate::dashboard) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    if is_sure(&form) {
        identity::revoke_key(&app, &caller, id).await?;
        return Ok(see_other("/admin/keys?done=revoked"));
    }
    render(&ConfirmPage {
        shell: Shell::new(&app, &caller, "/admin/keys", "Revoke key").await?,
        object: form.text("name").unwrap_or("this key").to_owned(),
        consequence: "Whoever sends with this key is refused at once. It cannot be taken back.",
        action: format!("/admin/keys/{id}/revoke"),
        fields: Vec::new(),
        label: "Revoke",
        back: "/admin/keys".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_survives_the_shell() {
        let text = example("http://h", "wp_k", Some("o'neil \"fw\""));
        assert!(
            text.contains(r#""source_name":"o'\''neil \"fw\"""#),
            "{text}"
        );
    }

    #[test]
    fn a_key_lasts_as_chosen() {
        let now = Timestamp::from_millis(0);
        let mut draft = Draft::new();
        draft.networks = "192.0.2.0/24, 10.0.0.1\n\n::1".to_owned();
        let key = draft.key(now).unwrap();
        assert_eq!(key.expires_at.unwrap().seconds(), 90 * 86_400);
        assert_eq!(key.networks, ["192.0.2.0/24", "10.0.0.1", "::1"]);
        draft.days = "never".to_owned();
        assert_eq!(draft.key(now).unwrap().expires_at, None);
        draft.days = "31".to_owned();
        assert!(draft.key(now).is_err());
    }
}
