//! Identity against a real database: SQLite in a temporary folder, time standing still.

mod first_run;
mod keys;
mod pages;
mod sessions;
mod sign_in;
mod users;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, EventIds, MockClock, Timestamp};
use store::{Options, Store};

use super::*;
use crate::app::App;
use crate::config::test_settings::settings;
use crate::geo::{GeoDb, GeoSources};
use crate::http::{Actor, Caller, FieldErrors, Origin, Role};
use crate::migrations::MIGRATIONS;
use crate::secrets::Secrets;

const PASSWORD: &str = "velvet-anchor-tulip-41";

struct House {
    app: App,
    clock: MockClock,
    folder: tempfile::TempDir,
}

impl House {
    async fn with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display());
        let fixed = ["--database-url", &url, "--password-hash-kib", "64"];
        let settings = settings(fixed.into_iter().chain(flags.iter().copied()));
        let clock = MockClock::at(Timestamp::parse("2026-03-01").unwrap());
        let store = Store::open(&settings.database_url, Options::default()).unwrap();
        store.migrate(MIGRATIONS, clock.now()).await.unwrap();
        let sources = GeoSources {
            city_db: None,
            asn_db: None,
            data_dir: folder.path().to_owned(),
        };
        let app = App::new(
            store,
            Clock::mock(&clock),
            settings,
            GeoDb::open(&sources).unwrap(),
            EventIds::new(0, None),
            Secrets::derive(&[3; 32]).unwrap(),
        );
        Self { app, clock, folder }
    }

    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn user(&self, name: &str, role: Role) -> User {
        let made = create_user(&self.app, &Caller::system("test"), new_user(name, role)).await;
        made.unwrap().user
    }

    async fn sign_in(&self, name: &str, password: &str) -> Result<Pair, IdentityError> {
        sign_in(&self.app, &origin(), name, &secret(password)).await
    }

    async fn signed_in(&self, name: &str) -> (Pair, Caller) {
        let pair = self.sign_in(name, PASSWORD).await.unwrap();
        let caller = Caller {
            actor: self.actor(&pair.access).await.unwrap(),
            origin: origin(),
        };
        (pair, caller)
    }

    /// Who a token says it is of, if it is an access token.
    async fn actor(&self, token: &Secret) -> Option<Actor> {
        super::sessions::access_actor(&self.app, token.expose())
            .await
            .unwrap()
    }

    async fn counts(&self, pair: &Pair) -> bool {
        verify_token(&self.app, &pair.access).await.is_ok()
    }

    async fn enter(&self, name: &str, password: &str) -> Result<BrowserSession, IdentityError> {
        let headers = http::HeaderMap::new();
        sign_in_browser(&self.app, &origin(), &headers, name, &secret(password)).await
    }

    /// Changes a user as the server itself may.
    async fn change(&self, id: i64, change: UserChange) -> Result<User, IdentityError> {
        change_user(&self.app, &Caller::system("test"), id, change, None).await
    }

    /// Closes the database and returns its file.
    fn file(&self) -> Vec<u8> {
        self.app.store.close();
        std::fs::read(self.folder.path().join("test.db")).unwrap()
    }

    /// Every action of the activity log, oldest first.
    async fn log(&self) -> Vec<String> {
        self.app
            .store
            .read(|tx| {
                tx.query("select action from audit order by seq", &[], |row| {
                    row.get(0)
                })
            })
            .await
            .map_err(|error: store::StoreError| error)
            .unwrap()
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn new_user(name: &str, role: Role) -> NewUser {
    NewUser {
        username: name.to_owned(),
        email: None,
        password: Some(secret(PASSWORD)),
        role: Some(role),
    }
}

fn enabled(enabled: bool) -> UserChange {
    UserChange {
        enabled: Some(enabled),
        ..UserChange::default()
    }
}

fn role(role: Role) -> UserChange {
    UserChange {
        role: Some(role),
        ..UserChange::default()
    }
}

/// Whether a file holds a text.
fn holds(file: &[u8], text: &str) -> bool {
    file.windows(text.len()).any(|part| part == text.as_bytes())
}

fn origin() -> Origin {
    Origin {
        address: IpAddr::from([192, 0, 2, 7]),
        request_id: Arc::from("r1"),
        ..Caller::system("test").origin
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, IdentityError>) -> FieldErrors {
    match result {
        Err(IdentityError::Refused(errors)) => errors,
        other => panic!("{other:?}"),
    }
}
