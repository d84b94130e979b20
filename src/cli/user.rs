//! `watchpost user …`: people, from where the server runs.

use std::io::{BufRead as _, Read as _};

use anyhow::{Context as _, ensure};
use base::{Cursor, Direction, Timestamp};
use clap::{Args, Subcommand};

use super::failure::Exit;
use super::{session, terminal};
use crate::app::App;
use crate::config::Settings;
use crate::credentials::Secret;
use crate::http::{Caller, Role};
use crate::identity::{self, Created, ListedUser, NewUser, User, UserFilter};

/// Users read at a time.
const PART: i64 = 200;
/// Bytes of a password read at the most: more than any password may have.
const PASSWORD_READ_MAX: u64 = 4_096;

/// What is done about users.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes a user; the password is generated and shown once, or read from standard input.
    Create(Create),
    /// Gives a user a new password and ends their sessions.
    ResetPassword(ResetPassword),
    /// Lists all users.
    List,
    /// Lifts the pause after failed sign-ins.
    Unlock {
        /// The user name, in any case.
        username: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// 3 to 64 letters, digits and . _ @ -
    username: String,
    /// What the user may do: ADMIN, RESPONDER or ANALYST.
    #[arg(long, default_value = "ANALYST")]
    role: Role,
    /// Where the user can be written to.
    #[arg(long)]
    email: Option<String>,
    /// Reads the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
pub(super) struct ResetPassword {
    /// The user name, in any case.
    username: String,
    /// Reads the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

impl Command {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<Exit> {
        session::with_existing(settings, async |app| {
            let caller = Caller::system("command line");
            match self {
                Self::Create(create) => create.run(app, &caller).await?,
                Self::ResetPassword(reset) => reset.run(app, &caller).await?,
                Self::List => list(app).await?,
                Self::Unlock { username } => {
                    let user = identity::unlock(app, &caller, &username)
                        .await
                        .with_context(|| format!("user {username:?}"))?;
                    terminal::say(&format!("user {} may sign in again", user.username))?;
                }
            }
            Ok(Exit::Done)
        })
        .await
    }
}

impl Create {
    async fn run(self, app: &App, caller: &Caller) -> anyhow::Result<()> {
        let Self {
            username,
            role,
            email,
            password_stdin,
        } = self;
        let password = password(password_stdin)?;
        let new = NewUser {
            username,
            email,
            password,
            role: Some(role),
        };
        let created = identity::create_user(app, caller, new).await?;
        let User {
            id, username, role, ..
        } = &created.user;
        terminal::say(&format!(
            "user {username} was made: {}, id {id}",
            role.word()
        ))?;
        Ok(show_generated(&created)?)
    }
}

impl ResetPassword {
    async fn run(self, app: &App, caller: &Caller) -> anyhow::Result<()> {
        let password = password(self.password_stdin)?;
        let created = identity::reset_password(app, caller, &self.username, password)
            .await
            .with_context(|| format!("user {:?}", self.username))?;
        let name = &created.user.username;
        terminal::say(&format!(
            "user {name} has a new password; every session has ended"
        ))?;
        if !created.user.enabled {
            terminal::say("the account is disabled: an administrator must enable it")?;
        }
        Ok(show_generated(&created)?)
    }
}

/// Never an argument: every process of the machine could read it there.
fn password(from_stdin: bool) -> anyhow::Result<Option<Secret>> {
    if !from_stdin {
        return Ok(None);
    }
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .take(PASSWORD_READ_MAX)
        .read_line(&mut line)
        .context("reading the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "standard input holds no password");
    Ok(Some(Secret::new(password.to_owned())))
}

fn show_generated(created: &Created) -> std::io::Result<()> {
    match &created.generated {
        Some(password) => terminal::say(&format!("password, shown once: {}", password.expose())),
        None => Ok(()),
    }
}

async fn list(app: &App) -> anyhow::Result<()> {
    let mut users: Vec<ListedUser> = Vec::new();
    loop {
        let cursor = users.last().map(|user| after(user.user.id));
        let (part, _) = identity::list_users(app, UserFilter::default(), cursor, PART).await?;
        if part.is_empty() {
            break;
        }
        users.extend(part);
    }
    let now = app.clock.now();
    let rows = users.into_iter().rev().map(|listed| {
        let ListedUser { user, sessions } = listed;
        [
            user.id.to_string(),
            user.role.word().to_owned(),
            state(&user, now).to_owned(),
            time(user.last_sign_in_at),
            sessions.to_string(),
            user.username,
            user.email.unwrap_or_default(),
        ]
    });
    terminal::table(
        [
            "ID",
            "ROLE",
            "STATE",
            "LAST SIGN-IN",
            "SESSIONS",
            "USER NAME",
            "E-MAIL",
        ],
        rows,
    )?;
    Ok(())
}

fn state(user: &User, now: Timestamp) -> &'static str {
    match (
        user.enabled,
        user.throttled_until.is_some_and(|until| until > now),
    ) {
        (false, _) => "disabled",
        (true, true) => "paused",
        (true, false) if user.weak_password => "weak password",
        (true, false) => "enabled",
    }
}

/// Where a list by id, newest first, goes on.
pub(super) const fn after(id: i64) -> Cursor {
    Cursor {
        direction: Direction::Next,
        key: id,
        id,
    }
}

/// A time, or a dash.
pub(super) fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.to_string())
}
