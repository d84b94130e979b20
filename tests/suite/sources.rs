//! Sources: described, understood by what was described, counted, heard of or not.

use std::time::Duration;

use base::{Clock, MockClock, Timestamp};
use http::Method;
use serde_json::{Value, json};
use watchpost::http::Sender;
use watchpost::ingest::tell_silence;
use watchpost::serve::Server;
use watchpost::sources::{LETTERS_MAX, flush};

use crate::harness::{ADMIN, Answer, Client, Database, Kind, event, settings, until};

/// Writes down what was counted so far.
async fn written(server: &Server) {
    flush(server.app(), server.ingest().sources())
        .await
        .unwrap();
}

/// Describes a source; its id.
async fn describe(admin: &Client, source: &Value) -> i64 {
    let made = admin.post("/api/sources/", source).await.expect(201);
    made["id"].as_i64().unwrap()
}

/// A key bound to a source.
async fn key_of(admin: &Client, anonymous: Client, source: &str) -> Client {
    let body = json!({"name": format!("sends {source}"), "source_name": source});
    let made = admin.post("/api/keys/", &body).await.expect(201);
    anonymous.with_bearer(made["key"].as_str().unwrap())
}

async fn named(admin: &Client, name: &str) -> Value {
    let list = admin
        .get(&format!("/api/sources/?search={name}"))
        .await
        .expect(200);
    list["results"][0].clone()
}

/// received, accepted, rejected, throttled, repeated.
fn tally(of: &Value) -> [i64; 5] {
    ["received", "accepted", "rejected", "throttled", "repeated"].map(|it| of[it].as_i64().unwrap())
}

fn shop() -> Value {
    json!({
        "name": "shop", "kind": "webhook", "description": " The shop's own log ",
        "profile": {
            "default_type": "Payment", "default_severity": "LOW", "highest_severity": "HIGH",
            "severities": {"Sev1": "CRITICAL", "sev2": "HIGH", "4": "INFO"},
            "mapping": {
                "severity": "/level", "description": "/what", "ip_address": "/client/addresses/1",
                "occurred_at": "/when", "key": "/id", "user.name": "/client/who~1name",
            },
            "labels": {"team": "payments"},
        },
        "rate_limit": 200, "record_max": 4096, "alert_budget": 20, "silent_after": 3600,
    })
}

on_both! {
    async fn what_breaks_a_rule_is_refused_by_name(server) {
        let admin = &server.admin;
        let with = |field: &str, value: Value| {
            let mut source = json!({"name": "fw-01"});
            source[field] = value;
            source
        };
        for (field, value, named) in [
            ("name", json!("  "), "name"),
            ("name", json!("x".repeat(256)), "name"),
            ("name", json!("a\u{0}"), "name"),
            ("name", json!("(others)"), "name"),
            ("kind", json!("morse"), "kind"),
            ("description", json!("x".repeat(2_001)), "description"),
            ("rate_limit", json!(0), "rate_limit"),
            ("rate_limit", json!(-1), "rate_limit"),
            ("rate_limit", json!(1_000_001), "rate_limit"),
            ("record_max", json!(63), "record_max"),
            ("record_max", json!(1_048_577), "record_max"),
            ("alert_budget", json!(0), "alert_budget"),
            ("silent_after", json!(59), "silent_after"),
            ("colour", json!("red"), "colour"),
            ("profile", json!({"default_type": "two words"}), "profile.default_type"),
            ("profile", json!({"default_severity": "severe"}), "profile.default_severity"),
            ("profile", json!({"severities": {"sev1": "worst"}}), "profile.severities.sev1"),
            ("profile", json!({"severities": {" ": "LOW"}}), "profile.severities. "),
            ("profile", json!({"mapping": {"severity": "level"}}), "profile.mapping.severity"),
            ("profile", json!({"mapping": {"severity": "/a~2"}}), "profile.mapping.severity"),
            ("profile", json!({"mapping": {"severity": ""}}), "profile.mapping.severity"),
            ("profile", json!({"mapping": {"user name": "/x"}}), "profile.mapping.user name"),
            ("profile", json!({"labels": {"a.b": "x"}}), "profile.labels.a.b"),
            ("profile", json!({"labels": {"team": ""}}), "profile.labels.team"),
            ("profile", json!({"maps": {}}), "profile.maps"),
        ] {
            let answer = admin.post("/api/sources/", &with(field, value.clone())).await;
            assert_eq!(answer.refused(), [named], "{field} = {value}");
        }
        assert_eq!(server.count("select count(*) from sources").await, 0);
        assert_eq!(server.count("select count(*) from source_settings").await, 0);
        for path in ["/api/sources/7/", "/api/sources/7/counts/", "/api/dead-letters/7/"] {
            admin.get(path).await.problem(404);
        }
        admin.patch("/api/sources/7/", &json!({})).await.problem(404);
        admin.delete("/api/sources/7/").await.problem(404);
        let id = describe(admin, &json!({"name": "fw-01"})).await;
        admin.post("/api/sources/", &json!({"name": " fw-01 "})).await.problem(409);
        let path = format!("/api/sources/{id}/");
        assert_eq!(admin.patch(&path, &json!({"name": "fw-02"})).await.refused(), ["name"]);
        assert_eq!(admin.patch(&path, &json!({"rate_limit": 0})).await.refused(), ["rate_limit"]);
        for (query, named) in [("by=week", "by"), ("spans=0", "spans"), ("spans=169", "spans"), ("by=day&spans=91", "spans")] {
            assert_eq!(admin.get(&format!("{path}counts/?{query}")).await.refused(), [named]);
        }
    }
}

