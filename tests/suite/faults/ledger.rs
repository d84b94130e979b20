//! What was sent, what was answered, and whether the database agrees.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use base::{EventId, Severity};
use serde_json::Value;
use store::{Engine, Location, Options, Store, StoreError, Tx};

use crate::harness::Client;

/// What is known of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// No answer, or a 5xx: it may be stored or not.
    Open,
    /// The status line of a 2xx was read: it must be stored.
    Acknowledged,
    /// A 4xx, or a line a batch refused: it must not be stored.
    Refused,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    severity: Option<Severity>,
    outcome: Outcome,
}

/// Every event sent by a test, by its marker.
#[derive(Default)]
pub(super) struct Ledger(Mutex<State>);

#[derive(Default)]
struct State {
    sent: HashMap<u64, Sent>,
    statuses: BTreeMap<u16, usize>,
    broken: usize,
    wrong: Vec<String>,
    slowest: Duration,
    /// Events sent with an Idempotency-Key that have no answer yet.
    repeatable: VecDeque<(u64, String)>,
}

/// What a check of the database found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) events: usize,
    pub(super) alerts: usize,
    /// Stored, although nobody read that it was.
    pub(super) unacknowledged: usize,
}

#[derive(Debug)]
struct Row {
    id: i64,
    source: i64,
    severity: i64,
    description: String,
    attributes: Option<String>,
    alerts: i64,
}

/// What an event is told by where its sender has no attributes: words in its description.
pub(super) fn marked(marker: u64, filler: &str) -> String {
    format!("reading m{marker:08}w {filler} end")
}

impl Row {
    /// The number its sender gave it.
    fn marker(&self) -> u64 {
        let attributes: Value =
            serde_json::from_str(self.attributes.as_deref().unwrap_or("{}")).unwrap();
        if let Some(marker) = attributes["marker"].as_u64() {
            return marker;
        }
        let marker = Self::marker_in(&self.description);
        marker.unwrap_or_else(|| panic!("half an event is stored: {self:?}"))
    }

    /// The number in a description that is whole.
    fn marker_in(description: &str) -> Option<u64> {
        let whole = description.strip_suffix(" end")?;
        let whole = whole.strip_prefix("Resolved: ").unwrap_or(whole);
        let (digits, _) = whole.strip_prefix("reading m")?.split_once("w ")?;
        digits.parse().ok()
    }
}

