//! The program as its user runs it: arguments in, lines and an exit code out.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "tests may panic, and say so by failing; they start programs and wait for them"
)]

#[path = "suite/harness/database.rs"]
mod database;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use database::{Database, Kind};
use serde_json::Value;

const EVENT: &str = r#"{"source":"fw-01","event_type":"intrusion","severity":"high","description":"12 failed root logins","ip_address":"198.51.100.7","attributes":{"port":22}}"#;

/// The program in a folder, with nothing in its environment but where the data is.
struct Program<'a> {
    folder: &'a Path,
    url: String,
    environment: Vec<(&'static str, &'static str)>,
}

/// What a run of it said.
struct Said {
    code: Option<i32>,
    output: String,
    error: String,
}

impl<'a> Program<'a> {
    fn on(database: &'a Database) -> Self {
        Self::at(database.folder(), database.url())
    }

    fn at(folder: &'a Path, url: String) -> Self {
        Self {
            folder,
            url,
            environment: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_watchpost"), args)
    }

    /// Another program in the same folder and environment.
    fn command_of(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
            .current_dir(self.folder)
            .env("DATABASE_URL", &self.url)
            .env("DATA_DIR", self.folder)
            .env("PASSWORD_HASH_KIB", "64")
            .envs(self.environment.iter().copied())
            .args(args)
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Said {
        self.command(args).output().unwrap().into()
    }

    fn run_with_input(&self, args: &[&str], input: &[u8]) -> Said {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap().into()
    }

    fn migrated(self) -> Self {
        self.run(&["migrate"]).done();
        self
    }

    fn lines(&self, args: &[&str]) -> Vec<Value> {
        let said = self.run(args).done();
        let lines = said.output.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            output: String::from_utf8(output.stdout).unwrap(),
            error: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    #[track_caller]
    fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.output, self.error);
        self
    }

    /// One line on standard error that begins as given.
    #[track_caller]
    fn refused(&self, code: i32, begin: &str) {
        assert_eq!(self.code, Some(code), "{}{}", self.output, self.error);
        assert_eq!(self.error.lines().count(), 1, "{}", self.error);
        assert!(self.error.starts_with(begin), "{}", self.error);
    }
}

/// Runs a test's body on both engines.
macro_rules! on_both {
    ($(async fn $name:ident($database:ident) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn on(kind: Kind) {
                let made = Database::create(kind).await;
                {
                    let $database = &made;
                    $body
                }
                made.drop().await;
            }

            #[tokio::test]
            async fn sqlite() {
                on(Kind::Sqlite).await;
            }

            #[tokio::test]
            async fn postgres() {
                on(Kind::Postgres).await;
            }
        }
    )+};
}