on_both! {
    async fn a_description_is_kept_changed_and_taken_away(server) {
        let admin = &server.admin;
        let once = admin.with("idempotency-key", "d-1");
        let made = once.post("/api/sources/", &shop()).await.expect(201);
        assert_eq!(once.post("/api/sources/", &shop()).await.expect(201), made);
        assert_eq!((&made["kind"], &made["version"]), (&json!("json"), &json!(1)));
        assert_eq!(made["description"], "The shop's own log");
        assert_eq!(made["profile"]["default_type"], "payment");
        assert_eq!(made["profile"]["severities"]["sev1"], "CRITICAL");
        assert_eq!((&made["described"], &made["silent"], &made["last_seen"]), (&json!(true), &json!(false), &Value::Null));
        let path = format!("/api/sources/{}/", made["id"]);
        let shown = admin.get(&path).await;
        assert_eq!(shown.header("etag"), "\"1\"");
        assert_eq!(shown.expect(200), made);
        let change = json!({"rate_limit": null, "profile": {"labels": {"team": "web"}}, "kind": "suricata"});
        let changed = admin.with("if-match", "\"1\"").patch(&path, &change).await.expect(200);
        assert_eq!((&changed["rate_limit"], &changed["record_max"]), (&Value::Null, &json!(4096)));
        assert_eq!(changed["profile"], json!({"labels": {"team": "web"}}));
        assert_eq!(changed["version"], 2);
        admin.with("if-match", "\"1\"").patch(&path, &change).await.problem(412);
        admin.with("if-match", "\"1\"").delete(&path).await.problem(412);
        assert_eq!(admin.patch(&path, &change).await.expect(200)["version"], 2, "nothing changed");
        let log = admin.get("/api/audit/?object_kind=source").await.expect(200);
        let actions: Vec<&str> = log["results"].as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["source.changed", "source.created"]);
        assert_eq!(log["results"][0]["before"]["rate_limit"], 200);
        admin.delete(&path).await.expect(204);
        admin.delete(&path).await.expect(204);
        let left = admin.get(&path).await.expect(200);
        assert_eq!((&left["described"], &left["version"], &left["name"]), (&json!(false), &json!(0), &json!("shop")));
        assert_eq!(admin.get("/api/sources/?described=true").await.expect(200)["count"], 0);
        assert_eq!(admin.get("/api/sources/?described=false").await.expect(200)["count"], 1);
        assert_eq!(admin.patch(&path, &json!({"kind": "cef"})).await.expect(200)["version"], 1);
        assert_eq!(admin.get("/api/sources/?kind=cef").await.expect(200)["count"], 1);
    }
}

