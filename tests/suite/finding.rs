//! Events are found past the blocks that cannot hold them, as if every one had been looked at.

use std::time::Duration;

use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use watchpost::events::{Sealing, seal};

use crate::harness::{Client, Kind, TestServer, lock_waits, run};

/// Blocks so small that a few hundred events make many of them.
const SMALL: Sealing = Sealing {
    block: 24,
    part: 4,
    settled: Duration::ZERO,
};

fn encoded(query: &str) -> String {
    form_urlencoded::byte_serialize(query.as_bytes()).collect()
}

fn pick<'a>(random: &mut StdRng, words: &[&'a str]) -> &'a str {
    words[random.random_range(0..words.len())]
}

/// Few values of everything, so that they meet in all ways; some only seldom.
fn any_event(random: &mut StdRng) -> Value {
    let words = [
        "Failed",
        "login",
        "for",
        "root",
        "mimikatz",
        "C:\\Tools\\x.exe",
        "Überfall",
        "ΟΔΟΣ",
        "203.0.113.7",
        "user_name",
        "a",
        "İstanbul",
        "sshd[411]:",
    ];
    let length = random.random_range(1..6);
    let description: Vec<&str> = (0..length).map(|_| pick(random, &words)).collect();
    let mut event = json!({
        "source_name": pick(random, &["fw-01", "web east", "käse"]),
        "event_type": pick(random, &["intrusion", "malware", "anomaly"]),
        "severity": pick(random, &["INFO", "LOW", "LOW", "MEDIUM", "HIGH", "CRITICAL"]),
        "description": description.join(" "),
    });
    if random.random_bool(0.7) {
        let address = random.random_range(1..40);
        event["ip_address"] = json!(format!("81.2.69.{address}"));
    }
    if random.random_bool(0.5) {
        event["tags"] = json!([pick(random, &["ssh", "c2", "größe", "a\"b", "a/b"]), "x"]);
    }
    if random.random_bool(0.6) {
        let name = pick(random, &["ana", "bob", "a\\b", "é\n", "22"]);
        event["attributes"] = match random.random_range(0..4) {
            0 => json!({"user": {"name": name, "id": 22}}),
            1 => json!({"user.name": name, "on": true}),
            2 => json!({"list": [{"a": name}, 1.5, [name]]}),
            _ => json!({"user": {"name": [name]}, "port": random.random_range(0..60)}),
        };
    }
    event
}

const QUERIES: [&str; 44] = [
    "",
    "ip:81.2.69.7",
    "ip:81.2.69.7,81.2.69.8,none",
    "-ip:81.2.69.7",
    "ip:203.0.113.99",
    "severity:CRITICAL",
    "severity:CRITICAL,INFO",
    "severity:HIGH,CRITICAL ip:81.2.69.9",
    "severity:HIGH type:malware",
    "type:malware,anomaly",
    "type:malware source:fw-01",
    "source:fw-01 ip:81.2.69.12",
    "source:fw-01,käse ip:81.2.69.12,81.2.69.13",
    "-source:fw-01 country:GB",
    "country:none",
    "tag:c2",
    "tag:größe,\"a\\\"b\"",
    "tag:a/b",
    "-tag:ssh type:anomaly",
    "attributes.user.name:ana",
    "attributes.user.name:22",
    "attributes.user.name:\"a\\\\b\",bob",
    "attributes.user.name.0:bob",
    "attributes.user.id:22",
    "attributes.on:true",
    "attributes.list.0.a:ana",
    "attributes.list.2.0:ana",
    "attributes.list.1:1.5",
    "attributes.list.00.a:ana",
    "attributes.port:7",
    "-attributes.port:7",
    "failed",
    "fail root",
    "mimikatz",
    "mimik*",
    "katz",
    "*katz",
    "-mimikatz ip:81.2.69.3",
    "203.0.113.7",
    "\"tools\\\\x.exe\"",
    "überf",
    "οδος",
    "web",
    "alert:true ip:81.2.69.20",
];

