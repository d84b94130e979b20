//! Forms, lines of text and JSON in one body are told apart, whatever the media type says.

use base::Severity::Medium;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

/// Reads a body of a media type.
fn of_media(media: &str, body: &[u8]) -> Result<Vec<Read>, BodyError> {
    let profile = Profile::default();
    reads(
        FORMAT.read,
        &Body { bytes: body, media },
        &context(&profile),
    )
}

#[test]
fn a_form_of_python_is_a_record_with_its_template_filled_in() {
    let found = of_media(FORM, &recorded_body("python_httphandler_form.http")).unwrap();
    let reading = found[0].as_ref().unwrap();
    assert_eq!(reading.event.description, "login failed for bob");
    assert_eq!(
        (reading.event.severity, reading.said.as_deref()),
        (Medium, Some("ERROR"))
    );
    assert_eq!(at(reading), "2026-11-20T17:50:05.502975Z");
    fields_are(
        reading,
        &[
            ("record.msg", json!("login failed for %s")),
            ("record.args", json!("('bob',)")),
            ("log.logger", json!("a")),
            ("log.origin.file.name", json!("py.py")),
            ("log.origin.file.line", json!(10)),
            ("file", json!(null)),
            ("process.pid", json!(13_019)),
        ],
    );
    let named =
        b"levelname=INFO&lineno=1&msg=user+%25s+logged+in+from+%25s&args=('ana',+'203.0.113.9')";
    let named = of_media(FORM, named).unwrap();
    fields_are(
        named[0].as_ref().unwrap(),
        &[
            ("user.name", json!("ana")),
            ("source.ip", json!("203.0.113.9")),
            ("event.outcome", json!("success")),
        ],
    );
    // Slack's way, and curl's: the media type says nothing of what is in the body.
    let slack = of_media(FORM, b"payload=%7B%22text%22%3A%22a+b%22%7D").unwrap();
    assert_eq!(slack[0].as_ref().unwrap().event.description, "a b");
    let curl = of_media(FORM, b"{\"message\":\"x\"}\n{\"message\":\"y\"}").unwrap();
    assert_eq!(curl.len(), 2);
    assert!(of_media(FORM, b"no form").is_err());
}

#[test]
fn lines_of_text_are_read_as_such_unless_they_are_said_to_be_json() {
    let text = b"[2026-11-20 17:24:10] ERROR x\nplain words\n";
    assert_eq!(of_media("text/plain", text).unwrap().len(), 2);
    assert_eq!(of_media("", b"plain words").unwrap().len(), 1);
    assert!(of_media("application/json", text).is_err());
    assert!(of_media("application/json", b"plain words").unwrap()[0].is_err());
    assert!(of_media("", b" ").is_err());
}

proptest! {
    #[test]
    fn any_form_is_read_or_refused(body in "[a-z%=&+0-9(),']{0,80}") {
        // Each event is checked as it is read.
        drop(of_media(FORM, body.as_bytes()));
    }
}