on_both! {
    async fn records_are_understood_as_their_source_is_described(server) {
        let admin = &server.admin;
        describe(admin, &shop()).await;
        let key = key_of(admin, server.anonymous(), "shop").await;
        let record = json!({
            "id": "p-1", "level": "SEV1", "what": "card refused", "when": "2026-01-31T23:59:00Z",
            "client": {"addresses": ["10.0.0.1", "203.0.113.9"], "who/name": "mara"},
            "source_name": "other",
        });
        let answer = key.post("/api/ingest/", &record).await.expect(200);
        assert_eq!((&answer["accepted"], &answer["repeated"]), (&json!(1), &json!(0)));
        let again = key.post("/api/ingest/webhook/", &record).await.expect(200);
        assert_eq!((&again["accepted"], &again["repeated"]), (&json!(1), &json!(1)));
        let listed = admin.get("/api/events/?q=source:shop").await.expect(200);
        assert_eq!(listed["count"], 1);
        let stored = admin.get(&format!("/api/events/{}/", listed["results"][0]["id"])).await.expect(200);
        assert_eq!(stored["severity"], "HIGH", "no worse than the highest severity");
        assert!(stored["alert"].is_i64());
        assert_eq!((&stored["event_type"], &stored["description"]), (&json!("payment"), &json!("card refused")));
        assert_eq!((&stored["ip_address"], &stored["source_name"]), (&json!("203.0.113.9"), &json!("shop")));
        assert_eq!(stored["occurred_at"], "2026-01-31T23:59:00.000000Z");
        assert_eq!(stored["attributes"]["labels"], json!({"team": "payments"}));
        assert_eq!(stored["attributes"]["user"]["name"], "mara");
        // A word nobody mapped, a number, and a place that holds what its field cannot.
        let batch = json!([
            {"what": "a", "level": "odd"}, {"what": "b", "level": 4}, {"what": "c"},
            {"what": "d", "client": {"addresses": ["x", "nowhere"]}},
            {"what": "e".repeat(5_000)},
        ]);
        let answer = key.post("/api/ingest/", &batch).await.expect(200);
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(3), &json!(2)));
        assert!(answer["errors"][0]["errors"]["/client/addresses/1"].is_array(), "{answer}");
        assert!(answer["errors"][1]["errors"]["record"][0].as_str().unwrap().contains("4096"), "{answer}");
        let listed = admin.get("/api/events/?q=source:shop&page_size=3").await.expect(200);
        let severities: Vec<&str> = listed["results"].as_array().unwrap().iter().map(|it| it["severity"].as_str().unwrap()).collect();
        assert_eq!(severities, ["LOW", "INFO", "LOW"]);
    }
}

on_both! {
    async fn a_key_of_no_source_is_read_as_the_source_of_its_name_is_described(server) {
        let key = server.key(None).await;
        let record = json!({"message": "no record of Suricata"});
        let answer = key.post("/api/ingest/", &record).await.expect(200);
        assert_eq!(answer["accepted"], 1);
        describe(&server.admin, &json!({"name": "sensor", "kind": "suricata"})).await;
        let answer = key.post("/api/ingest/", &record).await.expect(200);
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(0), &json!(1)));
    }
}

