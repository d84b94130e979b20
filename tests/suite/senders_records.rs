//! Records of other programs through HTTP: each format at its own address and recognised at the
//! common one, repetitions, tokens in the address, and nothing of them in a log.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Client, Database, Kind, Place};

/// What the integrator of Wazuh 4.14.7 sends.
const WAZUH: &str = include_str!("../fixtures/wire/wazuh_4.14.7_integrator_shuffle.http");
/// What the http plugin of `CrowdSec` 1.4.6 sends: two alerts.
const CROWDSEC: &str = include_str!("../fixtures/wire/crowdsec_1.4.6_http_plugin.http");

fn recorded(capture: &str) -> &str {
    capture
        .split_once("\r\n\r\n")
        .or_else(|| capture.split_once("\n\n"))
        .unwrap()
        .1
}

async fn send(client: &Client, path: &str, body: impl Into<bytes::Bytes>) -> Value {
    client.send(Method::POST, path, body).await.expect(200)
}

fn counts(answer: &Value) -> (i64, i64) {
    let count = |name: &str| answer[name].as_i64().unwrap();
    (count("accepted"), count("rejected"))
}

on_both! {
    async fn what_wazuh_sends_is_one_alert_however_often_it_comes(server) {
        let key = server.key(None).await.with("content-type", "application/json");
        for path in ["/api/v1/ingest/wazuh", "/api/ingest/wazuh/", "/api/ingest/wazuh/"] {
            assert_eq!(counts(&send(&key, path, recorded(WAZUH)).await), (1, 0), "{path}");
        }
        let events = server.admin.get("/api/events/").await.expect(200);
        assert_eq!(events["count"], 1);
        let event = &events["results"][0];
        assert_eq!(event["source_name"], "web-1");
        assert_eq!(event["severity"], "HIGH");
        assert_eq!(event["ip_address"], "203.0.113.50");
        assert_eq!(event["occurred_at"], "2026-11-20T17:00:00.123000Z");
        let event = server.admin.get(&format!("/api/events/{}/", event["id"])).await.expect(200);
        assert_eq!(event["attributes"]["rule"]["id"], "5712");
        assert_eq!(event["attributes"]["wazuh"]["agent"]["name"], "web-1");
        assert_eq!(server.count("select count(*) from alerts").await, 1);
    }
}

on_both! {
    async fn each_alert_of_crowdsec_is_an_event_with_its_alert(server) {
        let key = server.key(Some("edge")).await;
        for path in ["/api/v1/ingest/crowdsec", "/api/ingest/crowdsec/"] {
            assert_eq!(counts(&send(&key, path, recorded(CROWDSEC)).await), (2, 0), "{path}");
        }
        let events = server.admin.get("/api/events/?q=type:crowdsec-ssh-bf").await.expect(200);
        assert_eq!(events["results"][0]["source_name"], "edge");
        assert_eq!(events["results"][0]["ip_address"], "203.0.113.77");
        assert_eq!(server.count("select count(*) from events").await, 2);
        assert_eq!(server.count("select count(*) from alerts").await, 2);
    }
}

/// A record of each format, with the type its event has.
fn records() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        (
            "suricata",
            "suricata-alert",
            json!({
                "timestamp": "2026-11-20T09:00:00.000001+0000", "event_type": "alert", "flow_id": 5,
                "src_ip": "203.0.113.9", "dest_ip": "10.0.0.5", "proto": "TCP",
                "alert": {"signature": "LOCAL Test", "severity": 1, "signature_id": 1, "category": "x"},
            }),
        ),
        (
            "falco",
            "falco-syscall",
            json!({
                "output": "x", "priority": "Critical", "rule": "Shell", "source": "syscall",
                "time": "2026-11-20T09:00:00.000000001Z", "output_fields": {"proc.name": "sh"},
            }),
        ),
        (
            "cloudtrail",
            "cloudtrail-cloudtrail",
            json!({
                "eventVersion": "1.09", "eventID": "e-1", "eventSource": "cloudtrail.amazonaws.com",
                "eventName": "StopLogging", "eventTime": "2026-11-20T09:00:00Z", "awsRegion": "eu-central-1",
                "userIdentity": {"type": "IAMUser", "userName": "bob"}, "sourceIPAddress": "203.0.113.9",
            }),
        ),
        (
            "guardduty",
            "guardduty-recon",
            json!({
                "id": "f-1", "type": "Recon:EC2/Portscan", "severity": 8, "title": "t",
                "resource": {}, "service": {"count": 1},
            }),
        ),
        (
            "ocsf",
            "ocsf-detection-finding",
            json!({
                "class_uid": 2004, "activity_id": 1, "severity_id": 5, "time": 1_795_165_200_000_i64,
                "metadata": {"version": "1.5.0"}, "finding_info": {"uid": "o-1", "title": "Found"},
            }),
        ),
        (
            "zeek",
            "zeek-notice",
            json!({
                "_path": "notice", "ts": 1_795_165_200.5, "id.orig_h": "203.0.113.9", "id.resp_h": "10.0.0.5",
                "note": "SSH::Password_Guessing", "msg": "guessing",
            }),
        ),
        (
            "windows",
            "windows-security-1102",
            json!({
                "EventID": 1102, "Channel": "Security", "Hostname": "dc-1", "RecordNumber": 7,
                "TimeCreated": "2026-11-20T09:00:00Z", "SubjectUserName": "mallory",
            }),
        ),
    ]
}

