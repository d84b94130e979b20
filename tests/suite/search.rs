//! The query language: `q` finds alerts and events, and says what it does not understand.

use serde_json::{Value, json};

use crate::harness::{Client, event};

fn encoded(query: &str) -> String {
    form_urlencoded::byte_serialize(query.as_bytes()).collect()
}

/// The places of what a query finds among the known ids, once the count was seen to agree.
async fn find(client: &Client, path: &str, known: &[i64], query: &str) -> Vec<usize> {
    let list = client
        .get(&format!("{path}?page_size=100&q={}", encoded(query)))
        .await
        .expect(200);
    let mut found: Vec<usize> = list["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| known.iter().position(|id| row["id"] == *id).unwrap())
        .collect();
    found.sort_unstable();
    assert_eq!(list["count"], found.len(), "{query}");
    assert_eq!(list["count_exact"], Value::Null, "{query}");
    found
}

async fn mistakes(client: &Client, path: &str, query: &str) -> Vec<String> {
    let answer = client.get(&format!("{path}?q={}", encoded(query))).await;
    assert_eq!(answer.refused(), ["q"], "{query}");
    let told = answer.problem(400)["errors"]["q"].clone();
    serde_json::from_value(told).unwrap()
}

on_both! {
    async fn alerts_are_found_by_every_field_and_without(server) {
        let ana = server.user("ana", "RESPONDER").await;
        let mut alerts = Vec::new();
        for (n, (severity, source)) in [("HIGH", "fw, east"), ("CRITICAL", "fw, east"), ("HIGH", "web"), ("CRITICAL", "Käse")].iter().enumerate() {
            let mut sent = event(severity, source);
            sent["event_type"] = json!(if n == 2 { "malware" } else { "intrusion" });
            sent["ip_address"] = [json!("81.2.69.142"), json!("1.1.1.1"), json!("2001:db8::1"), Value::Null][n].clone();
            sent["description"] = json!(format!("number {n} says \"Überfall {n} now\""));
            alerts.push(server.admin.post("/api/events/", &sent).await.expect(201)["alert"].as_i64().unwrap());
        }
        let path = |n: usize| format!("/api/alerts/{}/", alerts[n]);
        ana.patch(&path(0), &json!({"status": "ACK"})).await.expect(200);
        server.admin.patch(&path(2), &json!({"status": "RESOLVED", "resolution": "DUPLICATE"})).await.expect(200);
        server.admin.patch(&path(3), &json!({"assigned_to": null})).await.expect(200);
        let none: &[usize] = &[];
        let id = alerts[1];
        for (query, places) in [
            ("severity:critical", &[1, 3][..]),
            ("-severity:critical", &[0, 2]),
            ("severity:CRITICAL -severity:CRITICAL", none),
            ("status:open,resolved", &[1, 2, 3]),
            ("-status:RESOLVED severity:HIGH", &[0]),
            ("source:\"fw, east\"", &[0, 1]),
            ("-source:\"fw, east\"", &[2, 3]),
            ("source:\"fw, east\",web,unheard", &[0, 1, 2]),
            ("-source:unheard", &[0, 1, 2, 3]),
            ("source:unheard", none),
            ("source:\"fw, east\" source:web", none),
            ("type:Malware", &[2]),
            ("-type:malware", &[0, 1, 3]),
            ("owner:me", &[0]),
            ("-owner:me", &[1, 2, 3]),
            ("owner:ANA,none", &[0, 1, 2, 3]),
            ("owner:none", &[1, 2, 3]),
            ("country:GB", &[0]),
            ("-country:GB", &[1, 2, 3]),
            ("country:none", &[2, 3]),
            ("-country:none", &[0, 1]),
            ("country:gb,none", &[0, 2, 3]),
            ("ip:2001:db8:0::1", &[2]),
            ("ip:none,1.1.1.1", &[1, 3]),
            ("-ip:1.1.1.1", &[0, 2, 3]),
            ("overdue:true", none),
            ("-overdue:true", &[0, 1, 2, 3]),
            ("resolution:duplicate", &[2]),
            ("-resolution:duplicate", &[0, 1, 3]),
            ("-resolution:none", &[2]),
            ("from:1h", &[0, 1, 2, 3]),
            ("-from:1h", none),
            ("to:2020-01-01", none),
            ("überfall", &[0, 1, 2, 3]),
            ("überfall käse", &[3]),
            ("\"says \\\"überfall 2 now\"", &[2]),
            ("\"now says\"", none),
            ("-\"überfall 2\" -web", &[0, 1, 3]),
            ("number -käse status:OPEN", &[1]),
            (&format!("id:{id},999999"), &[1]),
            (&format!("-id:{id}"), &[0, 2, 3]),
            (&format!("id:{id} severity:HIGH"), none),
        ] {
            assert_eq!(find(&ana, "/api/alerts/", &alerts, query).await, places, "{query}");
        }
        // Beside the parameters, all of which must hold.
        let both = ana.get(&format!("/api/alerts/?severity=HIGH&id={},{}&from=2h&q=-status:RESOLVED", alerts[0], alerts[2])).await.expect(200);
        assert_eq!((&both["count"], &both["results"][0]["id"]), (&json!(1), &json!(alerts[0])));
        let csv = ana.get("/api/alerts/export/?format=ndjson&q=severity:CRITICAL").await;
        assert_eq!(csv.text().lines().count(), 2);
    }
}

on_both! {
    async fn ids_keep_every_order_and_their_pages(server) {
        let mut alerts = Vec::new();
        for n in 0..9 {
            let sent = server.event(if n % 2 == 0 { "HIGH" } else { "CRITICAL" }, "s").await;
            alerts.push(sent["alert"].as_i64().unwrap());
        }
        let ids = alerts[1..8].iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        for ordering in ["-created_at", "created_at", "-severity", "severity"] {
            let whole = server.admin.get(&format!("/api/alerts/?page_size=100&ordering={ordering}")).await.expect(200);
            let expected: Vec<i64> = whole["results"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).filter(|id| alerts[1..8].contains(id)).collect();
            let mut path = format!("/api/alerts/?page_size=2&ordering={ordering}&q=id:{ids}");
            let (mut found, mut pages) = (Vec::new(), 0);
            loop {
                let page = server.admin.get(&path).await.expect(200);
                assert_eq!(page["count"], 7);
                found.extend(page["results"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()));
                pages += 1;
                match page["next"].as_str() {
                    Some(next) => path = next.to_owned(),
                    None => break,
                }
            }
            assert_eq!((found, pages), (expected, 4), "{ordering}");
        }
    }
}

on_both! {
    async fn mistakes_are_told_with_their_place_and_what_is_meant(server) {
        for (path, query, told) in [
            ("/api/alerts/", "sevrity:HIGH", "characters 1-7: unknown field sevrity; did you mean severity?"),
            ("/api/alerts/", "a severity:hihg", "characters 12-15: severity is one of CRITICAL, HIGH, MEDIUM, LOW, INFO; did you mean HIGH?"),
            ("/api/alerts/", "-source:\"fw", "characters 9-11: the quote opened at character 9 is never closed"),
            ("/api/alerts/", "owner:bob,me", "characters 1-12: owner must be me, none or a user name; there is no \"bob\""),
            ("/api/alerts/", "tag:x", "characters 1-3: unknown field tag"),
            ("/api/events/", "owner:me", "characters 1-5: unknown field owner"),
            ("/api/events/", "attributes:x", "characters 1-10: attributes needs the names"),
            ("/api/events/", "attributes.a:1 attributes.a:2 -attributes.a:3 attributes.b:4 attributes.c:5", "characters 62-75: at most 4 terms"),
            ("/api/events/", "from:soon", "characters 6-9: from must be a time"),
            ("/api/events/", "a b c d e f g h i", "character 17: at most 8 free words"),
        ] {
            let found = mistakes(&server.admin, path, query).await;
            assert_eq!(found.len(), 1, "{query}: {found:?}");
            assert!(found[0].starts_with(told), "{query}: {found:?}");
        }
        assert_eq!(mistakes(&server.admin, "/api/alerts/", "x:1 y:2 status:z").await.len(), 3);
        let long = "a".repeat(2_001);
        mistakes(&server.admin, "/api/events/", &long).await;
        for hostile in ["\0", "%00", "%ff", "\"' or 1=1 --", "$1 ?", "%_%", "\\", "{}[]()", "\u{202e}", "'; drop table alerts; --"] {
            for path in ["/api/alerts/", "/api/events/"] {
                let query = format!("\"{}\" -source:\"{}\"", hostile.replace('"', "").replace('\\', "\\\\"), hostile.replace(['"', '\\'], ""));
                let answer = server.admin.get(&format!("{path}?q={}", encoded(&query))).await;
                assert!(matches!(answer.status.as_u16(), 200 | 400), "{hostile}");
            }
        }
    }
}

on_both! {
    async fn events_are_found_by_every_field_and_without(server) {
        let mut events = Vec::new();
        for (n, (severity, source)) in [("INFO", "a"), ("LOW", "a"), ("HIGH", "b"), ("CRITICAL", "c d")].iter().enumerate() {
            let mut sent = event(severity, source);
            sent["event_type"] = json!(if n == 3 { "malware" } else { "intrusion" });
            sent["ip_address"] = [json!("81.2.69.142"), json!("1.1.1.1"), Value::Null, Value::Null][n].clone();
            sent["description"] = json!(format!("Brute force number {n}"));
            sent["tags"] = [json!(["ssh", "x y"]), json!(["SSH"]), json!([]), Value::Null][n].clone();
            sent["attributes"] = [
                json!({"user": {"name": "ana", "id": 7}, "port": 22, "vpn": true, "list": ["a", {"k": "v"}], "größe": "µ"}),
                json!({"user": {"name": "bob \"b\""}, "port": "22", "n": null, "user.name": "flat"}),
                json!({"user": "ana", "list": {"0": "a"}, "port": 22.5}),
                Value::Null,
            ][n].clone();
            events.push(server.admin.post("/api/events/", &sent).await.expect(201)["id"].as_i64().unwrap());
        }
        let none: &[usize] = &[];
        let id = events[1];
        for (query, places) in [
            ("severity:high,critical", &[2, 3][..]),
            ("-severity:high,critical", &[0, 1]),
            ("severity:HIGH -severity:HIGH", none),
            ("source:a", &[0, 1]),
            ("source:a,\"c d\"", &[0, 1, 3]),
            ("-source:a", &[2, 3]),
            ("source:a -severity:INFO", &[1]),
            ("source:b,unheard severity:HIGH,CRITICAL", &[2]),
            ("source:unheard", none),
            ("type:MALWARE", &[3]),
            ("-type:malware", &[0, 1, 2]),
            ("ip:1.1.1.1", &[1]),
            ("ip:none", &[2, 3]),
            ("country:gb", &[0]),
            ("-country:gb", &[1, 2, 3]),
            ("alert:true", &[2, 3]),
            ("-alert:true", &[0, 1]),
            ("alert:yes alert:no", none),
            ("from:1h", &[0, 1, 2, 3]),
            ("-from:1h", none),
            ("to:1h", none),
            ("tag:ssh", &[0]),
            ("tag:SSH,\"x y\"", &[0, 1]),
            ("-tag:ssh", &[1, 2, 3]),
            ("brute \"force number\"", &[0, 1, 2, 3]),
            ("\"number force\"", none),
            ("-\"number 2\" -\"c d\"", &[0, 1]),
            ("attributes.user.name:ana", &[0]),
            ("attributes.user.name:flat", &[1]),
            ("attributes.user.name:\"bob \\\"b\\\"\",ana", &[0, 1]),
            ("-attributes.user.name:ana", &[1, 2, 3]),
            ("attributes.user:ana", &[2]),
            ("attributes.user.id:7", &[0]),
            ("attributes.port:22", &[0, 1]),
            ("attributes.port:22.5", &[2]),
            ("attributes.vpn:true", &[0]),
            ("attributes.n:null", none),
            ("attributes.list.0:a", &[0, 2]),
            ("attributes.list.1.k:v", &[0]),
            ("attributes.list:a", none),
            ("attributes.größe:µ", &[0]),
            ("attr.User.name:ana", none),
            ("attributes.$.a@b-c/d:x", none),
            (&format!("id:{id}"), &[1]),
            (&format!("id:{id} severity:HIGH"), none),
            (&format!("-id:{id}"), &[0, 2, 3]),
        ] {
            assert_eq!(find(&server.admin, "/api/events/", &events, query).await, places, "{query}");
        }
        let some = server.admin.get(&format!("/api/events/?id={},{}&from=24h&q=-source:b", events[0], events[2])).await.expect(200);
        assert_eq!((&some["count"], &some["results"][0]["id"]), (&json!(1), &json!(events[0])));
    }
}