on_both! {
    async fn the_schema_is_made_once(database) {
        let program = Program::on(database);
        let said = program.run(&["migrate"]).done();
        assert!(said.output.contains("the schema is now version"), "{}", said.output);
        let said = program.run(&["migrate"]).done();
        assert!(said.output.contains("up to date"), "{}", said.output);
    }

    async fn users_are_made_and_listed(database) {
        let program = Program::on(database).migrated();
        let said = program.run(&["user", "create", "mara", "--role", "admin"]).done();
        assert!(said.output.starts_with("user mara was made: ADMIN"), "{}", said.output);
        assert!(said.output.contains("password, shown once: "), "{}", said.output);
        let said = program.run(&["user", "create", "MARA"]);
        said.refused(2, "watchpost: username: ");
        let input = b"plum-orbit-cello-9341\n";
        let said = program.run_with_input(&["user", "create", "bob", "--password-stdin"], input);
        assert!(!said.done().output.contains("plum-orbit"));
        program.run_with_input(&["user", "create", "eve", "--password-stdin"], b"short\n")
            .refused(2, "watchpost: password: ");
        program.run(&["user", "reset-password", "bob"]).done();
        program.run(&["user", "unlock", "Bob"]).done();
        program.run(&["user", "unlock", "nobody"]).refused(1, "watchpost: user \"nobody\": ");
        let listed = program.run(&["user", "list"]).done().output;
        assert_eq!(listed.lines().count(), 3, "{listed}");
        assert!(listed.lines().nth(1).unwrap().contains("mara"), "{listed}");
    }

    async fn keys_are_made_listed_and_revoked(database) {
        let program = Program::on(database).migrated();
        let made = ["key", "create", "edge", "--source", "fw-01", "--network", "192.0.2.0/24"];
        let said = program.run(&made).done();
        let key = said.output.lines().last().unwrap().to_owned();
        assert!(key.starts_with("wp_"), "{key}");
        let listed = program.run(&["key", "list"]).done().output;
        assert!(listed.contains("usable") && !listed.contains(&key), "{listed}");
        assert!(listed.contains("fw-01") && listed.contains("192.0.2.0/24"), "{listed}");
        program.run(&["key", "revoke", "1"]).done();
        assert!(program.run(&["key", "list"]).done().output.contains("revoked"));
        program.run(&["key", "revoke", "7"]).refused(1, "watchpost: key 7: ");
        let audit = program.lines(&["export", "--audit"]);
        let actions: Vec<_> = audit.iter().map(|it| it["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["key.created", "key.revoked"]);
        assert_eq!(audit[0]["actor_kind"], "system");
    }

    async fn sources_are_described_shown_and_removed(database) {
        let program = Program::on(database).migrated();
        program.run(&["source", "show", "fw-01"]).refused(1, "watchpost: there is no source fw-01");
        program.run(&["source", "set", "fw-01", "--kind", "morse"]).refused(2, "watchpost: kind: must be one of json, ");
        program.run(&["source", "set", "fw-01", "--rate-limit", "0"]).refused(2, "watchpost: rate_limit: must be 1 to ");
        let profile = database.folder().join("profile.json");
        std::fs::write(&profile, r#"{"severities": {"sev1": "worst"}}"#).unwrap();
        let profile = profile.to_str().unwrap();
        let set = ["source", "set", "fw-01", "--profile", profile];
        program.run(&set).refused(2, "watchpost: profile.severities.sev1: ");
        std::fs::write(profile, r#"{"severities": {"sev1": "CRITICAL"}, "labels": {"site": "Köln"}}"#).unwrap();
        program.run(&[&set[..], &["--kind", "webhook", "--silent-after", "3600"]].concat()).done();
        program.run(&["source", "set", "fw-01", "--clear", "kind", "--rate-limit", "9"]).done();
        let shown = program.lines(&["source", "show", "fw-01", "--json"]);
        assert_eq!((&shown[0]["kind"], &shown[0]["rate_limit"], &shown[0]["silent_after"]), (&Value::Null, &Value::from(9), &Value::from(3600)));
        assert_eq!(shown[0]["profile"]["labels"]["site"], "Köln");
        assert_eq!(shown[0]["version"], 2);
        program.run_with_input(&["import", "-"], format!("{EVENT}\n{EVENT}\n").as_bytes()).done();
        let listed = program.lines(&["source", "list", "--json"]);
        assert_eq!((listed.len(), &listed[0]["day"]["accepted"]), (1, &Value::from(2)));
        let table = program.run(&["source", "list"]).done().output;
        assert!(table.lines().nth(1).unwrap().ends_with("fw-01"), "{table}");
        program.run(&["source", "remove", "fw-01"]).done();
        let audit = program.lines(&["export", "--audit"]);
        let actions: Vec<_> = audit.iter().filter_map(|it| it["action"].as_str()).filter(|it| it.starts_with("source.")).collect();
        assert_eq!(actions, ["source.created", "source.changed", "source.deleted"]);
    }

    async fn records_of_other_programs_are_imported_once(database) {
        let program = Program::on(database).migrated();
        let call = |id: &str| format!(
            r#"{{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","eventVersion":"1","eventID":"{id}"}}"#
        );
        let import = |format: &str, more: &[&str], input: &str| {
            let said = program.run_with_input(&[&["import", "--format", format, "-"], more].concat(), input.as_bytes());
            (said.code, said.output.lines().map(str::to_owned).collect::<Vec<_>>())
        };
        let file = format!("{{\n  \"Records\": [\n {},\n {},\n {{}}\n]}}\n", call("a"), call("b"));
        let (code, said) = import("cloudtrail", &[], &file);
        assert_eq!(code, Some(3));
        assert!(said[0].starts_with("events stored: 2, alerts raised: 2, lines refused: 1; "), "{said:?}");
        assert_eq!(said[1], "  1 refused: eventName: must be the name of the call  (line 3)");
        let lines = format!("{}\n\n{}\n", call("b"), call("c"));
        let (code, said) = import("aws", &["--source", "s"], &lines);
        assert!(said[0].starts_with("events stored: 2, alerts raised: 2, lines refused: 0; "), "another sender: {said:?}");
        let (_, said) = import("cloudtrail", &[], &lines);
        assert!(said[0].starts_with("events stored: 1, alerts raised: 1, lines refused: 0, stored before: 1; "), "{said:?}");
        assert_eq!(code, Some(0));
        let log = "#fields\tts\tid.orig_h\tid.resp_h\n#types\ttime\taddr\taddr\n1.5\t192.0.2.1\t192.0.2.2\n2.5\t192.0.2.3\t192.0.2.2\n";
        let (_, said) = import("zeek", &["--from-line", "4"], log);
        assert!(said[0].starts_with("events stored: 1, "), "the header is heard: {said:?}");
        let (code, said) = import("json", &[], "[{\"message\":\"a\"},\n5,\n{\"message\":\"b\"}]");
        assert_eq!((code, said[0].starts_with("events stored: 2, alerts raised: 0, lines refused: 1; ")), (Some(3), true), "{said:?}");
        let said = program.run(&["import", "--format", "morse", "-"]);
        assert_eq!(said.code, Some(2));
        assert!(said.error.contains("there are event, json, suricata, wazuh, "), "{}", said.error);
        let events = program.lines(&["export", "--events"]);
        let sources: Vec<_> = events.iter().map(|it| it["source_name"].as_str().unwrap()).collect();
        assert_eq!(sources, ["cloudtrail", "cloudtrail", "s", "s", "cloudtrail", "zeek", "json", "json"]);
    }

    async fn good_lines_are_stored_and_bad_ones_named(database) {
        let program = Program::on(database);
        let bad = EVENT.replace("high", "severe");
        let input = format!("{EVENT}\n\n{bad}\nnonsense\n{EVENT}\n{bad}\n");
        let said = program.run_with_input(&["import", "-"], input.as_bytes());
        assert_eq!(said.code, Some(3), "{}", said.error);
        let first = "events stored: 2, alerts raised: 2, lines refused: 3;";
        assert!(said.output.starts_with(first), "{}", said.output);
        assert!(said.output.contains("2 refused: severity: "), "{}", said.output);
        assert!(said.output.contains("(lines 3 6)"), "{}", said.output);
        assert!(said.output.contains("(line 4)"), "{}", said.output);
        let alerts = program.lines(&["export", "--alerts"]);
        let events = program.lines(&["export", "--events"]);
        assert_eq!((alerts.len(), events.len()), (2, 2));
        assert_eq!(alerts[0]["event"]["id"], events[0]["id"]);
        assert_eq!(events[0]["alert"], alerts[0]["id"]);
    }

    async fn an_export_is_imported_again(database) {
        let program = Program::on(database);
        let many = format!("{EVENT}\n").repeat(2_500);
        program.run_with_input(&["import", "-"], many.as_bytes()).done();
        let file = database.folder().join("events.ndjson");
        let file = file.to_str().unwrap();
        program.run(&["export", file]).done();
        program.run(&["export", file]).refused(1, "watchpost: cannot make ");
        let said = program.run(&["import", file, "--source", "other", "--from-line", "2001"]);
        assert!(said.done().output.starts_with("events stored: 500, alerts raised: 500, "));
        let events = program.lines(&["export"]);
        assert_eq!(events.len(), 3_000);
        let ids: Vec<_> = events.iter().map(|it| it["id"].as_i64().unwrap()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!(events[2_499]["source_name"], "fw-01");
        assert_eq!(events[2_500]["source_name"], "other");
        assert_eq!(events[2_500]["attributes"], events[0]["attributes"]);
    }

    async fn the_demonstration_keeps_apart_from_real_events(database) {
        let program = Program::on(database);
        let said = program.run(&["demo", "--background", "50"]).done();
        assert!(said.output.contains(" 30 alerts "), "{}", said.output);
        let events = program.lines(&["export"]);
        let tagged = |event: &Value| event["tags"].as_array().unwrap().contains(&"demo".into());
        assert!(events.len() > 50 && events.iter().all(tagged));
        // Received when it is said to have happened, or with the others of a quarter of an hour.
        let seconds = |value: &Value| {
            value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()
        };
        for event in &events {
            let waited = seconds(&event["timestamp"]) - seconds(&event["occurred_at"]);
            assert!((0..=900).contains(&waited), "{event}");
        }
        program.run_with_input(&["import", "-"], EVENT.as_bytes()).done();
        assert_eq!(program.run(&["demo"]).code, Some(1));
        program.run(&["demo", "--background", "0", "--force"]).done();
        program.run(&["audit", "verify"]).done();
    }

    async fn a_backup_is_a_copy(database) {
        let program = Program::on(database);
        program.run_with_input(&["import", "-"], EVENT.as_bytes()).done();
        let file = database.folder().join("copy");
        let file = file.to_str().unwrap();
        program.run(&["backup", file]).done();
        program.run(&["backup", file]).refused(1, "watchpost: ");
        match database.kind() {
            Kind::Sqlite => {
                let copy = Program::at(database.folder(), format!("sqlite://{file}"));
                assert_eq!(copy.lines(&["export"]).len(), 1);
            }
            Kind::Postgres => {
                let bytes = std::fs::read(file).unwrap();
                assert!(bytes.starts_with(b"PGDMP"), "what pg_restore reads");
            }
        }
    }

    async fn a_server_says_where_it_is_and_stops_when_asked(database) {
        let program = Program::on(database).with("BIND", "127.0.0.1:0");
        let mut server = Server::start(&program);
        let url = server.url.clone();
        let password = server.password().to_owned();
        program.run(&["healthcheck", "--url", &format!("{url}/readyz")]).done();
        let said = program.run(&["healthcheck", "--url", &format!("{url}/none")]);
        said.refused(1, "watchpost: http://127.0.0.1:");
        let (code, log) = server.stop("TERM");
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("listening") && !log.contains(&password), "{log}");
        let said = program.run(&["healthcheck", "--url", &format!("{url}/readyz")]);
        assert_eq!(said.code, Some(1));
        // The first administrator is there: nothing to show again.
        let mut server = Server::start(&program);
        assert!(!server.lines.iter().any(|it| it.contains("password")));
        assert_eq!(server.stop("INT").0, Some(0));
    }

    async fn the_walk_of_the_readme_ends_well_and_once_more(database) {
        let program = Program::on(database).with("BIND", "127.0.0.1:0");
        let server = Server::start(&program);
        let walk = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/quickstart.sh");
        for _ in 0..2 {
            let walked: Said = program
                .command_of("sh", &[walk])
                .env("BASE_URL", &server.url)
                .env("ADMIN_PASSWORD", server.password())
                .env("BINARY", env!("CARGO_BIN_EXE_watchpost"))
                .output()
                .unwrap()
                .into();
            let walked = walked.done();
            assert!(walked.output.contains("All answers were as they should be"), "{}", walked.output);
        }
    }
}

/// A running server. Dropping it kills it.
struct Server {
    child: Child,
    url: String,
    lines: Vec<String>,
}

impl Server {
    fn start(program: &Program<'_>) -> Self {
        let mut child = program
            .command(&[])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut lines = Vec::new();
        // The box of the first administrator ends with its lower edge; without one, the
        // documentation's address is the last line.
        let fresh = !program.folder.join("secret.key").exists();
        let last = if fresh { "└" } else { "API documentation" };
        loop {
            let mut line = String::new();
            let read = output.read_line(&mut line).unwrap();
            assert!(read > 0, "it ended after {lines:?}");
            let end = line.starts_with(last);
            lines.push(line);
            if end {
                break;
            }
        }
        let (_, rest) = lines[0].split_once(" listens on ").unwrap();
        let url = rest.split_whitespace().next().unwrap().to_owned();
        Self { child, url, lines }
    }

    /// What the first administrator was given.
    fn password(&self) -> &str {
        let mut lines = self.lines.iter();
        let line = lines.find(|it| it.contains("password")).unwrap();
        line.split_whitespace().nth(2).unwrap()
    }

    fn stop(&mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -\"$0\" \"$1\"", signal, &id])
            .status();
        assert!(sent.unwrap().success());
        let log = std::io::read_to_string(self.child.stderr.take().unwrap()).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_setting_that_cannot_be_read_is_named_and_nothing_is_done() {
    let folder = folder();
    let program =
        |name, value| Program::at(folder.path(), "sqlite://x.db".to_owned()).with(name, value);
    let said = program("PORT", "70000").run(&["serve"]);
    said.refused(2, "watchpost: PORT (or --port) cannot be \"70000\": ");
    program("SECRET_KEY", "short")
        .run(&[])
        .refused(2, "watchpost: SECRET_KEY has 5 bytes");
    program("LOG_LEVEL", "=[")
        .run(&["migrate"])
        .refused(2, "watchpost: LOG_LEVEL ");
    let said = program("DATABASE_URL", "mysql://me:hunter2@host/db").run(&["migrate"]);
    said.refused(
        2,
        "watchpost: DATABASE_URL (or --database-url) cannot be used: ",
    );
    assert!(!said.error.contains("hunter2"));
    program("RATE_LIMIT_USER", "")
        .run(&["config", "check"])
        .done();
    assert_eq!(program("PORT", "1").run(&["no-such-command"]).code, Some(2));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_dot_env_file_is_read_and_a_broken_line_named() {
    let folder = folder();
    let program = Program::at(folder.path(), "sqlite://x.db".to_owned());
    let dot_env = folder.path().join(".env");
    std::fs::write(&dot_env, "# x\nPORT=8123\nDATABASE_URL=sqlite://other.db\n").unwrap();
    let said = program.run(&["config", "check"]).done();
    // What the environment holds already stays.
    assert!(
        said.output.contains("sqlite://x.db on http://0.0.0.0:8123"),
        "{}",
        said.output
    );
    std::fs::write(&dot_env, "PORT=8123\nADMIN_PASSWORD=two words\n").unwrap();
    let said = program.run(&["config", "check"]);
    said.refused(2, "watchpost: .env line 2 ");
    assert!(!said.error.contains("two words"));
}

#[test]
fn settings_are_shown_with_their_origin_and_without_secrets() {
    let folder = folder();
    let program = Program::at(folder.path(), "postgres://me:hunter2@host/db".to_owned())
        .with("SECRET_KEY", "0123456789abcdef0123456789abcdef")
        .with("WATCHPOST_PORT", "1");
    let said = program.run(&["config", "show", "--port", "81"]).done();
    let line = |name: &str| {
        let found = said.output.lines().find(|line| line.starts_with(name));
        found
            .unwrap()
            .split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(line("PORT"), "81 flag");
    assert_eq!(line("SECRET_KEY"), "(set) environment");
    assert_eq!(line("DATABASE_URL"), "postgres://me:…@host/db environment");
    assert_eq!(line("LOG_FORMAT"), "text default");
    let said = program.run(&["config", "check"]).done();
    assert!(said.error.contains("WATCHPOST_PORT"), "{}", said.error);
}

#[test]
fn what_only_looks_makes_no_database() {
    let folder = folder();
    let program = Program::at(folder.path(), "sqlite://absent.db".to_owned());
    let looking: [&[&str]; 5] = [
        &["user", "list"],
        &["key", "list"],
        &["export"],
        &["audit", "verify"],
        &["backup", "copy.db"],
    ];
    for args in looking {
        program
            .run(args)
            .refused(1, "watchpost: there is no database at absent.db");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn the_document_needs_no_database() {
    let folder = folder();
    let program = Program::at(folder.path(), "sqlite://absent.db".to_owned());
    let said = program.run(&["openapi"]).done();
    let document: Value = serde_json::from_str(&said.output).unwrap();
    assert!(document["paths"]["/api/events/"]["post"].is_object());
    assert!(
        program
            .run(&["openapi", "--yaml"])
            .done()
            .output
            .starts_with("openapi: 3.1")
    );
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_changed_entry_of_the_activity_log_is_named() {
    let folder = folder();
    let program = Program::at(folder.path(), "sqlite://x.db".to_owned()).migrated();
    for name in ["ann", "bob", "cid"] {
        program.run(&["user", "create", name]).done();
    }
    let said = program.run(&["audit", "verify"]).done();
    assert!(said.output.contains("intact: 3 entries"), "{}", said.output);
    let database = rusqlite::Connection::open(folder.path().join("x.db")).unwrap();
    let triggers: Vec<String> = database
        .prepare("select name from sqlite_master where type = 'trigger' and tbl_name = 'audit'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for trigger in triggers {
        database
            .execute_batch(&format!("drop trigger {trigger}"))
            .unwrap();
    }
    database
        .execute("update audit set actor = 'mallory' where seq = 2", [])
        .unwrap();
    drop(database);
    let said = program.run(&["audit", "verify"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.output.contains("BROKEN at entry 2: "),
        "{}",
        said.output
    );
}

#[test]
fn compressed_input_is_recognised_and_cut_off_input_is_an_error() {
    let folder = folder();
    let program = Program::at(folder.path(), "sqlite://x.db".to_owned());
    let text = format!("{EVENT}\n").repeat(3);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let said = program.run_with_input(&["import", "-"], &gzip).done();
    assert!(
        said.output.starts_with("events stored: 3,"),
        "{}",
        said.output
    );
    let zstd = zstd::encode_all(text.as_bytes(), 3).unwrap();
    program.run_with_input(&["import", "-"], &zstd).done();
    let said = program.run_with_input(&["import", "-"], &gzip[..gzip.len() - 8]);
    said.refused(1, "watchpost: standard input was stored before line 4: ");
    assert!(said.error.contains("--from-line 4"), "{}", said.error);
    program
        .run(&["import", "absent"])
        .refused(1, "watchpost: cannot open absent: ");
}

#[test]
fn a_table_is_no_formula() {
    let folder = folder();
    let program = Program::at(folder.path(), "sqlite://x.db".to_owned());
    let event = EVENT.replace("12 failed root logins", "=cmd|' /C calc'!A0");
    program
        .run_with_input(&["import", "-"], event.as_bytes())
        .done();
    for what in ["--events", "--alerts"] {
        let said = program.run(&["export", what, "--format", "csv"]).done();
        assert!(said.output.starts_with("\"id\","), "{}", said.output);
        assert!(said.output.contains("\"'=cmd|"), "{}", said.output);
    }
    let said = program
        .run(&["export", "--audit", "--format", "csv"])
        .done();
    assert!(said.output.starts_with("\"seq\","), "{}", said.output);
}

#[test]
fn who_reads_the_beginning_alone_is_no_failure() {
    let folder = folder();
    let program = Program::at(folder.path(), "sqlite://x.db".to_owned());
    let many = format!("{EVENT}\n").repeat(3_000);
    program
        .run_with_input(&["import", "-"], many.as_bytes())
        .done();
    let mut child = program
        .command(&["export"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    drop(output);
    let said: Said = child.wait_with_output().unwrap().into();
    assert_eq!((said.code, said.error.as_str()), (Some(0), ""));
}

#[test]
fn a_port_in_use_costs_no_password() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let program = Program::at(folder.path(), "sqlite://x.db".to_owned());
    let said = program.run(&["serve", "--bind", &address]);
    said.refused(1, &format!("watchpost: cannot listen on {address}: "));
    assert_eq!(said.output, "");
    assert!(!folder.path().join("x.db").exists());
}