/// Every event a query finds, by following the pages, and in how many.
async fn found(client: &Client, query: &str, more: &str) -> (Vec<i64>, usize) {
    let size = if more.contains("page_size") {
        ""
    } else {
        "&page_size=7"
    };
    let mut path = format!("/api/events/?q={}{size}{more}", encoded(query));
    let (mut all, mut pages) = (Vec::new(), 0);
    loop {
        let page = client.get(&path).await.expect(200);
        let ids = page["results"].as_array().unwrap();
        all.extend(ids.iter().map(|event| event["id"].as_i64().unwrap()));
        pages += 1;
        match page["next"].as_str() {
            Some(next) => path = next[next.find("/api/").unwrap()..].to_owned(),
            None => return (all, pages),
        }
    }
}

/// A query with what it finds, newest and oldest first, and the figures beside the list.
type Findings = (String, Vec<i64>, Vec<i64>, Value, Value);

/// What all queries find, both ways round, with the figures beside the list.
async fn everything(server: &TestServer) -> Vec<Findings> {
    let mut all = Vec::new();
    for query in QUERIES {
        let (newest, _) = found(&server.admin, query, "").await;
        let (oldest, _) = found(&server.admin, query, "&ordering=timestamp").await;
        let mut figures = Vec::new();
        for list in ["fields", "histogram"] {
            let path = format!("/api/events/{list}/?q={}", encoded(query));
            figures.push(server.admin.get(&path).await.expect(200));
        }
        // How many were looked at is what the filters are to make less; and it ends with now.
        let histogram = figures.pop().unwrap();
        let buckets = histogram["buckets"].as_array().unwrap();
        let filled = buckets
            .iter()
            .filter(|it| it["count"] != 0)
            .map(|it| it["by_severity"].clone());
        let histogram = json!([filled.collect::<Vec<_>>(), histogram["exact"]]);
        all.push((
            query.to_owned(),
            newest,
            oldest,
            figures.pop().unwrap(),
            histogram,
        ));
    }
    all
}

fn same(now: &[Findings], before: &[Findings]) {
    for (now, before) in now.iter().zip(before) {
        assert!(now == before, "{now:?}\nbefore: {before:?}");
    }
}

async fn send(server: &TestServer, random: &mut StdRng, events: usize) {
    let lines: Vec<String> = (0..events).map(|_| any_event(random).to_string()).collect();
    let client = server.admin.with("content-type", "application/x-ndjson");
    let sent = client
        .send(Method::POST, "/api/events/", lines.join("\n"))
        .await
        .expect(200);
    assert_eq!(sent["rejected"], 0, "{sent}");
}

on_both! {
    async fn filters_change_nothing_of_what_is_found(server) {
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..4 {
            send(server, &mut random, 90).await;
        }
        let app = server.server.app();
        let before = everything(server).await;
        assert!(before.iter().filter(|(_, found, ..)| !found.is_empty()).count() > 35);
        assert!(before.iter().all(|(_, newest, oldest, ..)| newest.iter().rev().eq(oldest)));
        assert_eq!(seal(app, SMALL).await.unwrap(), 15);
        let bits = "select count(*) from event_block_bits";
        assert!(server.count(bits).await > 100);
        same(&everything(server).await, &before);
        // Some behind the blocks, and some changed within them.
        send(server, &mut random, 30).await;
        for (place, (_, ids, ..)) in before.iter().enumerate().filter(|(_, it)| !it.1.is_empty()) {
            let id = ids[place % ids.len()];
            let changed = any_event(&mut random);
            server.admin.put(&format!("/api/events/{id}/"), &changed).await.expect(200);
        }
        let covered = "select count(*) from event_blocks";
        assert!(server.count(covered).await < 15);
        let mixed = everything(server).await;
        assert!(seal(app, SMALL).await.unwrap() > 0);
        assert_eq!(server.count(covered).await, 16);
        same(&everything(server).await, &mixed);
        server.server.app().store.write(|tx| tx.execute("delete from event_blocks", &[])).await.unwrap();
        same(&everything(server).await, &mixed);
    }
}

