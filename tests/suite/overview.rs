//! The overview: its figures follow whatever happens, and are those of the tables.

use std::collections::BTreeMap;
use std::time::Duration;

use base::{Clock, MockClock, Timestamp};
use serde_json::{Value, json};
use store::{StoreError, Tx};
use watchpost::geo::GeoDb;
use watchpost::rollups::{Durations, Kind, Origin, Rollup};

use crate::harness::{ADMIN, Client, Kind as Engine, TestServer, event, run_alone};

const PATH: &str = "/api/stats/overview/";

/// What a test of figures looks at, without times and ids.
fn figures(overview: &Value) -> Value {
    let picked = |field: &str| overview[field].clone();
    json!({
        "open": [overview["open_by_severity"]["CRITICAL"], overview["open_by_severity"]["HIGH"]],
        "change": [overview["change_1h"]["CRITICAL"], overview["change_1h"]["HIGH"]],
        "unassigned": overview["unassigned"]["count"],
        "overdue": overview["overdue"]["count"],
        "acknowledged": [overview["time_to_acknowledge"]["n"], overview["time_to_acknowledge"]["pending"]],
        "resolved": [overview["time_to_resolve"]["n"], overview["time_to_resolve"]["pending"]],
        "events": picked("events_total_in_range"),
        "alerts": picked("alerts_in_range"),
        "done": picked("resolved_in_range"),
    })
}

/// The administrator, signed in now: a moved clock outlives every token.
async fn admin(server: &TestServer) -> Client {
    let mut client = server.anonymous();
    client.sign_in(ADMIN.0, ADMIN.1).await;
    client
}

async fn shown(server: &TestServer) -> Value {
    admin(server).await.get(PATH).await.expect(200)
}

/// Every sum as it should be, from the events and alerts themselves.
fn recounted(tx: &mut Tx<'_>) -> Result<Rollup, StoreError> {
    let mut rollup = Rollup::new();
    let events = tx.query(
        "select id, source_id, severity, country, ip_address from events",
        &[],
        |row| {
            let id: base::EventId = row.get(0)?;
            Ok((
                id.timestamp(),
                row.get(1)?,
                row.get(2)?,
                origin(row.get(3)?, row.get(4)?),
            ))
        },
    )?;
    for (at, source, severity, origin) in events {
        let (source, severity): (i64, i64) = (source, severity);
        rollup.add(Kind::EventSeverity, at, severity, 1);
        rollup.add(Kind::EventSource, at, source, 1);
        rollup.add(Kind::EventOrigin, at, origin.item(), 1);
    }
    let alerts = tx.query(
        "select created_at, source_id, severity, country, ip_address, acknowledged_at, resolved_at \
         from alerts",
        &[],
        |row| {
            let at: Timestamp = row.get(0)?;
            let done: (Option<Timestamp>, Option<Timestamp>) = (row.get(5)?, row.get(6)?);
            Ok((
                at,
                row.get(1)?,
                row.get(2)?,
                origin(row.get(3)?, row.get(4)?),
                done,
            ))
        },
    )?;
    for (at, source, severity, origin, (acknowledged, resolved)) in alerts {
        let (source, severity): (i64, i64) = (source, severity);
        rollup.add(Kind::AlertSeverity, at, severity, 1);
        rollup.add(Kind::AlertSource, at, source, 1);
        rollup.add(Kind::AlertOrigin, at, origin.item(), 1);
        if let Some(done) = acknowledged.or(resolved) {
            rollup.add(Kind::Acknowledged, at, Durations::bucket(done.since(at)), 1);
        }
        if let Some(done) = resolved {
            rollup.add(Kind::Resolved, at, Durations::bucket(done.since(at)), 1);
            rollup.add(Kind::ResolvedAt, done, severity, 1);
        }
    }
    Ok(rollup)
}

#[expect(clippy::needless_pass_by_value, reason = "as rows give them")]
fn origin(country: Option<String>, address: Option<String>) -> Origin {
    let address = address.and_then(|it| it.parse().ok());
    Origin::new(country.as_deref(), address.is_some_and(GeoDb::is_nowhere))
}