on_both! {
    async fn a_sample_shows_what_it_would_become_and_is_stored_nowhere(server) {
        let admin = &server.admin;
        let sample = json!({"level": "sev2", "what": "card refused"});
        let profile = shop()["profile"].clone();
        let shown = admin.post("/api/sources/preview/", &json!({"kind": "json", "profile": profile, "sample": sample})).await.expect(200);
        let seen = &shown["records"][0]["event"];
        assert_eq!((&shown["kind"], &shown["count"]), (&json!("json"), &json!(1)));
        assert_eq!((&seen["severity"], &seen["raises_alert"], &seen["said"]), (&json!("HIGH"), &json!(true), &json!("sev2")));
        assert_eq!(seen["event_type"], "payment");
        describe(admin, &shop()).await;
        // As described, as a text of several lines.
        let lines = format!("{sample}\n{{\"what\": \"x\", \"id\": 7}}\nnonsense");
        let shown = admin.post("/api/sources/preview/", &json!({"name": "shop", "sample": lines})).await.expect(200);
        assert_eq!(shown["count"], 3);
        assert_eq!(shown["records"][0]["event"]["source_name"], "shop");
        assert_eq!(shown["records"][1]["event"]["key"], "7");
        assert!(shown["records"][2]["errors"]["record"].is_array(), "{shown}");
        let refused = admin.post("/api/sources/preview/", &json!({"kind": "morse", "sample": ""})).await;
        assert_eq!(refused.refused(), ["kind"]);
        let refused = admin.post("/api/sources/preview/", &json!({"sample": ""})).await;
        assert_eq!(refused.refused(), ["sample"]);
        written(&server.server).await;
        assert_eq!(server.count("select count(*) from events").await, 0);
        assert_eq!(server.count("select count(*) from source_counts").await, 0);
        assert_eq!(server.count("select count(*) from dead_letters").await, 0);
    }
}

on_both! {
    ["--rate-limit-ingest", "14/hour"]
    async fn each_record_is_counted_once_whatever_became_of_it(server) {
        let admin = &server.admin;
        let key = key_of(admin, server.anonymous(), "fw-01").await;
        let send = async |client: &Client, body: Value| client.post("/api/ingest/json/", &body).await;
        describe(admin, &json!({"name": "fw-01", "profile": {"mapping": {"ip_address": "/ip", "key": "/id"}}})).await;
        let good = |id: i64| json!({"message": "m", "id": format!("k{id}")});
        let bad = json!({"message": "m", "ip": "nowhere"});
        let answer: Answer = send(&key, json!([good(1), good(2), bad, good(1)])).await;
        assert_eq!(answer.expect(200)["rejected"], 1);
        send(&key, json!([bad, bad])).await.expect(200);
        key.post("/api/events/", &json!([event("LOW", "fw-01"), event("LOW", "fw-02")])).await.expect(200);
        let replayed = key.with("idempotency-key", "r-1");
        for _ in 0..2 {
            replayed.post("/api/events/", &json!([event("LOW", "fw-01"), {}])).await.expect(200);
        }
        // The bucket held 14 records, and 12 are gone: refused and repeated ones spend it too.
        let many: Value = (10..15).map(good).collect();
        send(&key, many).await.problem(429);
        send(admin, json!([{"message": "m", "source_name": "stranger"}])).await.expect(200);
        written(&server.server).await;
        let fw = named(admin, "fw-01").await;
        assert_eq!(tally(&fw["day"]), [17, 6, 6, 5, 2]);
        assert_eq!(fw["keys"][0]["name"], "sends fw-01");
        assert!(fw["last_seen"].is_string() && fw["first_seen"].is_string() && fw["silent"] == false);
        let counts = admin.get(&format!("/api/sources/{}/counts/", fw["id"])).await.expect(200);
        assert_eq!(counts["spans"].as_array().unwrap().len(), 24);
        assert_eq!(tally(&counts["total"]), [17, 6, 6, 5, 2]);
        let days = admin.get(&format!("/api/sources/{}/counts/?by=day&spans=2", fw["id"])).await.expect(200);
        assert_eq!((days["spans"].as_array().unwrap().len(), tally(&days["total"])), (2, [17, 6, 6, 5, 2]));
        // Written again, added up.
        send(&key, json!([bad])).await.expect(200);
        written(&server.server).await;
        assert_eq!(tally(&named(admin, "fw-01").await["day"]), [18, 6, 7, 5, 2]);
        let metrics = admin.get("/metrics").await.text();
        for line in [
            "watchpost_source_events_total{source=\"fw-01\",outcome=\"accepted\"} 6",
            "watchpost_source_events_total{source=\"fw-01\",outcome=\"rejected\"} 7",
            "watchpost_source_events_total{source=\"fw-01\",outcome=\"throttled\"} 5",
            "watchpost_source_events_total{source=\"fw-01\",outcome=\"repeated\"} 2",
            "watchpost_records_total{outcome=\"received\"} 19",
            "watchpost_records_total{outcome=\"accepted\"} 7",
        ] {
            assert!(metrics.contains(line), "{line}: {metrics}");
        }
    }
}

