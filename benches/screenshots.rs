//! Pictures of the dashboard for the documentation, of the real program with the demonstration's
//! events: `cargo bench --profile dev --bench screenshots -- docs/pictures`.
//!
//! Each page is taken light and dark, 1280 by 800 pixels, as `NAME-light.png` and `NAME-dark.png`.
//! A page that violates its policy or writes an error to the console stops it, as in a test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::assigning_clones,
    unreachable_pub,
    reason = "made of what the tests are made of"
)]

#[path = "../tests/suite/harness/mod.rs"]
#[expect(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "tests use the rest"
)]
mod harness;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;
use harness::{ADMIN, Browser, Look, Place, run_alone};

/// Name of the picture, path of the page, and what must be seen before it is taken.
const PAGES: [(&str, &str, &str); 5] = [
    ("overview", "/", "h1"),
    ("alerts", "/alerts", ".alert-row"),
    ("alert", "/alerts?alert=23", "#alert-title"),
    ("events", "/events", "h1"),
    ("audit", "/admin/audit", "h1"),
];

/// Takes the documentation's pictures.
#[derive(clap::Parser)]
#[command(name = "screenshots")]
struct Arguments {
    /// Folder for the pictures.
    folder: PathBuf,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.folder).unwrap();
    run_alone(async move { take(&arguments.folder).await });
}

async fn take(folder: &Path) {
    let scratch = tempfile::tempdir().unwrap();
    let place = Place {
        url: format!("sqlite://{}", scratch.path().join("demo.db").display()),
        folder: scratch.path().to_owned(),
    };
    // What an operator types for a demonstration.
    let told = Command::new(env!("CARGO_BIN_EXE_watchpost"))
        .args(["demo", "--database-url", &place.url, "--data-dir"])
        .arg(scratch.path())
        .status()
        .unwrap();
    assert!(told.success(), "the demonstration could not be stored");
    let server = place.start().await;
    let browser = Browser::start(server.address()).await;
    for (scheme, look) in [("light", Look::light()), ("dark", Look::dark())] {
        let page = browser.page(look.reduced_motion()).await;
        if page.goto("/login").await == 200 && page.sees("#password").await {
            page.fill("#username", ADMIN.0).await;
            page.fill("#password", ADMIN.1).await;
            page.click(("button", "Sign in")).await;
            page.wait_for("#navigation").await;
        }
        for (name, path, shown) in PAGES {
            assert_eq!(page.goto(path).await, 200, "{path}");
            page.wait_for(shown).await;
            let file = folder.join(format!("{name}-{scheme}.png"));
            std::fs::write(&file, page.screenshot().await).unwrap();
            println!("{}", file.display());
        }
    }
}