on_both! {
    async fn every_format_is_taken_at_its_address_and_known_without_one(server) {
        let bound = server.key(Some("s")).await;
        let free = server.admin.post("/api/keys/", &json!({"name": "free"})).await.expect(201);
        let free = server.anonymous().with_bearer(free["key"].as_str().unwrap());
        for (format, kind, record) in records() {
            for (client, path) in [
                (&bound, format!("/api/ingest/{format}/")),
                (&bound, format!("/api/ingest/{format}/")),
                (&free, "/api/ingest/".to_owned()),
                (&free, "/api/ingest/".to_owned()),
            ] {
                let answer = send(client, &path, record.to_string()).await;
                assert_eq!(counts(&answer), (1, 0), "{format} {path} {answer}");
            }
            let found = server.admin.get(&format!("/api/events/?q=type:{kind}")).await.expect(200);
            let found = found["results"].as_array().unwrap();
            assert_eq!(found.len(), 2, "{format}: once a sender");
            assert!(found.iter().all(|event| event["alert"].is_i64()), "{format} raises an alert");
            assert!(found.iter().any(|event| event["source_name"] == "s"), "{format}");
        }
    }
}

on_both! {
    async fn lists_files_and_tables_are_taken_apart(server) {
        let key = server.key(None).await;
        let trail = records().remove(2).2;
        let mut second = trail.clone();
        second["eventID"] = json!("e-2");
        let file = json!({"Records": [trail, second, {"eventName": "x"}]});
        let answer = send(&key, "/api/ingest/cloudtrail/", file.to_string()).await;
        assert_eq!(counts(&answer), (2, 1));
        assert_eq!(answer["errors"][0]["index"], 2);
        assert!(answer["errors"][0]["errors"]["eventSource"].is_array());
        let table = "#separator \\x09\n#path\tssh\n#fields\tts\tuid\tid.orig_h\n#types\ttime\tstring\taddr\n\
            1795165200.5\tC1\t203.0.113.9\n1795165201.5\tC2\t203.0.113.10\nshort\n#close\tx\n";
        for _ in 0..2 {
            let answer = send(&key.with("content-type", "text/plain"), "/api/ingest/zeek/", table).await;
            assert_eq!(counts(&answer), (2, 1));
        }
        let lines = records().into_iter().map(|(.., record)| format!("{record}\n")).collect::<String>();
        let answer = send(&key, "/api/ingest/", format!("{lines}nonsense\n")).await;
        assert_eq!(counts(&answer), (7, 1));
        assert_eq!(server.count("select count(*) from events").await, 2 + 2 + 7);
    }
}

on_both! {
    async fn a_record_over_many_lines_is_one_line_of_an_export(server) {
        let key = server.key(None).await;
        let pretty = format!("{:#}", records().remove(2).2);
        assert!(pretty.lines().count() > 5);
        send(&key, "/api/ingest/cloudtrail/", pretty).await;
        let event = json!({"source_name": "a", "event_type": "b", "severity": "LOW", "description": "c", "attributes": {"x": [1, "a\n b"]}});
        let sent = key.with("content-type", "application/json");
        sent.send(Method::POST, "/api/events/", format!("{event:#}")).await.expect(201);
        let answer = server.admin.get("/api/events/export/?format=ndjson").await;
        let text = answer.text();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["attributes"], event["attributes"]);
        assert_eq!(lines[1]["attributes"]["cloudtrail"]["eventID"], "e-1");
    }
}

on_both! {
    async fn what_is_no_record_of_the_format_is_named_and_nothing_else_is_lost(server) {
        let key = server.key(None).await;
        for (format, field) in [
            ("suricata", "event_type"), ("wazuh", "rule"), ("crowdsec", "scenario"), ("falco", "rule"),
            ("cloudtrail", "eventName"), ("guardduty", "type"), ("ocsf", "class_uid"),
            ("zeek", "_path"), ("windows", "EventID"),
        ] {
            let answer = send(&key, &format!("/api/ingest/{format}/"), "{\"a\":1}").await;
            assert_eq!(counts(&answer), (0, 1), "{format}");
            assert!(answer["errors"][0]["errors"][field].is_array(), "{format}: {answer}");
        }
        key.send(Method::POST, "/api/ingest/wazuh/", "").await.problem(400);
        let unknown = key.send(Method::POST, "/api/ingest/morse/", "...").await.problem(404);
        for format in watchpost::adapters::FORMATS {
            assert!(unknown["detail"].as_str().unwrap().contains(format.name), "{unknown}");
        }
        assert_eq!(server.count("select count(*) from events").await, 0);
    }
}