on_both! {
    ["--rate-limit-ingest", "1/hour"]
    async fn names_that_found_no_room_fill_no_table(server) {
        let key = server.key(None).await;
        key.post("/api/events/", &event("LOW", "fw-01")).await.expect(201);
        let names: Value = (0..500).map(|n| event("LOW", &format!("made up {n}"))).collect();
        key.post("/api/events/", &names).await.problem(429);
        written(&server.server).await;
        assert_eq!(server.count("select count(*) from source_counts").await, 2);
        assert_eq!(server.count("select count(*) from source_seen").await, 1);
        let throttled = "select cast(sum(n) as bigint) from source_counts where source = '(others)' and outcome = 3";
        assert_eq!(server.count(throttled).await, 500);
    }
}

on_both! {
    async fn rejected_records_are_kept_shown_and_cleared(server) {
        let admin = &server.admin;
        let key = key_of(admin, server.anonymous(), "fw-01").await;
        let hostile = "{\"severity\": \"\u{202e}<script>\" \u{0}";
        let json = key.with("content-type", "application/json");
        json.send(Method::POST, "/api/ingest/json/", format!("{{\"message\":\"ok\"}}\n{hostile}")).await.expect(200);
        key.post("/api/events/", &json!([{"severity": "x"}, event("LOW", "fw-01")])).await.expect(200);
        admin.post("/api/ingest/suricata/", &json!({"nothing": 1})).await.expect(200);
        written(&server.server).await;
        let all = admin.get("/api/dead-letters/?page_size=2").await.expect(200);
        assert_eq!((&all["count"], all["results"].as_array().unwrap().len()), (&json!(3), 2));
        let rest = admin.get(all["next"].as_str().unwrap()).await.expect(200);
        let first = &rest["results"][0];
        assert_eq!((&first["source"], &first["format"], &first["index"]), (&json!("fw-01"), &json!("json"), &json!(1)));
        assert_eq!(first["excerpt"], hostile.replace('\0', "\u{fffd}"));
        assert!(first["key_id"].is_i64() && first["user_id"].is_null() && first["errors"].is_object());
        assert_eq!(first["size"], hostile.len());
        let one = admin.get(&format!("/api/dead-letters/{}/", first["id"])).await.expect(200);
        assert_eq!(&one, first);
        for (query, count) in [("source=fw-01", 2), ("format=event", 1), ("source=fw-01&format=json", 1), ("source=none", 0)] {
            let found = admin.get(&format!("/api/dead-letters/?{query}")).await.expect(200);
            assert_eq!(found["count"], count, "{query}");
        }
        assert_eq!(admin.delete("/api/dead-letters/?format=json").await.expect(200)["cleared"], 1);
        key.post("/api/ingest/suricata/", &json!({"nothing": 2})).await.expect(200);
        // What waits to be written down was refused before, and goes too.
        assert_eq!(admin.delete("/api/dead-letters/").await.expect(200)["cleared"], 3);
        written(&server.server).await;
        assert_eq!(server.count("select count(*) from dead_letters").await, 0);
        let log = admin.get("/api/audit/?action=dead_letters.cleared").await.expect(200);
        assert_eq!((&log["count"], &log["results"][0]["after"]["cleared"]), (&json!(2), &json!(3)));
    }
}

