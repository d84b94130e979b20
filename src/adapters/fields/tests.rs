use super::*;

#[test]
fn paths_make_objects_and_never_break_values() {
    let mut fields = Fields::default();
    fields.set("source.ip", Some("192.0.2.1"));
    fields.set("source.port", Some(22));
    fields.set("source.ip.x", Some("lost"));
    fields.set("user.name", Some(""));
    fields.address("destination.ip", Some(" ::ffff:192.0.2.2 "));
    fields.port("destination.port", Some(&"443".into()));
    let expected = serde_json::json!({
        "source": {"ip": "192.0.2.1", "port": 22},
        "destination": {"ip": "192.0.2.2", "port": 443},
    });
    assert_eq!(Value::Object(fields.into_object()), expected);
}

#[test]
fn an_object_is_read_and_filled_as_its_members_are() {
    let mut fields = Fields::default();
    fields.set("log", Some(serde_json::json!({"a": {"b": 1}, "c": 2})));
    fields.set("log.a.d", Some(3));
    fields.set("log.c.e", Some("lost"));
    fields.set_if_absent("log.a.b", Some("lost"));
    fields.set("host.os.type", Some("linux"));
    fields.set("host-x", Some("beside"));
    fields.set("host.name", Some("h"));
    fields.set_if_absent("host", Some("lost"));
    assert_eq!(fields.get("log.a.d"), Some(&3.into()));
    assert_eq!((fields.get("log.x"), fields.get("lo")), (None, None));
    assert_eq!(
        serde_json::to_string(&fields).unwrap(),
        r#"{"host-x":"beside","host":{"name":"h","os":{"type":"linux"}},"log":{"a":{"b":1,"d":3},"c":2}}"#
    );
    fields.set("host", Some("over"));
    fields.set("log", Some("over"));
    let expected = serde_json::json!({"host": "over", "host-x": "beside", "log": "over"});
    fields.set("log.x", Some("lost"));
    assert_eq!(Value::Object(fields.into_object()), expected);
}

#[test]
fn all_together_stay_small() {
    let mut fields = Fields::default();
    for number in 0..10_000 {
        fields.set(&format!("labels.n{number}"), Some("\u{1}".repeat(2_000)));
    }
    let written = serde_json::to_string(&fields).unwrap();
    assert!(written.len() < 64 * 1024, "{}", written.len());
}