/// A token in the address is as good as a header, and appears nowhere the server writes.
async fn token_in_the_address(kind: Kind) {
    let database = Database::create(kind).await;
    let place = Place {
        url: database.url(),
        folder: database.folder().to_owned(),
    };
    let process = place
        .start_under("LOG_LEVEL=trace; export LOG_LEVEL;")
        .await;
    let admin = process.admin().await;
    let made = admin
        .post("/api/keys/", &json!({"name": "wazuh"}))
        .await
        .expect(201);
    let token = made["key"].as_str().unwrap();
    let nobody = process.anonymous();
    for path in [
        format!("/api/v1/ingest/wazuh?token={token}"),
        format!("/api/ingest/wazuh/?token={token}&x=1"),
        format!("/api/v1/ingest/wazuh/{token}"),
        format!("/api/ingest/wazuh/{token}/"),
    ] {
        assert_eq!(
            counts(&send(&nobody, &path, recorded(WAZUH)).await),
            (1, 0),
            "{path}"
        );
        // What is refused is logged as well.
        let refused = nobody.send(Method::POST, &path, "nonsense").await;
        assert!(!refused.text().contains(token), "{path}");
    }
    // Addresses that are not quite right hold a key that counts.
    let escaped = token.replacen('w', "%77", 1);
    for path in [
        format!("/v1/logs/{token}"),
        format!("/services/collector/event/{token}"),
        format!("/api/events/{token}"),
        format!("/api/ingest/wazuh/{token}%0A"),
        format!("/api/ingest/wazuh/x{token}/"),
        format!("/api/ingest/wazuh/{escaped}/"),
        format!("/nothing/{escaped}?token={token}"),
    ] {
        let refused = nobody.send(Method::POST, &path, recorded(WAZUH)).await;
        assert!(matches!(refused.status.as_u16(), 401 | 404 | 405), "{path}");
        assert!(!refused.text().contains(&token[3..]), "{path}");
    }
    for wrong in ["wp_wrong0000000000000000", "nothing"] {
        let path = format!("/api/v1/ingest/wazuh?token={wrong}");
        nobody
            .send(Method::POST, &path, recorded(WAZUH))
            .await
            .problem(401);
    }
    nobody
        .send(Method::POST, "/api/ingest/wazuh/", recorded(WAZUH))
        .await
        .problem(401);
    let events = admin.get("/api/events/").await.expect(200);
    assert_eq!(events["count"], 1);
    process.terminate();
    process.ended(std::time::Duration::from_secs(30)).await;
    let log = std::fs::read_to_string(place.folder.join("server.log")).unwrap();
    assert!(log.contains("/ingest/"), "the log tells of requests");
    for secret in [token, &token[..16], &token[3..], "wp_wrong0000000000000000"] {
        assert!(!log.contains(secret), "a token stands in the log");
    }
    database.drop().await;
}

on_each_kind!(a_token_in_the_address_is_never_logged, token_in_the_address);

on_both! {
    async fn a_finding_that_is_closed_before_it_comes_opens_nothing(server) {
        let key = server.key(None).await;
        let finding = |uid: &str, activity: i64, severity: i64| json!({
            "class_uid": 2004, "activity_id": activity, "severity_id": severity,
            "time": 1_795_165_200_000_i64 + activity, "metadata": {"version": "1.5.0"},
            "finding_info": {"uid": uid, "title": "Found"},
        }).to_string();
        // On two connections the end may overtake the beginning.
        send(&key, "/api/ingest/ocsf/", finding("late", 3, 1)).await;
        send(&key, "/api/ingest/ocsf/", finding("late", 1, 5)).await;
        assert_eq!(server.count("select count(*) from alerts where status <> 3").await, 0);
        send(&key, "/api/ingest/ocsf/", finding("other", 1, 5)).await;
        assert_eq!(server.count("select count(*) from alerts where status <> 3").await, 1);
        send(&key, "/api/ingest/ocsf/", finding("other", 3, 1)).await;
        assert_eq!(server.count("select count(*) from alerts where status <> 3").await, 0);
    }
}

on_both! {
    async fn a_finding_raises_one_alert_however_often_it_changes_and_ends_it(server) {
        let key = server.key(None).await;
        let finding = |activity: i64, time: i64| {
            json!({
                "class_uid": 2004, "category_uid": 2, "activity_id": activity, "severity_id": 4, "time": time,
                "metadata": {"version": "1.5.0"}, "finding_info": {"uid": "F-1", "title": "t"},
            })
        };
        for (activity, time) in [(1, 1_795_165_200_000), (2, 1_795_165_201_000), (2, 1_795_165_202_000)] {
            key.post("/api/ingest/ocsf/", &finding(activity, time)).await.expect(200);
        }
        let alerts = server.admin.get("/api/alerts/").await.expect(200);
        assert_eq!((&alerts["count"], &alerts["results"][0]["status"]), (&json!(1), &json!("OPEN")));
        key.post("/api/ingest/ocsf/", &finding(3, 1_795_165_203_000)).await.expect(200);
        let alerts = server.admin.get("/api/alerts/").await.expect(200);
        assert_eq!((&alerts["count"], &alerts["results"][0]["status"]), (&json!(1), &json!("RESOLVED")));
    }
}
