//! Messages of syslog that are not stored: each is counted, and kept to be looked at.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use watchpost::sources::flush;

use crate::accounts::counted;
use crate::harness::{Kind, TestServer, until};

async fn send(server: &TestServer, messages: &[String]) {
    let address = server.server.syslog().tcp[0];
    let mut stream = TcpStream::connect(address).await.unwrap();
    let lines: String = messages.iter().map(|it| format!("{it}\n")).collect();
    stream.write_all(lines.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

/// Rejected records as they are shown, once there are so many.
async fn letters(server: &TestServer, n: i64) -> Vec<Value> {
    until("they are kept", async || {
        flush(server.server.app(), server.server.ingest().sources())
            .await
            .unwrap();
        server.count("select count(*) from dead_letters").await >= n
    })
    .await;
    let letters = server.admin.get("/api/dead-letters/").await.expect(200);
    assert_eq!(letters["count"], n);
    letters["results"].as_array().unwrap().clone()
}

async fn stored(server: &TestServer) -> i64 {
    server.count("select count(*) from events").await
}

fn message(host: &str, text: &str) -> String {
    format!("<13>1 2026-11-20T17:19:39Z {host} app 7 - - {text}")
}

on_both! {
    ["--syslog-tcp", "127.0.0.1:0"]
    async fn a_message_longer_than_its_source_may_send_is_rejected_and_kept(server) {
        let source = json!({"name": "short", "record_max": 64});
        server.admin.post("/api/sources/", &source).await.expect(201);
        let long = message("short", &"x".repeat(64));
        let messages = [message("short", "one"), long.clone(), message("short", "two"), message("long", &"x".repeat(64))];
        send(server, &messages).await;
        until("the others are stored", async || stored(server).await == 3).await;
        let letters = letters(server, 1).await;
        assert_eq!((&letters[0]["source"], &letters[0]["format"]), (&json!("short"), &json!("syslog")));
        assert_eq!((&letters[0]["excerpt"], &letters[0]["size"]), (&json!(long), &json!(long.len())));
        assert!(letters[0]["errors"]["record"][0].as_str().unwrap().contains("64 bytes"), "{}", letters[0]);
        assert_eq!(counted(server).await, [3, 1, 0, 1]);
        assert_eq!(stored(server).await, 3);
    }
}

/// Makes the database refuse events that say `poison`.
async fn refuse_poison(server: &TestServer) {
    if server.database.kind() == Kind::Sqlite {
        server
            .change(&["create trigger taster before insert on events \
                when new.description like '%poison%' begin select raise(abort, 'poison'); end"])
            .await;
    } else {
        server
            .change(&[
                "create function taste() returns trigger language plpgsql as $$ begin \
                    if new.description like '%poison%' then raise exception 'poison'; end if; \
                    return new; end $$",
                "create trigger taster before insert on events \
                    for each row execute function taste()",
            ])
            .await;
    }
}

on_both! {
    ["--syslog-tcp", "127.0.0.1:0"]
    async fn what_the_database_refuses_is_divided_out_and_kept(server) {
        refuse_poison(server).await;
        let text = |n: usize| if n == 7 || n == 30 { format!("poison {n}") } else { format!("water {n}") };
        let messages: Vec<String> = (0..40).map(|n| message("well", &text(n))).collect();
        send(server, &messages).await;
        until("the others are stored", async || stored(server).await == 38).await;
        let letters = letters(server, 2).await;
        let mut said: Vec<&str> = letters.iter().map(|it| it["excerpt"].as_str().unwrap()).collect();
        said.sort_unstable();
        assert_eq!(said, ["poison 30", "poison 7"]);
        for letter in &letters {
            assert_eq!((&letter["source"], &letter["format"]), (&json!("well"), &json!("syslog")));
            assert_eq!(letter["errors"], json!({"record": ["cannot be stored"]}));
        }
        let distinct = "select count(distinct description) from events";
        assert_eq!((stored(server).await, server.count(distinct).await), (38, 38));
        assert_eq!(counted(server).await, [38, 2, 0, 2]);
    }
}