/// Writes sums under a shard of their own and takes the kept ones off: what is left is wrong.
async fn differences(server: &TestServer) -> Vec<Vec<i64>> {
    let wrong = server
        .server
        .app()
        .store
        .write(|tx| {
            recounted(tx)?.write(tx, 99)?;
            let wrong = tx.query(
                "select kind, span, start, item, cast(sum(case when shard = 99 then -n else n end) as bigint) \
                 from rollups where kind <> 10 group by kind, span, start, item \
                 having sum(case when shard = 99 then -n else n end) <> 0",
                &[],
                |row| (0..5).map(|at| row.get(at)).collect::<Result<Vec<i64>, _>>(),
            )?;
            tx.execute("delete from rollups where shard = 99", &[])?;
            Ok::<_, StoreError>(wrong)
        })
        .await
        .unwrap();
    // All flows of OPEN alerts together are what is open.
    let flow = "select cast(coalesce(sum(n), 0) as bigint) from rollups where kind = 10";
    let open = "select count(*) from alerts where status = 1";
    assert_eq!(server.count(flow).await, server.count(open).await);
    wrong
}

/// Runs a test by a clock of its own on both engines.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a test is written where it runs"
)]
fn on_both(body: impl AsyncFn(&TestServer, &MockClock)) {
    for kind in [Engine::Sqlite, Engine::Postgres] {
        run_alone(async {
            let clock = MockClock::at(Timestamp::parse("2026-03-04T12:34:56Z").unwrap());
            let server = TestServer::start(kind, &[], Clock::mock(&clock)).await;
            body(&server, &clock).await;
            server.end().await;
        });
    }
}

async fn send(server: &TestServer, severity: &str, source: &str, address: Option<&str>) -> Value {
    let mut sent = event(severity, source);
    sent["ip_address"] = json!(address);
    admin(server)
        .await
        .post("/api/events/", &sent)
        .await
        .expect(201)
}

async fn set(server: &TestServer, alert: &Value, body: Value) {
    let path = format!("/api/alerts/{alert}/");
    admin(server).await.patch(&path, &body).await.expect(200);
}

#[test]
fn figures_follow_every_step_of_an_alert() {
    on_both(async |server, clock| {
        let minutes = |n| clock.advance(Duration::from_mins(n));
        let empty = shown(server).await;
        assert_eq!(empty["oldest_open"], Value::Null);
        assert_eq!(
            empty["time_to_resolve"],
            json!({"median_s": null, "p90_s": null, "n": 0, "pending": 0})
        );
        let first = send(server, "CRITICAL", "vpn", Some("81.2.69.142")).await;
        let lifted = send(server, "LOW", "fw", Some("10.0.0.1")).await;
        send(server, "INFO", "fw", None).await;
        let path = format!("/api/events/{}/", lifted["id"]);
        let high = admin(server)
            .await
            .patch(&path, &json!({"severity": "HIGH"}))
            .await
            .expect(200);
        let now = shown(server).await;
        assert_eq!(
            figures(&now),
            json!({
                "open": [1, 1], "change": [1, 1], "unassigned": 2, "overdue": 0, "acknowledged": [0, 2],
                "resolved": [0, 2], "events": 3, "alerts": 2, "done": 0,
            })
        );
        assert_eq!(now["oldest_open"]["id"], first["alert"]);
        assert_eq!(now["latest_critical"][0]["id"], first["alert"]);
        assert_eq!(now["latest_critical"].as_array().unwrap().len(), 1);
        minutes(20);
        set(server, &first["alert"], json!({"status": "ACKNOWLEDGED"})).await;
        minutes(60);
        set(server, &first["alert"], json!({"status": "RESOLVED"})).await;
        set(server, &high["alert"], json!({"status": "RESOLVED"})).await;
        let now = shown(server).await;
        assert_eq!(
            figures(&now),
            json!({
                "open": [0, 0], "change": [0, -1], "unassigned": 0, "overdue": 0, "acknowledged": [2, 0],
                "resolved": [2, 0], "events": 3, "alerts": 2, "done": 2,
            })
        );
        let near = |field: &str, percentile: &str, seconds: i64| {
            let found = now[field][percentile].as_i64().unwrap();
            assert!(
                (found - seconds).abs() * 32 <= seconds,
                "{field} {percentile}: {found}"
            );
        };
        near("time_to_acknowledge", "median_s", 20 * 60);
        near("time_to_acknowledge", "p90_s", 80 * 60);
        near("time_to_resolve", "median_s", 80 * 60);
        assert_eq!(differences(server).await, Vec::<Vec<i64>>::new());
        set(server, &first["alert"], json!({"status": "OPEN"})).await;
        minutes(24 * 60);
        let now = shown(server).await;
        assert_eq!(
            figures(&now),
            json!({
                "open": [1, 0], "change": [0, 0], "unassigned": 0, "overdue": 1, "acknowledged": [0, 0],
                "resolved": [0, 0], "events": 0, "alerts": 0, "done": 1,
            })
        );
        let path = format!("/api/events/{}/", first["id"]);
        assert_eq!(admin(server).await.delete(&path).await.status, 204);
        let now = admin(server)
            .await
            .get(&format!("{PATH}?range=7d"))
            .await
            .expect(200);
        assert_eq!(
            figures(&now),
            json!({
                "open": [0, 0], "change": [-1, 0], "unassigned": 0, "overdue": 0, "acknowledged": [1, 0],
                "resolved": [1, 0], "events": 2, "alerts": 1, "done": 1,
            })
        );
        assert_eq!(differences(server).await, Vec::<Vec<i64>>::new());
    });
}

