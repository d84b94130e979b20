//! Figures beside the list of alerts: facets, groups, alerts like one, what is known of a source.

use serde_json::{Value, json};

use crate::harness::{Client, TestServer, event};

/// 24 alerts of two severities, three statuses, three sources, two types, three places, two people.
async fn fill(server: &TestServer) -> Client {
    let ana = server.user("ana", "RESPONDER").await;
    for n in 0..24 {
        let mut sent = event(
            if n % 3 == 0 { "CRITICAL" } else { "HIGH" },
            ["fw", "vpn", "mail"][n % 5 % 3],
        );
        sent["event_type"] = json!(if n % 4 == 0 { "malware" } else { "intrusion" });
        sent["ip_address"] = json!(["1.1.1.1", "81.2.69.142", "10.0.0.1"][n % 7 % 3]);
        sent["description"] = json!(format!("door {} opened", n % 2));
        let alert = server.admin.post("/api/events/", &sent).await.expect(201)["alert"].clone();
        let path = format!("/api/alerts/{alert}/");
        match n % 6 {
            1 => {
                _ = ana
                    .patch(&path, &json!({"status": "ACK"}))
                    .await
                    .expect(200);
            }
            2 => {
                let body = json!({"status": "RESOLVED", "resolution": "BENIGN_POSITIVE"});
                server.admin.patch(&path, &body).await.expect(200);
            }
            3 => {
                _ = server
                    .admin
                    .patch(&path, &json!({"status": "RESOLVED"}))
                    .await
                    .expect(200);
            }
            5 => {
                _ = server
                    .admin
                    .patch(&path, &json!({"assigned_to": "admin"}))
                    .await
                    .expect(200);
            }
            _ => {}
        }
    }
    ana
}

/// Each facet and the parameter that filters by it.
const FACETS: [(&str, &str); 6] = [
    ("severity", "severity"),
    ("status", "status"),
    ("owner", "assigned_to"),
    ("source", "source_name"),
    ("type", "event_type"),
    ("country", "country"),
];

fn count_of<'v>(values: &'v Value, value: &str) -> Option<&'v Value> {
    let found = values
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["value"] == value)?;
    Some(&found["count"])
}

on_both! {
    async fn each_facet_counts_what_the_list_would_find_with_that_value(server) {
        let ana = fill(server).await;
        for query in [
            "",
            "severity=CRITICAL",
            "status=OPEN,ACK",
            "severity=HIGH&status=RESOLVED",
            "assigned_to=me",
            "assigned_to=none&status=OPEN",
            "assigned_to=admin&severity=HIGH",
            "source_name=fw",
            "source_name=fw&event_type=malware&country=AU",
            "event_type=malware,intrusion&status=OPEN&assigned_to=none",
            "source_name=vpn&severity=CRITICAL&assigned_to=ana",
            "country=AU,GB&search=door+1",
            "ip_address=1.1.1.1&event_type=malware",
            "overdue=false&source_name=mail",
            "from=2020-01-01&status=ACK&ordering=-severity",
            "to=2020-01-01&status=ACK",
            "source_name=never-heard-of&status=OPEN",
            "country=none,AU&status=OPEN",
            "q=-resolution:none&assigned_to=none",
        ] {
            let answer = ana.get(&format!("/api/alerts/facets/?{query}")).await.expect(200);
            assert_eq!(answer["exact"], true, "{query}");
            assert_eq!(answer["exact_facets"].as_array().unwrap().len(), 6, "{query}");
            for (facet, parameter) in FACETS {
                let others: Vec<&str> = query.split('&').filter(|it| !it.starts_with(&format!("{parameter}="))).collect();
                let others = others.join("&");
                for value in answer["facets"][facet].as_array().unwrap() {
                    let word = value["value"].as_str().unwrap();
                    let list = ana.get(&format!("/api/alerts/?{others}&{parameter}={word}")).await.expect(200);
                    assert_eq!(value["count"], list["count"], "{query}: {facet} {word}");
                }
                let listed: i64 = answer["facets"][facet].as_array().unwrap().iter().map(|it| it["count"].as_i64().unwrap()).sum();
                let all = ana.get(&format!("/api/alerts/?{others}")).await.expect(200)["count"].as_i64().unwrap();
                assert_eq!(listed, all, "{query}: {facet} has every alert");
            }
        }
    }
}