impl Ledger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Notes an event about to be sent, and returns its marker; without a severity it is one
    /// the server has to refuse.
    pub(super) fn sending(&self, severity: Option<Severity>) -> u64 {
        let mut state = self.state();
        let marker = state.sent.len() as u64;
        state.sent.insert(
            marker,
            Sent {
                severity,
                outcome: Outcome::Open,
            },
        );
        marker
    }

    /// Notes what became of events that were sent together.
    pub(super) fn answered(&self, status: u16, markers: &[u64]) {
        let mut state = self.state();
        *state.statuses.entry(status).or_default() += 1;
        for marker in markers {
            let sent = state.sent.get_mut(marker).unwrap();
            sent.outcome = match (status, sent.severity) {
                (200..300, Some(_)) => Outcome::Acknowledged,
                (200..500, _) => Outcome::Refused,
                _ => Outcome::Open,
            };
        }
    }

    /// Keeps an event that was sent with an Idempotency-Key to be sent again.
    pub(super) fn again(&self, marker: u64, body: String) {
        self.state().repeatable.push_back((marker, body));
    }

    /// An event to be sent again, under the key it was sent with.
    pub(super) fn repeat(&self) -> Option<(u64, String)> {
        self.state().repeatable.pop_front()
    }

    /// Notes a connection that broke without an answer.
    pub(super) fn broke(&self) {
        self.state().broken += 1;
    }

    /// Notes an answer that no client may get.
    pub(super) fn wrong(&self, what: String) {
        self.state().wrong.push(what);
    }

    /// Notes how long a client waited for its answer.
    pub(super) fn waited(&self, time: Duration) {
        let mut state = self.state();
        state.slowest = state.slowest.max(time);
    }

    /// How many answers had a status.
    pub(super) fn with_status(&self, status: u16) -> usize {
        self.state()
            .statuses
            .get(&status)
            .copied()
            .unwrap_or_default()
    }

    /// The longest wait for an answer.
    pub(super) fn slowest(&self) -> Duration {
        self.state().slowest
    }

    /// How many connections broke without an answer.
    pub(super) fn broken(&self) -> usize {
        self.state().broken
    }

    /// How many events were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        let state = self.state();
        state
            .sent
            .values()
            .filter(|sent| sent.outcome == Outcome::Acknowledged)
            .count()
    }

    /// The markers of all that was acknowledged, in order.
    pub(super) fn all_acknowledged(&self) -> Vec<u64> {
        let state = self.state();
        let told = state.sent.iter();
        let told = told.filter(|(_, sent)| sent.outcome == Outcome::Acknowledged);
        let mut markers: Vec<u64> = told.map(|(marker, _)| *marker).collect();
        markers.sort_unstable();
        markers
    }

    /// One line for the log of a run.
    pub(super) fn summary(&self) -> String {
        let state = self.state();
        let State {
            sent,
            statuses,
            broken,
            slowest,
            wrong,
            ..
        } = &*state;
        let wrong = wrong.first().map_or("none", String::as_str);
        format!(
            "{} events sent, answers {statuses:?}, {broken} broken off, slowest {slowest:?}, \
             wrong: {wrong}",
            sent.len()
        )
    }

    /// Opens the database beside the server and compares everything with it.
    pub(super) async fn check(&self, url: &str) -> Found {
        let store = open(url).await;
        let found = self.check_store(&store).await;
        tokio::task::spawn_blocking(move || store.close())
            .await
            .unwrap();
        found
    }

    async fn check_store(&self, store: &Store) -> Found {
        // One snapshot: what a client was not told may still be stored while we look.
        let snapshot = store.read(Snapshot::take).await.unwrap();
        let Snapshot {
            rows,
            event_counts,
            alert_counts,
            alerts,
            integrity,
        } = snapshot;
        let found = self.compare(&rows);
        assert_eq!(
            event_counts,
            counted(&rows),
            "event_counts is not what is stored"
        );
        assert_eq!(alert_counts, alerts, "alert_counts is not what is stored");
        let alerts: i64 = alerts.values().sum();
        assert_eq!(
            alerts,
            i64::try_from(found.alerts).unwrap(),
            "alerts without an event"
        );
        assert_eq!(integrity, ["ok"]);
        let chain = watchpost::audit::verify(store).await.unwrap();
        assert!(chain.intact, "{chain:?}");
        found
    }

    /// Each event and its alert against what its sender was told.
    fn compare(&self, rows: &[Row]) -> Found {
        let state = self.state();
        assert!(state.wrong.is_empty(), "wrong answers: {:#?}", state.wrong);
        let (mut found, mut seen) = (Found::default(), HashSet::new());
        for row in rows {
            let marker = row.marker();
            let sent = state
                .sent
                .get(&marker)
                .expect("every stored event was sent");
            assert!(
                seen.insert(marker),
                "event {marker} is stored twice: {row:?}"
            );
            assert_ne!(
                sent.outcome,
                Outcome::Refused,
                "event {marker} was refused: {row:?}"
            );
            let severity = sent.severity.expect("only valid events are stored");
            assert_eq!(row.severity, severity.id(), "event {marker}: {row:?}");
            let alerts = i64::from(severity.raises_alert());
            assert_eq!(
                row.alerts, alerts,
                "event {marker} has not as many alerts: {row:?}"
            );
            found.events += 1;
            found.alerts += usize::try_from(alerts).unwrap();
            found.unacknowledged += usize::from(sent.outcome == Outcome::Open);
        }
        let lost: Vec<_> = state
            .sent
            .iter()
            .filter(|(marker, sent)| {
                sent.outcome == Outcome::Acknowledged && !seen.contains(*marker)
            })
            .collect();
        assert!(lost.is_empty(), "acknowledged and not stored: {lost:?}");
        found
    }

    /// Compares the lists of the API with the database: every event and alert, once.
    pub(super) async fn check_lists(&self, admin: &Client, url: &str) {
        lists_are_whole(admin, url).await;
    }
}

/// Compares the lists of the API with the database: every event and alert, once.
pub(super) async fn lists_are_whole(admin: &Client, url: &str) {
    let store = open(url).await;
    let stored = store
        .read(|tx| {
            let read = |row: &store::Row<'_>| row.get::<i64>(0);
            let events = tx.query("select id from events order by id", &[], read)?;
            let alerts = tx.query("select id from alerts order by id", &[], read)?;
            Ok::<_, StoreError>((events, alerts))
        })
        .await
        .unwrap();
    let lists = (
        listed(admin, "/api/events/").await,
        listed(admin, "/api/alerts/").await,
    );
    assert!(lists == stored, "the lists are not what is stored");
    tokio::task::spawn_blocking(move || store.close())
        .await
        .unwrap();
}

/// How many events a search by an event's own word finds.
pub(super) async fn seen(admin: &Client, marker: u64) -> usize {
    let page = admin
        .get(&format!("/api/events/?q=m{marker:08}w"))
        .await
        .expect(200);
    page["results"].as_array().unwrap().len()
}

