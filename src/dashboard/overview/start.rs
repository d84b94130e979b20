//! What an administrator does first, each with where it is done.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

use crate::app::App;
use crate::http::{Caller, Origin, Problem};
use crate::identity::{self, UserFilter};

/// The cookie that says the list was put away.
const COOKIE: &str = "watchpost_first_steps";

/// Something to be done.
pub(super) struct Step {
    pub(super) done: bool,
    pub(super) name: &'static str,
    pub(super) why: &'static str,
    /// Where; none for the test event, which is sent from here.
    pub(super) href: Option<&'static str>,
    pub(super) action: &'static str,
}

/// The steps; none when all are done.
pub(super) async fn steps(
    app: &App,
    caller: &Caller,
    nothing_yet: bool,
) -> Result<Vec<Step>, Problem> {
    let weak = identity::profile(app, caller).await?.user.weak_password;
    let (_, users) = identity::list_users(app, UserFilter::default(), None, 1).await?;
    let (_, keys) = identity::list_keys(app, None, 1).await?;
    let all = vec![
        Step {
            done: !weak,
            name: "Choose your own password",
            why: "The first one was set by whoever started the server.",
            href: Some("/me"),
            action: "Change password",
        },
        Step {
            done: users > 1,
            name: "Create an analyst",
            why: "Somebody who looks, without the rights of an administrator.",
            href: Some("/admin/users"),
            action: "Add a user",
        },
        Step {
            done: keys > 0,
            name: "Create an ingest key",
            why: "Programs send events with it and can do nothing else.",
            href: Some("/admin/keys"),
            action: "Create a key",
        },
        Step {
            done: !nothing_yet,
            name: "Send a test event",
            why: "A CRITICAL one, to see an alert go all the way.",
            href: None,
            action: "Send test event",
        },
    ];
    let is_done = all.iter().all(|step| step.done);
    Ok(if is_done { Vec::new() } else { all })
}

/// A command that sends an event to where we were reached.
pub(super) fn example(base: &str) -> String {
    format!(
        r#"curl {base}/api/events/ \
  -H "Authorization: Bearer $KEY" \
  -H "Content-Type: application/json" \
  -d '{{
    "source_name": "fw-01",
    "event_type": "intrusion",
    "severity": "HIGH",
    "description": "12 failed root logins over SSH"
  }}'"#
    )
}

/// Whether this browser was told to show the list no more.
pub(super) fn is_put_away(headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(';'))
        .filter_map(|it| it.trim().split_once('='))
        .any(|(name, value)| name == COOKIE && value == "away")
}

/// Tells this browser so, for a year.
pub(super) fn put_away(origin: &Origin, mut response: Response) -> Response {
    let secure = if origin.https { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}=away; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict{secure}");
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let with = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(text));
            is_put_away(&headers)
        };
        assert!(with("a=b; watchpost_first_steps=away"));
        assert!(!with("a=watchpost_first_steps=away"));
        assert!(!with("watchpost_first_steps="));
    }
}