on_both! {
    async fn what_is_chosen_and_every_severity_and_status_are_always_listed(server) {
        fill(server).await;
        let facets = server.admin.get("/api/alerts/facets/").await.expect(200);
        let words = |facet: &str| -> Vec<String> {
            facets["facets"][facet].as_array().unwrap().iter().map(|it| it["value"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(words("severity"), ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO"]);
        assert_eq!(words("status"), ["OPEN", "ACKNOWLEDGED", "RESOLVED"]);
        assert_eq!(words("source"), ["fw", "vpn", "mail"], "by count");
        assert_eq!(count_of(&facets["facets"]["severity"], "LOW"), Some(&json!(0)));
        assert_eq!(facets["facets"]["owner"][0], json!({"value": "none", "label": "Nobody", "count": 16}));
        let query = "source_name=nowhere&event_type=unheard&country=ZZ&assigned_to=none&severity=LOW";
        let facets = server.admin.get(&format!("/api/alerts/facets/?{query}")).await.expect(200);
        for (facet, word) in [("source", "nowhere"), ("type", "unheard"), ("country", "ZZ"), ("owner", "none")] {
            assert_eq!(count_of(&facets["facets"][facet], word), Some(&json!(0)), "{facet}");
        }
        // What is left out stays listed, so that it can be taken back.
        let query = "q=-source:mail+-type:unheard+-owner:ana+-country:none+-status:open";
        let facets = server.admin.get(&format!("/api/alerts/facets/?{query}")).await.expect(200);
        for (facet, word) in [("source", "mail"), ("type", "unheard"), ("owner", "ana"), ("country", "none")] {
            assert!(count_of(&facets["facets"][facet], word).is_some(), "{facet}");
        }
        assert_eq!(facets["facets"]["status"].as_array().unwrap().len(), 3);
        // A name in another case is the same person.
        let facets = server.admin.get("/api/alerts/facets/?assigned_to=ADMIN&severity=LOW").await.expect(200);
        assert_eq!(count_of(&facets["facets"]["owner"], "admin"), Some(&json!(0)));
    }
}

on_both! {
    async fn no_more_than_twenty_values_are_listed_but_all_that_are_chosen(server) {
        let lines: String = (0..30).map(|n| format!("{}\n", event("HIGH", &format!("s{n:02}")))).collect();
        let client = server.admin.with("content-type", "application/x-ndjson");
        client.send(http::Method::POST, "/api/events/", lines).await.expect(200);
        server.event("HIGH", "s29").await;
        let sources = server.admin.get("/api/alerts/facets/?source_name=s28").await.expect(200)["facets"]["source"].clone();
        let words: Vec<&str> = sources.as_array().unwrap().iter().map(|it| it["value"].as_str().unwrap()).collect();
        assert_eq!(words.len(), 21);
        assert_eq!((words[0], words[1], words[19], words[20]), ("s29", "s00", "s18", "s28"));
        assert_eq!(sources[20]["count"], 1);
    }
}

on_both! {
    async fn groups_have_the_worst_first_and_count_what_is_in_them(server) {
        fill(server).await;
        let list = server.admin.get("/api/alerts/?page_size=100").await.expect(200);
        let alerts = list["results"].as_array().unwrap();
        for (by, field) in [("source", "/event/source_name"), ("type", "/event/event_type"), ("country", "/event/geo/country_code"), ("owner", "/assigned_to/username")] {
            let answer = server.admin.get(&format!("/api/alerts/groups/?by={by}")).await.expect(200);
            assert_eq!((&answer["by"], &answer["exact"], &answer["looked_at"]), (&json!(by), &json!(true), &json!(24)));
            let groups = answer["groups"].as_array().unwrap();
            assert_eq!(answer["total"], groups.len());
            for group in groups {
                let key = if group["key"] == "none" { &Value::Null } else { &group["key"] };
                let mine: Vec<&Value> = alerts.iter().filter(|it| it.pointer(field).unwrap_or(&Value::Null) == key).collect();
                let with = |field: &str, word: &str| mine.iter().filter(|it| it[field] == word).count();
                assert_eq!(group["count"], mine.len(), "{by} {key}");
                assert_eq!(group["open"], with("status", "OPEN"));
                for severity in ["CRITICAL", "HIGH", "LOW"] {
                    assert_eq!(group["by_severity"][severity], with("severity", severity));
                }
                for field in ["id", "created_at", "title"] {
                    assert_eq!(group["newest"][field], mine[0][field]);
                }
                assert_eq!(group["oldest_created_at"], mine[mine.len() - 1]["created_at"]);
            }
            assert_eq!(groups.iter().map(|it| it["count"].as_u64().unwrap()).sum::<u64>(), 24);
        }
        server.admin.post("/api/events/", &event("CRITICAL", "zz")).await.expect(201);
        server.admin.post("/api/events/", &event("HIGH", "aa")).await.expect(201);
        let answer = server.admin.get("/api/alerts/groups/?by=Source&status=OPEN").await.expect(200);
        let keys: Vec<&str> = answer["groups"].as_array().unwrap().iter().map(|it| it["key"].as_str().unwrap()).collect();
        assert_eq!((keys.last(), keys[keys.len() - 2]), (Some(&"aa"), "zz"), "{keys:?}");
        for query in ["", "by=", "by=title", "by=source&by=type"] {
            assert_eq!(server.admin.get(&format!("/api/alerts/groups/?{query}")).await.refused(), ["by"], "{query}");
        }
        let refused = server.admin.get("/api/alerts/groups/?by=x&colour=red&status=shut").await.refused();
        assert_eq!(refused, ["by", "colour", "status"]);
    }
}

on_both! {
    async fn alike_alerts_are_told_with_why_and_how_they_were_closed(server) {
        let send = async |source: &str, kind: &str, address: &str, text: &str| {
            let mut sent = event("HIGH", source);
            sent["event_type"] = json!(kind);
            sent["ip_address"] = json!(address);
            sent["description"] = json!(text);
            server.admin.post("/api/events/", &sent).await.expect(201)["alert"].as_i64().unwrap()
        };
        let twin = send("fw", "login", "1.1.1.1", "5 failed logins from 10.0.0.9").await;
        let other_text = send("fw", "login", "9.9.9.9", "a new device").await;
        let other_source = send("vpn", "login", "9.9.9.9", "77 failed logins from 10.0.0.1").await;
        let same_address = send("vpn", "malware", "1.1.1.1", "a bad file").await;
        send("vpn", "malware", "9.9.9.9", "another bad file").await;
        for (id, resolution) in [(twin, json!("FALSE_POSITIVE")), (other_text, json!("FALSE_POSITIVE")), (other_source, Value::Null)] {
            let mut body = json!({"status": "RESOLVED"});
            if resolution.is_string() {
                body["resolution"] = resolution;
            }
            server.admin.patch(&format!("/api/alerts/{id}/"), &body).await.expect(200);
        }
        let alert = send("fw", "login", "1.1.1.1", "12 failed logins from 10.0.0.7").await;
        let answer = server.admin.get(&format!("/api/alerts/{alert}/similar/")).await.expect(200);
        let told: Vec<_> = answer["results"].as_array().unwrap().iter().map(|it| (it["alert"]["id"].as_i64().unwrap(), it["score"].as_u64().unwrap(), it["why"].clone())).collect();
        assert_eq!(told, [
            (twin, 100, json!(["same source and type", "same text", "same address"])),
            (other_text, 50, json!(["same source and type"])),
            (other_source, 30, json!(["same text"])),
            (same_address, 20, json!(["same address"])),
        ]);
        assert_eq!(answer["closed"], json!({"FALSE_POSITIVE": 2, "NONE": 1}));
        assert_eq!(answer["total"], 4);
        assert_eq!(answer["results"][0]["alert"]["resolution"], "FALSE_POSITIVE");
        for n in 0..25 {
            send("fw", "login", "9.9.9.9", &format!("number {n} \u{202e}<script> ' \" %")).await;
        }
        let answer = server.admin.get(&format!("/api/alerts/{alert}/similar/")).await.expect(200);
        assert_eq!((answer["results"].as_array().unwrap().len(), &answer["total"]), (20, &json!(29)));
        server.admin.get("/api/alerts/999999/similar/").await.problem(404);
        server.admin.get("/api/alerts/abc/similar/").await.problem(404);
        assert_eq!(server.admin.get(&format!("/api/alerts/{alert}/similar/?by=x")).await.refused(), ["by"]);
    }
}

on_both! {
    async fn a_source_and_an_address_are_known(server) {
        let mut sent = event("HIGH", "fw");
        sent["ip_address"] = json!("203.0.113.9");
        let first = server.admin.post("/api/events/", &sent).await.expect(201);
        let mut no_address = event("HIGH", "fw");
        no_address["ip_address"] = Value::Null;
        let second = server.admin.post("/api/events/", &no_address).await.expect(201);
        server.admin.patch(&format!("/api/alerts/{}/", second["alert"]), &json!({"status": "RESOLVED"})).await.expect(200);
        server.event("LOW", "fw").await;
        let last = server.event("LOW", "fw").await;
        let elsewhere = server.event("CRITICAL", "vpn").await;
        let shown = server.admin.get(&format!("/api/alerts/{}/enrichment/", first["alert"])).await.expect(200);
        let source = &shown["source"];
        assert_eq!((&source["name"], &source["alerts_open"], &source["alerts_open_exact"]), (&json!("fw"), &json!(1), &json!(true)));
        assert_eq!(source["last_seen"], last["timestamp"]);
        assert!(source["first_seen"].as_str().unwrap() <= source["last_seen"].as_str().unwrap());
        let days = source["events_by_day"].as_array().unwrap();
        assert_eq!(days.len(), 7);
        assert!(days.windows(2).all(|two| two[0]["day"].as_str() < two[1]["day"].as_str()));
        // Midnight may have passed between.
        assert_eq!(days.iter().map(|day| day["count"].as_u64().unwrap()).sum::<u64>(), 4);
        let address = &shown["address"];
        assert_eq!((&address["ip"], &address["label"], &address["alerts_from_it"]), (&json!("203.0.113.9"), &json!("documentation"), &json!(1)));
        let shown = server.admin.get(&format!("/api/alerts/{}/enrichment/", second["alert"])).await.expect(200);
        assert_eq!(shown["address"], Value::Null);
        let shown = server.admin.get(&format!("/api/alerts/{}/enrichment/", elsewhere["alert"])).await.expect(200);
        assert_eq!((&shown["address"]["geo"]["country_code"], &shown["address"]["label"]), (&json!("GB"), &Value::Null));
        server.admin.get("/api/alerts/999999/enrichment/").await.problem(404);
    }
}

on_both! {
    async fn unknown_filters_and_people_are_refused(server) {
        for (query, field) in [("status=closed", "status"), ("colour=red", "colour"), ("cursor=x", "cursor"), ("assigned_to=nobody-here", "assigned_to")] {
            for path in ["facets/?", "groups/?by=source&"] {
                let refused = server.admin.get(&format!("/api/alerts/{path}{query}")).await.refused();
                assert_eq!(refused, [field], "{path}");
            }
        }
    }
}