on_both! {
    async fn nothing_is_hidden_however_writers_and_sealing_meet(server) {
        let app = server.server.app().clone();
        let done = tokio_util::sync::CancellationToken::new();
        let sealing = tokio::spawn({
            let done = done.clone();
            async move {
                let mut sealed = 0;
                let block = Sealing { block: 5, part: 2, settled: Duration::ZERO };
                while !done.is_cancelled() {
                    sealed += seal(&app, block).await.unwrap();
                    tokio::task::yield_now().await;
                }
                sealed
            }
        });
        let senders = (0..8).map(|sender| {
            async move {
                for n in 0..25 {
                    let mut sent = crate::harness::event("LOW", "s");
                    sent["description"] = json!(format!("word{sender}x{n} is said"));
                    let id = server.admin.post("/api/events/", &sent).await.expect(201)["id"].clone();
                    if n % 3 == 0 {
                        sent["description"] = json!(format!("word{sender}y{n} is said"));
                        server.admin.put(&format!("/api/events/{id}/"), &sent).await.expect(200);
                    }
                }
            }
        });
        futures_util::future::join_all(senders).await;
        done.cancel();
        assert!(sealing.await.unwrap() > 10);
        for sender in 0..8 {
            for n in 0..25 {
                let letter = if n % 3 == 0 { 'y' } else { 'x' };
                let (ids, _) = found(&server.admin, &format!("\"word{sender}{letter}{n} \""), "").await;
                assert_eq!(ids.len(), 1, "word{sender}{letter}{n}");
            }
        }
    }
}

on_both! {
    async fn a_word_is_found_by_its_beginning(server) {
        let mut sent = crate::harness::event("LOW", "web-east");
        sent["description"] = json!("Mimikatz ran as C:\\Tools\\mk.exe from 203.0.113.7: 12 (Überfall) a_b");
        server.admin.post("/api/events/", &sent).await.expect(201);
        for sealed in [false, true] {
            if sealed {
                let one = Sealing { block: 1, ..SMALL };
                assert_eq!(seal(server.server.app(), one).await.unwrap(), 1);
            }
            for text in ["mimikatz", "MIMI", "mimi*", "m", "\"tools\\\\mk\"", "203.0.113.7", "203.0", "113.7", "überf", "east", "web-e",
                "\"from 203\"", "\"7: 12 (ü\"", "*katz", "*atz*", "*ools", ".exe", "a_b", "\"(Ü\""] {
                assert_eq!(found(&server.admin, text, "").await.0.len(), 1, "{text} {sealed}");
            }
            for text in ["katz", "ools", "03.0", "exex", "\"ran  as\"", "b", "berfall", "eb-east", "*katze"] {
                assert_eq!(found(&server.admin, text, "").await.0.len(), 0, "{text} {sealed}");
            }
        }
    }
}