on_both! {
    async fn of_a_long_record_the_answer_says_little_and_the_reason_is_kept(server) {
        let admin = &server.admin;
        let text = json!("x".repeat(100_000));
        for path in ["alertmanager", "splunk/event"] {
            let answer = admin.post(&format!("/api/ingest/{path}/"), &text).await;
            assert!(answer.text().len() < 2_000, "{path}");
        }
        let answer = admin.post("/api/events/", &json!([text, event("LOW", "fw-01")])).await;
        assert_eq!(answer.expect(200)["rejected"], 1);
        assert!(answer.text().len() < 2_000);
        // What is wrong with the body as a whole.
        for (path, body) in [
            ("/api/v2/alerts", &text),
            ("/loki/api/v1/push", &json!({"streams": [text]})),
            ("/v1/logs", &json!({"resourceLogs": text})),
        ] {
            let answer = admin.post(path, body).await;
            assert_eq!(answer.status, 400, "{path}");
            assert!(answer.text().len() < 2_000, "{path}");
        }
        written(&server.server).await;
        let letters = admin.get("/api/dead-letters/").await.expect(200);
        assert_eq!(letters["count"], 3);
        for letter in letters["results"].as_array().unwrap() {
            let reason = letter["errors"].to_string();
            assert!(reason.contains("xxx") && reason.len() < 2_000, "{letter}");
        }
    }
}

on_both! {
    async fn rejected_records_are_bounded_in_rows_and_bytes(server) {
        let key = server.key(None).await;
        let small: Value = (0..1_000).map(|n| json!({"severity": "x", "n": n})).collect();
        for _ in 0..=(LETTERS_MAX / 1_000) {
            key.post("/api/events/", &small).await.expect(200);
            written(&server.server).await;
        }
        let rows = "select count(*) from dead_letters";
        assert_eq!(server.count(rows).await, i64::try_from(LETTERS_MAX).unwrap());
        let metrics = server.admin.get("/metrics").await.text();
        assert!(metrics.contains("watchpost_dead_letters_dropped_total 1000"), "{metrics}");
        let large: Value = (0..1_000).map(|n| json!({"severity": "x", "n": n, "pad": "y".repeat(8_000)})).collect();
        for _ in 0..3 {
            key.post("/api/events/", &large).await.expect(200);
            written(&server.server).await;
        }
        let bytes = server.count("select cast(sum(bytes) as bigint) from dead_letters").await;
        assert!((9_000_000..=10_000_000).contains(&bytes), "{bytes}");
        // Between two times of writing down, a thousand wait at the most.
        for _ in 0..3 {
            key.post("/api/events/", &small).await.expect(200);
        }
        let before = server.count("select max(id) from dead_letters").await;
        written(&server.server).await;
        let after = server.count("select max(id) from dead_letters").await;
        assert!(after - before <= 3_000, "{before} {after}");
    }
}

on_both! {
    async fn counts_are_written_down_by_themselves_and_at_the_end(server) {
        server.event("LOW", "fw-01").await;
        let rows = "select count(*) from source_counts";
        until("the counts are written", async || server.count(rows).await == 1).await;
        let database = &server.database;
        let second = Server::start(settings(database, &[]), Clock::system()).await.unwrap();
        let admin = signed_in(&second).await;
        admin.post("/api/events/", &event("LOW", "fw-02")).await.expect(201);
        second.stop().await;
        let last = "select count(*) from source_counts where source = 'fw-02' and n = 1";
        assert_eq!(server.count(last).await, 1);
    }
}

on_both! {
    async fn what_the_database_did_not_take_is_written_down_later(server) {
        let rename = async |sql: &'static str| {
            let app = server.server.app();
            app.store.write(move |tx| tx.execute(sql, &[])).await.unwrap();
        };
        rename("alter table source_counts rename to taken_away").await;
        let sources = server.server.ingest().sources();
        for _ in 0..3 {
            server.admin.post("/api/events/", &json!([event("LOW", "fw-01"), {}])).await.expect(200);
            assert!(flush(server.server.app(), sources).await.is_err());
        }
        assert_eq!(server.count("select count(*) from dead_letters").await, 0);
        rename("alter table taken_away rename to source_counts").await;
        written(&server.server).await;
        assert_eq!(tally(&named(&server.admin, "fw-01").await["day"]), [3, 3, 0, 0, 0]);
        assert_eq!(server.count("select count(*) from dead_letters").await, 3);
        let rejected = "select cast(sum(n) as bigint) from source_counts where outcome = 2";
        assert_eq!(server.count(rejected).await, 3);
        let metrics = server.admin.get("/metrics").await.text();
        assert!(metrics.contains("watchpost_records_total{outcome=\"received\"} 6"), "{metrics}");
    }
}

