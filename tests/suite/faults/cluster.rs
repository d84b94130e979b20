//! A PostgreSQL server of the test's own, to be stopped, killed and frozen.

use std::path::PathBuf;
use std::process::Command;

/// A running server. Dropping it thaws and removes it.
pub(super) struct Cluster {
    ctl: PathBuf,
    url: String,
}

fn signal(name: &str, processes: &[u32]) {
    let mut command = Command::new("sh");
    // A backend may have ended meanwhile.
    command.args([
        "-c",
        "kill \"$@\" 2>/dev/null; true",
        "sh",
        &format!("-{name}"),
    ]);
    let sent = command
        .args(processes.iter().map(u32::to_string))
        .status()
        .unwrap();
    assert!(sent.success(), "SIG{name} could not be sent");
}

impl Cluster {
    /// Makes another server beside the one all tests share.
    pub(super) async fn spawn() -> Self {
        let ctl = std::env::var("WATCHPOST_TEST_PG_CTL").expect(
            "WATCHPOST_TEST_PG_CTL is not set: run ./test, which starts the PostgreSQL needed",
        );
        let said = output(PathBuf::from(ctl), &["spawn"]).await;
        let mut lines = said.lines();
        let mut line = || {
            lines
                .next()
                .expect("a URL and the path of its ctl")
                .to_owned()
        };
        Self {
            url: line(),
            ctl: PathBuf::from(line()),
        }
    }

    /// Its address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Acts on it, as `scripts/postgres-for-tests --help` says.
    pub(super) async fn act(&self, words: &[&'static str]) {
        output(self.ctl.clone(), words).await;
    }

    /// The main process and every backend.
    fn processes(&self) -> Vec<u32> {
        let file = self.ctl.with_file_name("data").join("postmaster.pid");
        let text = std::fs::read_to_string(file).unwrap();
        let main: u32 = text.lines().next().unwrap().trim().parse().unwrap();
        let parents = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            // The name in brackets may hold anything; state and parent follow it.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?;
            (parent.parse() == Ok(main)).then_some(id)
        });
        std::iter::once(main).chain(parents).collect()
    }

    /// Stops every process where it stands; connections stay open and say nothing.
    pub(super) fn freeze(&self) {
        signal("STOP", &self.processes());
        // One forked meanwhile would go on.
        signal("STOP", &self.processes());
    }

    /// Lets them go on.
    pub(super) fn thaw(&self) {
        signal("CONT", &self.processes());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self
            .ctl
            .with_file_name("data")
            .join("postmaster.pid")
            .exists()
        {
            self.thaw();
        }
        drop(Command::new(&self.ctl).arg("destroy").status());
    }
}

async fn output(program: PathBuf, words: &[&'static str]) -> String {
    let words = words.to_vec();
    let run = move || Command::new(&program).args(words).output().unwrap();
    let said = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    String::from_utf8(said.stdout).unwrap()
}
