//! A full disk, and a file that may not grow.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::RngExt as _;

use super::load::{Load, Target, repeat_all};
use super::{chances, rounds, run, status, target, until};
use crate::harness::{Client, Place, Process, event};

/// Longest until writes work after there is space again.
const RECOVERY_MAX: Duration = Duration::from_secs(10);
/// Bytes of the volume: room for the database and its log, over [`SERIES_MAX`] rounds.
const VOLUME: u64 = 128 << 20;
/// Rounds on one volume, before it is full by itself.
const SERIES_MAX: u32 = 4;

/// How the server's database runs out of space.
enum Space {
    /// A small volume of its own, filled with a ballast file.
    Volume(PathBuf),
    /// The longest file the process may write: for whoever may not mount.
    Limit,
}

impl Space {
    /// A volume where this process may mount one.
    fn volume(folder: &Path) -> Self {
        let at = folder.join("volume");
        std::fs::create_dir(&at).unwrap();
        let size = format!("size={VOLUME}");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&at)
            .stderr(Stdio::null());
        if mount.status().is_ok_and(|status| status.success()) {
            Self::Volume(at)
        } else {
            Self::Limit
        }
    }

    /// Leaves so many bytes.
    fn fill(&self, process: &Process, place: &Place, left: u64) {
        match self {
            Self::Volume(at) => {
                let mut ballast = File::create(at.join("ballast")).unwrap();
                let chunk = vec![b'x'; 4096];
                let mut size = 0;
                while let Ok(written) = ballast.write(&chunk) {
                    size += written as u64;
                }
                ballast.set_len(size.saturating_sub(left)).unwrap();
            }
            Self::Limit => {
                let database = Path::new(place.url.strip_prefix("sqlite://").unwrap());
                let log = database.with_extension("db-wal");
                let length = |path: &Path| path.metadata().map_or(0, |it| it.len());
                limit(
                    process,
                    &(length(database).max(length(&log)) + left).to_string(),
                );
            }
        }
    }

    /// Makes room again.
    fn clear(&self, process: &Process) {
        match self {
            Self::Volume(at) => std::fs::remove_file(at.join("ballast")).unwrap(),
            Self::Limit => limit(process, "unlimited"),
        }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        if let Self::Volume(at) = self {
            drop(Command::new("umount").arg("-l").arg(at).status());
        }
    }
}

/// Sets how long a file the process may write, at once.
fn limit(process: &Process, bytes: &str) {
    let id = process.id().to_string();
    let file_size = format!("--fsize={bytes}:unlimited");
    let set = Command::new("prlimit")
        .args([&file_size, "--pid", &id])
        .status()
        .unwrap();
    assert!(set.success(), "prlimit {file_size}");
}

async fn full(volume: bool, rounds: u32) {
    let folder = tempfile::tempdir().unwrap();
    let space = if volume {
        Space::volume(folder.path())
    } else {
        Space::Limit
    };
    let database = match &space {
        Space::Volume(at) => at.join("test.db"),
        Space::Limit => folder.path().join("test.db"),
    };
    let url = format!("sqlite://{}", database.display());
    let place = Place {
        url,
        folder: folder.path().to_owned(),
    };
    // Without the signal a write beyond the limit is an error, as it is on a full disk.
    let process = place.start_under("trap '' XFSZ;").await;
    let target = target(&process).await;
    let admin = process.admin().await;
    let known = admin.post("/api/events/", &marked(&target)).await;
    target.ledger.answered(known.status.as_u16(), &[0]);
    let mut rng = chances();
    for _ in 0..rounds {
        let load = Load::start(&target, rng.random());
        tokio::time::sleep(Duration::from_millis(rng.random_range(20..300))).await;
        space.fill(&process, &place, rng.random_range(0..300_000));
        starves(
            &admin,
            &process,
            &target,
            known.value()["id"].as_i64().unwrap(),
        )
        .await;
        space.clear(&process);
        recovers(&process, &target).await;
        load.stop().await;
        repeat_all(&target).await;
        target.ledger.check(&place.url).await;
    }
    println!("{}", target.ledger.summary());
    target
        .ledger
        .check_lists(&process.admin().await, &place.url)
        .await;
    process.terminate();
    let (status, _) = process.ended(Duration::from_secs(10)).await;
    assert!(status.success(), "{status}");
    target.ledger.check(&place.url).await;
}

/// The first event of the ledger.
fn marked(target: &Target) -> serde_json::Value {
    let mut first = event("HIGH", "fw");
    let marker = target.ledger.sending(Some(base::Severity::High));
    first["attributes"] = serde_json::json!({"marker": marker});
    first
}

/// Without space: 503 for who writes, as ever for who reads.
async fn starves(admin: &Client, process: &Process, target: &Target, known: i64) {
    let before = target.ledger.with_status(503);
    let refused = async || target.ledger.with_status(503) > before + 10;
    until("senders hear 503", RECOVERY_MAX, refused).await;
    let anonymous = process.anonymous();
    let unready = async || status(&anonymous, "/readyz").await == 503;
    until("not ready without space", RECOVERY_MAX, unready).await;
    assert_eq!(status(&anonymous, "/healthz").await, 200);
    let path = format!("/api/events/{known}/");
    for path in [
        &*path,
        "/api/events/",
        "/api/alerts/?severity=HIGH",
        "/api/me/",
        "/api/stats/",
    ] {
        admin.get(path).await.expect(200);
    }
}

async fn recovers(process: &Process, target: &Target) {
    let before = target.ledger.acknowledged();
    let stored = async || target.ledger.acknowledged() > before + 20;
    let took = until("events are stored again", RECOVERY_MAX, stored).await;
    let anonymous = process.anonymous();
    let ready = async || status(&anonymous, "/readyz").await == 200;
    until("ready again", RECOVERY_MAX, ready).await;
    println!("stored again after {took:?}");
}

async fn series(volume: bool, mut rounds: u32) {
    while rounds > 0 {
        let some = rounds.min(SERIES_MAX);
        full(volume, some).await;
        rounds -= some;
    }
}

#[test]
fn a_full_disk_is_a_503_that_passes() {
    let rounds = rounds(3);
    run(rounds, series(true, rounds));
}

#[test]
fn a_file_that_may_not_grow_is_a_503_that_passes() {
    let rounds = rounds(2);
    run(rounds, series(false, rounds));
}