on_both! {
    async fn nothing_is_passed_over_where_the_budget_ends(server) {
        // Blocks of two parts, the last one short; in each part something looks like a match, and
        // the match is the last event of the first. 40 blocks leave room for the mean of a part.
        const BLOCK: usize = 245;
        const BLOCKS: usize = 44;
        let lines: Vec<String> = (0..BLOCK * BLOCKS).map(|n| {
            let (at, mut event) = (n % BLOCK, crate::harness::event("LOW", "s"));
            event["ip_address"] = json!(if matches!(at, 5 | 105 | 205 | 199) { "81.2.69.7" } else { "81.2.69.1" });
            if matches!(at, 6 | 106 | 206 | 199) {
                event["tags"] = json!(["c2"]);
            }
            if n == 5_000 {
                event["ip_address"] = json!("81.2.69.77");
            }
            event.to_string()
        }).collect();
        let client = server.admin.with("content-type", "application/x-ndjson");
        for part in lines.chunks(10_000) {
            client.send(Method::POST, "/api/events/", part.join("\n")).await.expect(200);
        }
        let looked_at = async || {
            let histogram = server.admin.get("/api/events/histogram/?q=ip:81.2.69.77").await.expect(200);
            let found: i64 = histogram["buckets"].as_array().unwrap().iter().map(|it| it["count"].as_i64().unwrap()).sum();
            assert_eq!(found, 1);
            histogram["looked_at"].as_i64().unwrap()
        };
        let all = looked_at().await;
        assert_eq!(all, i64::try_from(lines.len()).unwrap());
        tokio::time::sleep(Duration::from_millis(2)).await;
        let two = Sealing { block: i64::try_from(BLOCK).unwrap(), part: 200, settled: Duration::ZERO };
        assert!(seal(server.server.app(), two).await.unwrap() > 40);
        assert!(looked_at().await < all / 10);
        // Reading attributes of each row is dear: 10,000 rows are a page.
        let query = "ip:81.2.69.7 tag:c2 -attributes.port:7";
        for order in ["&page_size=100", "&page_size=100&ordering=timestamp"] {
            let (ids, pages) = found(&server.admin, query, order).await;
            assert_eq!(ids.len(), BLOCKS, "{order}");
            assert!(pages > 1, "the budget was not spent");
            // Along the index of a source, of which PostgreSQL looks into fewer rows.
            let query = "source:s ip:81.2.69.7 tag:c2";
            assert_eq!(found(&server.admin, query, order).await.0, ids, "{order}");
        }
    }
}

/// A change that begins once a block is claimed, and is committed after the block was read, takes
/// the filter along.
#[test]
fn a_change_under_way_while_a_block_is_read_is_found() {
    run(Kind::Postgres, &[], async |server| {
        let mut random = StdRng::seed_from_u64(3);
        send(server, &mut random, 24).await;
        let newest = server.admin.get("/api/events/").await.expect(200)["results"][0].clone();
        let watcher = server.database.connect().await;
        let (earlier, audit) = (
            server.database.connect().await,
            server.database.connect().await,
        );
        // Sealing waits for what began before the claim.
        let begin = "begin; create table earlier (a int)";
        earlier.batch_execute(begin).await.unwrap();
        let app = server.server.app().clone();
        tokio::time::sleep(Duration::from_millis(2)).await;
        let sealing = tokio::spawn(async move { seal(&app, SMALL).await.unwrap() });
        while server.count("select count(*) from event_blocks").await == 0 {
            tokio::task::yield_now().await;
        }
        // By now it also knows which transactions it waits for; if not, it waits for the change too.
        tokio::time::sleep(Duration::from_millis(150)).await;
        let hold = "begin; select seq from audit_head for update";
        audit.batch_execute(hold).await.unwrap();
        let changing = tokio::spawn({
            let admin = server.admin.clone();
            let path = format!("/api/events/{}/", newest["id"]);
            let change = json!({"description": "overtaken"});
            async move { admin.patch(&path, &change).await.expect(200) }
        });
        lock_waits(&watcher, 1, || changing.is_finished()).await;
        earlier.batch_execute("rollback").await.unwrap();
        lock_waits(&watcher, 2, || sealing.is_finished()).await;
        audit.batch_execute("commit").await.unwrap();
        changing.await.unwrap();
        assert_eq!(sealing.await.unwrap(), 0, "what was read is out of date");
        let word = async || found(&server.admin, "overtaken", "").await.0.len();
        assert_eq!(word().await, 1);
        assert_eq!(seal(server.server.app(), SMALL).await.unwrap(), 1);
        assert_eq!(word().await, 1);
    });
}