#[test]
fn sources_origins_and_the_chart_say_where_and_when() {
    on_both(async |server, clock| {
        for (severity, source, address) in [
            ("HIGH", "vpn", Some("81.2.69.142")),
            ("HIGH", "vpn", Some("192.168.1.1")),
            ("LOW", "vpn", Some("1.1.1.1")),
            ("CRITICAL", "edge", None),
            ("INFO", "noise", Some("1.1.1.1")),
            ("INFO", "noise", Some("1.1.1.1")),
        ] {
            send(server, severity, source, address).await;
        }
        for range in ["1h", "24h", "7d", "30d"] {
            let now = admin(server)
                .await
                .get(&format!("{PATH}?range={range}"))
                .await
                .expect(200);
            assert_eq!(now["to"], "2026-03-04T13:00:00.000000Z");
            let sources: Vec<_> = now["top_sources"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| {
                    let series = it["series"].as_array().unwrap();
                    let n: i64 = series.iter().map(|n| n.as_i64().unwrap()).sum();
                    assert_eq!(series.last().unwrap(), &it["events"], "all of it is new");
                    (
                        it["source"].as_str().unwrap(),
                        n,
                        it["alerts"].as_i64().unwrap(),
                    )
                })
                .collect();
            assert_eq!(
                sources,
                [("vpn", 3, 2), ("edge", 1, 1), ("noise", 2, 0)],
                "{range}"
            );
            assert_eq!(now["top_sources_exact"], true);
            let origins: BTreeMap<_, _> = now["origins"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| {
                    assert!(it["latitude"].is_f64() && it["name"].as_str().unwrap().len() > 3);
                    (
                        it["country"].as_str().unwrap(),
                        (
                            it["events"].as_i64().unwrap(),
                            it["alerts"].as_i64().unwrap(),
                        ),
                    )
                })
                .collect();
            assert_eq!(
                origins,
                BTreeMap::from([("AU", (3, 0)), ("GB", (1, 1))]),
                "{range}"
            );
            assert_eq!(now["origin_private"], json!({"events": 1, "alerts": 1}));
            assert_eq!(now["origin_unknown"], json!({"events": 1, "alerts": 1}));
            let chart = now["severity_over_time"].as_array().unwrap();
            assert!((48..=64).contains(&chart.len()), "{range}: {}", chart.len());
            let sum = |severity: &str| {
                chart
                    .iter()
                    .map(|it| it["by_severity"][severity].as_i64().unwrap())
                    .sum::<i64>()
            };
            assert_eq!(
                (
                    sum("HIGH"),
                    sum("CRITICAL"),
                    sum("INFO"),
                    sum("LOW"),
                    sum("MEDIUM")
                ),
                (2, 1, 2, 1, 0)
            );
            assert_eq!(chart[0]["from"], now["from"]);
            let rates = now["events_per_s"].as_array().unwrap();
            assert_eq!(rates.len(), 60);
            assert_eq!(rates[59], 0.1, "6 events in 56 seconds");
        }
        clock.advance(Duration::from_mins(1));
        let now = shown(server).await;
        assert_eq!(
            (&now["events_per_s"][58], &now["events_per_s"][59]),
            (&json!(0.1), &json!(0.0))
        );
        let path = format!("{PATH}?from=2026-03-04T12:00:00Z&to=2026-03-04T13:00:00Z");
        assert_eq!(
            admin(server).await.get(&path).await.expect(200)["events_total_in_range"],
            6
        );
        let path = format!("{PATH}?from=2026-03-01T00:00:00Z&to=2026-03-04T12:00:00Z");
        let before = admin(server).await.get(&path).await.expect(200);
        assert_eq!(
            (&before["events_total_in_range"], &before["alerts_in_range"]),
            (&json!(0), &json!(0))
        );
        assert_eq!(before["top_sources"], json!([]));
    });
}