/// Each alert whose source said that it is over is resolved, once; the others of that source are
/// not. Takes the markers of both events of each.
pub(super) async fn check_ended(url: &str, ended: &[(u64, u64)]) {
    let store = open(url).await;
    let sql = "select e.description, a.status, (select count(*) from alert_history h \
               where h.alert_id = a.id) from alerts a join events e on e.id = a.event_id \
               join sources s on s.id = e.source_id where s.name = 'alertmanager'";
    let read = |row: &store::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let alerts: Vec<(String, i64, i64)> = store
        .read(move |tx| tx.query(sql, &[], read))
        .await
        .unwrap();
    let said: i64 = store
        .read(|tx| {
            let sql = "select count(*) from audit where action = 'alert.resolved_at_source'";
            tx.query_one(sql, &[], |row| row.get(0))
        })
        .await
        .unwrap();
    assert_eq!(
        said,
        i64::try_from(ended.len()).unwrap(),
        "audited once each"
    );
    let over: HashSet<u64> = ended.iter().map(|(firing, _)| *firing).collect();
    let mut resolved = 0;
    for (description, status, changes) in alerts {
        let marker = Row::marker_in(&description).unwrap();
        let is_over = over.contains(&marker);
        let expected = if is_over { (3, 1) } else { (1, 0) };
        assert_eq!((status, changes), expected, "{description}");
        resolved += usize::from(is_over);
    }
    assert_eq!(resolved, ended.len());
    tokio::task::spawn_blocking(move || store.close())
        .await
        .unwrap();
}

/// Opens a database as the server does.
pub(super) async fn open(url: &str) -> Store {
    let location: Location = url.parse().unwrap();
    let options = Options {
        connections: 1,
        ..Options::default()
    };
    tokio::task::spawn_blocking(move || Store::open(&location, options))
        .await
        .unwrap()
        .unwrap()
}

/// Numbers by three columns: hour, source and severity, or nothing, status and severity.
type Counts = BTreeMap<(i64, i64, i64), i64>;

/// What the database holds at one moment.
struct Snapshot {
    rows: Vec<Row>,
    event_counts: Counts,
    alert_counts: Counts,
    alerts: Counts,
    integrity: Vec<String>,
}

impl Snapshot {
    fn take(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let counts = |tx: &mut Tx<'_>, sql| {
            let read =
                |row: &store::Row<'_>| Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?));
            tx.query(sql, &[], read).map(Counts::from_iter)
        };
        Ok(Self {
            rows: events(tx)?,
            event_counts: counts(
                tx,
                "select hour, source_id, severity, cast(sum(n) as bigint) from event_counts \
                 group by 1, 2, 3 having sum(n) <> 0",
            )?,
            alert_counts: counts(
                tx,
                "select 0, status, severity, cast(sum(n) as bigint) from alert_counts \
                 group by 1, 2, 3 having sum(n) <> 0",
            )?,
            alerts: counts(
                tx,
                "select 0, status, severity, count(*) from alerts group by 1, 2, 3",
            )?,
            integrity: match tx.engine() {
                Engine::Sqlite => tx.query("pragma integrity_check", &[], |row| row.get(0))?,
                Engine::Postgres => vec!["ok".to_owned()],
            },
        })
    }
}

fn events(tx: &mut Tx<'_>) -> Result<Vec<Row>, StoreError> {
    let sql = "select e.id, e.source_id, e.severity, e.description, e.attributes, \
               (select count(*) from alerts a where a.event_id = e.id) from events e";
    tx.query(sql, &[], |row| {
        Ok(Row {
            id: row.get(0)?,
            source: row.get(1)?,
            severity: row.get(2)?,
            description: row.get(3)?,
            attributes: row.get(4)?,
            alerts: row.get(5)?,
        })
    })
}

fn counted(rows: &[Row]) -> Counts {
    let mut counts = Counts::new();
    for row in rows {
        let hour = EventId::new(row.id).timestamp().hour();
        *counts.entry((hour, row.source, row.severity)).or_default() += 1;
    }
    counts
}

/// Every id of a list, page by page, in ascending order.
async fn listed(admin: &Client, path: &str) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut next = Some(format!("{path}?page_size=100"));
    while let Some(path) = next {
        let page = admin.get(&path).await.expect(200);
        let rows = page["results"].as_array().unwrap();
        ids.extend(rows.iter().map(|row| row["id"].as_i64().unwrap()));
        next = page["next"].as_str().map(str::to_owned);
    }
    ids.sort_unstable();
    ids
}
