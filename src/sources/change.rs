//! Describing sources; each change audited in its own transaction and known in this process at
//! once.

use base::Timestamp;
use store::Tx;

use super::error::SourceError;
use super::list::get_in;
use super::model::{Description, NewSource, Source, SourceChange};
use super::registry::Sources;
use super::rules;
use super::sql::{self, Described};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::events;
use crate::http::Caller;
use crate::repeats::{self, Answer, Repeat};

/// Most sources that are described: each is held in memory.
const DESCRIBED_MAX: i64 = 10_000;

/// Describes a source, which may have reported already; the answer is the source.
///
/// # Errors
/// [`SourceError::Refused`] naming each field that breaks a rule, [`SourceError::Described`],
/// [`SourceError::TooMany`], [`SourceError::Repeat`].
pub async fn create(
    app: &App,
    sources: &Sources,
    caller: Caller,
    repeat: Option<Repeat>,
    mut new: NewSource,
) -> Result<Answer, SourceError> {
    let mut name = std::mem::take(&mut new.name);
    let mut description = Description::from(new);
    rules::check_new(&mut name, &mut description)?;
    let now = app.clock.now();
    let secrets = std::sync::Arc::clone(&app.secrets);
    let made = app
        .store
        .write(move |tx| {
            repeats::once(tx, &secrets, repeat.as_ref(), now, |tx| {
                let source = describe(tx, &caller, now, &name, description)?;
                let location = format!("/api/sources/{}/", source.id);
                Ok::<_, SourceError>(Answer::created(location, &source)?)
            })
        })
        .await?;
    sources.load(app).await?;
    Ok(made)
}

fn describe(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    name: &str,
    description: Description,
) -> Result<Source, SourceError> {
    // Holds up other changes until commit.
    sql::touch(tx)?;
    let id = events::source_id(tx, name, now)?;
    if sql::find(tx, id)?.is_some_and(|known| known.described.is_some()) {
        return Err(SourceError::Described(id));
    }
    put(tx, caller, now, (id, name), description)?;
    get_in(tx, id, now)
}

/// Puts a first description in place.
fn put(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    (id, name): (i64, &str),
    description: Description,
) -> Result<(), SourceError> {
    if sql::described(tx)? >= DESCRIBED_MAX {
        return Err(SourceError::TooMany(DESCRIBED_MAX));
    }
    let described = Described {
        description,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    sql::save(tx, id, &described)?;
    let entry = Entry::new("source.created").on("source", id);
    audit::append(tx, caller, now, entry.after(audited(name, &described)))?;
    Ok(())
}

fn audited(name: &str, described: &Described) -> serde_json::Value {
    let mut value = serde_json::to_value(&described.description).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("name".to_owned(), name.into());
        fields.insert("version".to_owned(), described.version.into());
    }
    value
}

/// Changes what is said of a source, or describes one that nobody described. A change that
/// changes nothing is none.
///
/// # Errors
/// [`SourceError::NotFound`], [`SourceError::Stale`] when `version` is another than the source's,
/// [`SourceError::Refused`], [`SourceError::TooMany`].
pub async fn change(
    app: &App,
    sources: &Sources,
    caller: Caller,
    id: i64,
    version: Option<i64>,
    change: SourceChange,
) -> Result<Source, SourceError> {
    let now = app.clock.now();
    let changed = app
        .store
        .write(move |tx| change_in(tx, &caller, now, (id, version), change))
        .await?;
    sources.load(app).await?;
    Ok(changed)
}

fn change_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    (id, version): (i64, Option<i64>),
    change: SourceChange,
) -> Result<Source, SourceError> {
    sql::touch(tx)?;
    let known = sql::find(tx, id)?.ok_or(SourceError::NotFound(id))?;
    let current = known.described.as_ref().map_or(0, |it| it.version);
    if version.is_some_and(|version| version != current) {
        return Err(SourceError::Stale(current));
    }
    let before = known.described.clone().map(|it| it.description);
    let mut after = change.apply(before.clone().unwrap_or_default());
    rules::check(&mut after)?;
    match known.described {
        None => put(tx, caller, now, (id, &known.name), after)?,
        Some(old) if old.description != after => {
            let new = Described {
                description: after,
                updated_at: now,
                version: old.version.saturating_add(1),
                created_at: old.created_at,
            };
            sql::save(tx, id, &new)?;
            let entry = Entry::new("source.changed")
                .on("source", id)
                .before(audited(&known.name, &old))
                .after(audited(&known.name, &new));
            audit::append(tx, caller, now, entry)?;
        }
        Some(_) => {}
    }
    get_in(tx, id, now)
}

/// Takes a source's description away; its events stay, and so does its name.
///
/// # Errors
/// [`SourceError::NotFound`], [`SourceError::Stale`].
pub async fn delete(
    app: &App,
    sources: &Sources,
    caller: Caller,
    id: i64,
    version: Option<i64>,
) -> Result<(), SourceError> {
    let now = app.clock.now();
    app.store
        .write(move |tx| {
            sql::touch(tx)?;
            let known = sql::find(tx, id)?.ok_or(SourceError::NotFound(id))?;
            let current = known.described.as_ref().map_or(0, |it| it.version);
            if version.is_some_and(|version| version != current) {
                return Err(SourceError::Stale(current));
            }
            if let Some(described) = &known.described {
                sql::remove(tx, id)?;
                let entry = Entry::new("source.deleted").on("source", id);
                let entry = entry.before(audited(&known.name, described));
                audit::append(tx, &caller, now, entry)?;
            }
            Ok::<_, SourceError>(())
        })
        .await?;
    sources.load(app).await?;
    Ok(())
}