on_both! {
    async fn a_range_that_makes_no_sense_is_refused(server) {
        for (query, field) in [
            ("range=2h", "range"),
            ("range=24h&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z", "range"),
            ("from=2026-03-01T00:30:00Z", "from"),
            ("from=2026-03-01T00:00:00Z&to=2026-03-01T00:00:00Z", "to"),
            ("from=2026-03-01T00:00:00Z&to=2026-03-01T00:00:01Z", "to"),
            ("from=2026-03-01T00:00:00Z&to=2027-03-01T00:00:00Z", "to"),
            ("to=2026-03-01T00:00:00Z", "to"),
            ("from=yesterday", "from"),
            ("since=2026-03-01", "since"),
        ] {
            assert_eq!(server.admin.get(&format!("{PATH}?{query}")).await.refused(), [field], "{query}");
        }
    }
}

/// A generator whose steps a failure can be repeated with.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }
}

#[test]
fn sums_are_those_of_the_tables_whatever_happens() {
    on_both(async |server, clock| {
        let severities = ["INFO", "LOW", "MEDIUM", "HIGH", "HIGH", "CRITICAL"];
        let addresses = [Some("81.2.69.142"), Some("10.1.2.3"), Some("1.1.1.1"), None];
        let mut dice = Dice(20_260_304);
        let mut events: Vec<i64> = Vec::new();
        let mut alerts: Vec<i64> = Vec::new();
        for step in 0..220 {
            clock.advance(Duration::from_secs(dice.below(3_000)));
            let kind = dice.below(10);
            if events.is_empty() || kind < 4 {
                let lines: String = (0..=dice.below(5))
                    .map(|_| {
                        let mut sent = event(dice.pick(&severities), dice.pick(&["a", "b", "c"]));
                        sent["ip_address"] = json!(dice.pick(&addresses));
                        format!("{sent}\n")
                    })
                    .collect();
                let client = admin(server)
                    .await
                    .with("content-type", "application/x-ndjson");
                client
                    .send(http::Method::POST, "/api/events/", lines)
                    .await
                    .expect(200);
                let of = |table: &'static str| {
                    server.read(move |tx| tx.query(table, &[], |row| row.get(0)))
                };
                events = of("select id from events").await;
                alerts = of("select id from alerts").await;
            } else if kind < 8 && !alerts.is_empty() {
                let path = format!("/api/alerts/{}/", dice.pick(&alerts));
                let status = dice.pick(&["OPEN", "ACKNOWLEDGED", "RESOLVED"]);
                admin(server)
                    .await
                    .patch(&path, &json!({"status": status}))
                    .await;
            } else if kind == 8 {
                let path = format!("/api/events/{}/", dice.pick(&events));
                let body = json!({
                    "severity": dice.pick(&severities), "source_name": dice.pick(&["a", "b", "c"]),
                    "ip_address": dice.pick(&addresses),
                });
                let answer = admin(server).await.patch(&path, &body).await;
                assert!(
                    [200, 404].contains(&answer.status.as_u16()),
                    "{}",
                    answer.text()
                );
            } else {
                admin(server)
                    .await
                    .delete(&format!("/api/events/{}/", dice.pick(&events)))
                    .await;
            }
            if step % 40 == 39 {
                assert_eq!(
                    differences(server).await,
                    Vec::<Vec<i64>>::new(),
                    "step {step}"
                );
            }
        }
        assert_eq!(differences(server).await, Vec::<Vec<i64>>::new());
        let whole = admin(server)
            .await
            .get(&format!("{PATH}?range=30d"))
            .await
            .expect(200);
        assert_eq!(
            whole["events_total_in_range"],
            server.count("select count(*) from events").await
        );
        assert_eq!(
            whole["alerts_in_range"],
            server.count("select count(*) from alerts").await
        );
        assert_eq!(
            whole["time_to_resolve"]["n"],
            server
                .count("select count(*) from alerts where status = 3")
                .await
        );
    });
}

#[test]
fn sums_by_the_minute_are_forgotten_after_two_days() {
    on_both(async |server, clock| {
        send(server, "HIGH", "vpn", None).await;
        let later = clock.now().plus(Duration::from_hours(48));
        for (now, kept) in [(later, 2), (later.plus(Duration::from_mins(1)), 0)] {
            let store = &server.server.app().store;
            store
                .write(move |tx| watchpost::rollups::forget_minutes(tx, now))
                .await
                .map(drop)
                .unwrap();
            assert_eq!(
                server
                    .count("select count(*) from rollups where span = 1")
                    .await,
                kept
            );
        }
        assert_eq!(
            server
                .count("select count(*) from rollups where span <> 1")
                .await,
            10
        );
    });
}