async fn signed_in(server: &Server) -> Client {
    let mut admin = Client::to(server.address());
    admin.sign_in(ADMIN.0, ADMIN.1).await;
    admin
}

on_both! {
    async fn other_servers_know_of_a_change_within_seconds(server) {
        let second = Server::start(settings(&server.database, &[]), Clock::system()).await.unwrap();
        let id = describe(&server.admin, &json!({"name": "fw-01", "alert_budget": 7})).await;
        let of = |server: &Server| server.ingest().sources().of("fw-01").alert_budget;
        assert_eq!(of(&server.server), Some(7), "here at once");
        until("the other has read it", async || of(&second) == Some(7)).await;
        let path = format!("/api/sources/{id}/");
        server.admin.patch(&path, &json!({"alert_budget": 9, "rate_limit": 5})).await.expect(200);
        until("the change", async || of(&second) == Some(9)).await;
        let now = Timestamp::from_millis(0);
        let take = |source: &str, n| {
            let events = std::collections::BTreeMap::from([(source.to_owned(), n)]);
            second.ingest().sources().take_all(&events, Sender::Key(1), now)
        };
        assert_eq!(take("fw-01", 10), Ok(()));
        assert_eq!(take("fw-01", 1), Err(("fw-01".to_owned(), 1)));
        assert_eq!(take("fw-02", 10_000), Ok(()));
        server.admin.delete(&path).await.expect(204);
        until("the end", async || of(&second).is_none()).await;
        second.stop().await;
    }
}

/// Two servers on one database whose time a test moves, and a source that spoke and fell silent.
struct Watch {
    clock: MockClock,
    servers: Vec<Server>,
    database: Database,
}

impl Watch {
    async fn start(kind: Kind) -> Self {
        let clock = MockClock::at(Timestamp::from_millis(1_800_000_000_000));
        let mut watch = Self {
            clock,
            servers: Vec::new(),
            database: Database::create(kind).await,
        };
        watch.another().await;
        watch.another().await;
        watch
    }

    async fn another(&mut self) {
        let clock = Clock::mock(&self.clock);
        let server = Server::start(settings(&self.database, &[]), clock).await;
        self.servers.push(server.unwrap());
    }

    /// Tokens end by the clock the test moves.
    async fn admin(&self) -> Client {
        signed_in(&self.servers[0]).await
    }

    async fn look(&self) -> usize {
        let looks = self.servers.iter().map(|server| async move {
            written(server).await;
            tell_silence(server.app(), server.ingest()).await.unwrap()
        });
        let told = futures_util::future::join_all(looks).await;
        told.into_iter().sum()
    }

    /// The alerts about silence: status and title.
    async fn alerts(&self) -> Vec<(String, String)> {
        let list = self
            .admin()
            .await
            .get("/api/alerts/?q=source:watchpost")
            .await
            .expect(200);
        let rows = list["results"].as_array().unwrap();
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        rows.iter()
            .map(|it| (text(&it["status"]), text(&it["title"])))
            .collect()
    }

    async fn stop(self) {
        for server in self.servers {
            server.stop().await;
        }
        self.database.drop().await;
    }
}

