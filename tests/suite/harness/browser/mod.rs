//! A real browser in front of the real server: Debian's Chromium, over the `DevTools` protocol.
//!
//! One Chromium serves all tests of a process. Every [`Browser`] is a profile of its own in it,
//! with its own cookies, storage and cache; every [`Page`] is a tab. A test reads like this:
//!
//! ```ignore
//! on_both! {
//!     async fn an_alert_is_acknowledged_by_keyboard(server) {
//!         server.event("CRITICAL", "vpn-gw-1").await;
//!         let browser = Browser::start(server.server.address()).await;
//!         let page = browser.page(Look::dark().width(320)).await;
//!         assert_eq!(page.goto("/login").await, 200);
//!         page.fill("#username", ADMIN.0).await;             // by CSS selector…
//!         page.fill(("textbox", "Password"), ADMIN.1).await; // …or by role and accessible name
//!         page.click(("button", "Sign in")).await;           // waits until it can be clicked
//!         page.wait_for("tr[data-alert]").await;             // waits until it is seen
//!         page.keys("j a Shift+D Control+k Escape").await;   // real key events
//!         page.wait_text("tr[data-alert]", "Acknowledged").await;
//!         page.wait_until("document.title.startsWith('(1)')").await;
//!         let seen = page.eval("document.querySelectorAll('tr').length").await;
//!         assert_eq!(seen, 2);
//!         assert!(page.transferred() < 150_000);
//!         page.assert_accessible().await;                    // axe: nothing serious or critical
//!     }
//! }
//! ```
//!
//! Nobody sleeps: every `wait_…` and every action repeats until its deadline. When a page is
//! dropped it fails the test if it ever violated its content security policy, asked a foreign
//! host, wrote an error or warning to the console, or threw; a test that provokes such a thing
//! takes it out by [`Page::take_problems`]. When a test fails, a screenshot and what the page did
//! are in `target/tmp/browser/`.

mod axe;
mod chromium;
mod find;
mod input;
mod look;
mod page;
mod record;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};

use chromium::Chromium;
pub use look::Look;
pub use page::Page;

/// A profile of its own: cookies, storage and cache that no other has. Dropping it removes them.
pub struct Browser {
    chromium: Arc<Chromium>,
    context: String,
    server: SocketAddr,
    _slot: Option<SemaphorePermit<'static>>,
}

/// As many at once as the machine has processors: more would only make each slower.
fn slots() -> &'static Semaphore {
    static SLOTS: OnceLock<Semaphore> = OnceLock::new();
    SLOTS.get_or_init(|| {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Semaphore::new(processors.max(2))
    })
}

impl Browser {
    /// Opens a fresh profile, to visit a server. A test that wants two people starts one and
    /// asks it for [`another`](Self::another).
    pub async fn start(server: SocketAddr) -> Self {
        Self::open_profile(server, Some(slots().acquire().await.unwrap())).await
    }

    /// Opens a second profile for the same test; two tests that each started two would wait for
    /// each other forever.
    pub async fn another(&self) -> Self {
        Self::open_profile(self.server, None).await
    }

    async fn open_profile(server: SocketAddr, slot: Option<SemaphorePermit<'static>>) -> Self {
        let chromium = Chromium::shared();
        let made = chromium
            .send("", "Target.createBrowserContext", json!({}))
            .await
            .unwrap();
        Self {
            chromium,
            context: made["browserContextId"].as_str().unwrap().to_owned(),
            server,
            _slot: slot,
        }
    }

    /// Opens an empty tab that looks as wished.
    pub async fn page(&self, look: Look) -> Page {
        Page::open(&self.chromium, &self.context, self.server, look).await
    }

    /// Opens a light tab of a desktop's size at a path, which must answer 200.
    pub async fn open(&self, path: &str) -> Page {
        let page = self.page(Look::light()).await;
        assert_eq!(page.goto(path).await, 200, "{path}");
        page
    }

    /// The cookies of the profile, as the protocol describes them.
    pub async fn cookies(&self) -> Vec<serde_json::Value> {
        let context = json!({"browserContextId": self.context});
        let answer = self.chromium.send("", "Storage.getCookies", context).await;
        answer.unwrap()["cookies"].as_array().unwrap().clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let context = json!({"browserContextId": self.context});
        self.chromium
            .send_now("", "Target.disposeBrowserContext", &context);
    }
}