async fn silence(kind: Kind) {
    let mut watch = Watch::start(kind).await;
    let admin = watch.admin().await;
    describe(&admin, &json!({"name": "fw-01", "silent_after": 3_600})).await;
    describe(&admin, &json!({"name": "never", "silent_after": 86_400})).await;
    admin
        .post("/api/events/", &event("LOW", "fw-01"))
        .await
        .expect(201);
    watch.look().await;
    watch.clock.advance(Duration::from_secs(3_599));
    assert_eq!(watch.look().await, 0);
    watch.clock.advance(Duration::from_secs(61));
    assert!(watch.look().await > 0);
    let told = watch.alerts().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "OPEN");
    assert!(
        told[0]
            .1
            .starts_with("Source fw-01 has been silent for 1 h 1 min: last heard of at 20"),
        "{told:?}"
    );
    // Nobody tells it again: not later, not after a restart, not another server.
    // (All start again: their node numbers are leased by the clock that was moved.)
    for server in std::mem::take(&mut watch.servers) {
        server.stop().await;
    }
    watch.another().await;
    watch.another().await;
    watch.clock.advance(Duration::from_hours(3));
    assert_eq!(watch.look().await, 0);
    assert_eq!(watch.alerts().await.len(), 1);
    // One that never spoke counts from when it was described.
    watch.clock.advance(Duration::from_hours(72));
    watch.look().await;
    let told = watch.alerts().await;
    assert_eq!(told.len(), 2);
    assert!(
        told[0]
            .1
            .starts_with("Source never was described 3 d 4 h ago"),
        "{told:?}"
    );
    // Days later it speaks, and its alert is resolved although its key is forgotten.
    let admin = watch.admin().await;
    admin
        .post("/api/events/", &event("LOW", "fw-01"))
        .await
        .expect(201);
    assert!(watch.look().await > 0);
    assert_eq!(watch.look().await, 0);
    let told = watch.alerts().await;
    let states: Vec<&str> = told.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(states, ["OPEN", "RESOLVED"], "{told:?}");
    let back = admin
        .get("/api/events/?q=type:source-back")
        .await
        .expect(200);
    assert_eq!(back["count"], 1);
    assert_eq!(back["results"][0]["severity"], "INFO");
    assert!(
        back["results"][0]["description"]
            .as_str()
            .unwrap()
            .starts_with("Source fw-01 is back after 3 d 4 h"),
        "{back}"
    );
    // The next silence is another.
    watch.clock.advance(Duration::from_mins(61));
    watch.look().await;
    assert_eq!(watch.alerts().await.len(), 3);
    // Nobody watches it any more: its alert is over too.
    let admin = watch.admin().await;
    let id = named(&admin, "fw-01").await["id"].clone();
    admin
        .patch(
            &format!("/api/sources/{id}/"),
            &json!({"silent_after": null}),
        )
        .await
        .expect(200);
    watch.look().await;
    assert_eq!(watch.alerts().await[0].0, "RESOLVED");
    watch.stop().await;
}

on_each_kind!(
    a_silence_is_told_once_and_resolved_when_the_source_is_back,
    silence
);

async fn silence_of_what_is_gone(kind: Kind) {
    let watch = Watch::start(kind).await;
    let admin = watch.admin().await;
    describe(&admin, &json!({"name": "fw-01", "silent_after": 3_600})).await;
    watch.clock.advance(Duration::from_mins(61));
    watch.look().await;
    assert_eq!(watch.alerts().await[0].0, "OPEN");
    // It is described again before anybody looked.
    let admin = watch.admin().await;
    let id = named(&admin, "fw-01").await["id"].clone();
    admin
        .delete(&format!("/api/sources/{id}/"))
        .await
        .expect(204);
    describe(&admin, &json!({"name": "fw-01", "silent_after": 3_600})).await;
    watch.look().await;
    assert_eq!(watch.alerts().await[0].0, "RESOLVED");
    assert_eq!(watch.look().await, 0);
    watch.clock.advance(Duration::from_mins(61));
    watch.look().await;
    let told = watch.alerts().await;
    let states: Vec<&str> = told.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(states, ["OPEN", "RESOLVED"], "{told:?}");
    watch.stop().await;
}

on_each_kind!(
    a_silence_is_over_when_the_description_is_taken_away,
    silence_of_what_is_gone
);

on_both! {
    async fn a_source_is_listed_with_its_first_event(server) {
        let admin = &server.admin;
        for n in 0..25 {
            server.event("LOW", &format!("src-{n:02}")).await;
        }
        let list = admin.get("/api/sources/").await.expect(200);
        assert_eq!((&list["count"], &list["results"][0]["name"]), (&json!(25), &json!("src-24")));
        let next = admin.get(list["next"].as_str().unwrap()).await.expect(200);
        assert_eq!((next["results"].as_array().unwrap().len(), &next["results"][4]["name"]), (5, &json!("src-00")));
        let found = admin.get("/api/sources/?search=SRC-1").await.expect(200);
        assert_eq!(found["count"], 10);
    }
}
