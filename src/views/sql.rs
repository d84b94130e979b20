//! Every statement on `views` and `view_defaults`.

use std::sync::Arc;

use base::{Cursor, Direction};
use store::{Row, StoreError, Tx};

use super::model::{Owner, View, ViewPage};

/// `$1` is always whoever looks.
const SEEN: &str = "select v.id, v.name, v.page, v.query, v.columns, v.sort, v.grouping, \
    v.shared, u.id, u.username, d.user_id is not null, v.created_at, v.updated_at, v.version \
    from views v left join users u on u.id = v.owner_id \
    left join view_defaults d on d.view_id = v.id and d.user_id = $1 \
    where (v.owner_id = $1 or v.shared)";

fn shape(what: &str) -> StoreError {
    StoreError::Shape(Arc::from(what))
}

fn read(row: &Row<'_>) -> Result<View, StoreError> {
    let owner: Option<i64> = row.get(8)?;
    let username: Option<String> = row.get(9)?;
    let page = row.get::<String>(2)?.parse();
    let columns = serde_json::from_str(&row.get::<String>(4)?);
    Ok(View {
        id: row.get(0)?,
        name: row.get(1)?,
        page: page.map_err(|_| shape("no page of a view"))?,
        query: row.get(3)?,
        columns: columns.map_err(|_| shape("no columns of a view"))?,
        sort: row.get(5)?,
        group: row.get(6)?,
        shared: row.get(7)?,
        owner: owner
            .zip(username)
            .map(|(id, username)| Owner { id, username }),
        default: row.get(10)?,
        created_at: row.get(11)?,
        updated_at: row.get(12)?,
        version: row.get(13)?,
    })
}

/// What somebody sees, their own first, then by name.
pub(super) fn all(tx: &mut Tx<'_>, user: i64, limit: i64) -> Result<Vec<View>, StoreError> {
    tx.query(
        &format!(
            "{SEEN} order by case when v.owner_id = $1 then 0 else 1 end, v.name_key, v.id limit $2"
        ),
        &[user.into(), limit.into()],
        read,
    )
}

/// A page by id: newest first, oldest first when going back from a cursor.
pub(super) fn page(
    tx: &mut Tx<'_>,
    user: i64,
    of: Option<ViewPage>,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<View>, StoreError> {
    let order = match cursor.map(|cursor| cursor.direction) {
        Some(Direction::Previous) => "v.id > $3 order by v.id",
        Some(Direction::Next) => "v.id < $3 order by v.id desc",
        None => "v.id > $3 order by v.id desc",
    };
    tx.query(
        &format!("{SEEN} and v.page like $2 and {order} limit $4"),
        &[
            user.into(),
            of.map_or("%", ViewPage::word).into(),
            cursor.map_or(0, |cursor| cursor.id).into(),
            limit.into(),
        ],
        read,
    )
}

/// How many somebody sees, counted up to `limit`.
pub(super) fn count(
    tx: &mut Tx<'_>,
    user: i64,
    of: Option<ViewPage>,
    limit: i64,
) -> Result<i64, StoreError> {
    tx.query_one(
        "select count(*) from (select id from views where (owner_id = $1 or shared) \
         and page like $2 limit $3) seen",
        &[
            user.into(),
            of.map_or("%", ViewPage::word).into(),
            limit.into(),
        ],
        |row| row.get(0),
    )
}

/// One view somebody sees; by primary key.
pub(super) fn find(tx: &mut Tx<'_>, user: i64, id: i64) -> Result<Option<View>, StoreError> {
    tx.query_opt(
        &format!("{SEEN} and v.id = $2"),
        &[user.into(), id.into()],
        read,
    )
}

/// The same, locked until commit.
pub(super) fn lock(tx: &mut Tx<'_>, user: i64, id: i64) -> Result<Option<View>, StoreError> {
    // A statement of its own: the outer join's side cannot be locked.
    let suffix = tx.engine().for_update();
    tx.query(
        &format!("select id from views where id = $1{suffix}"),
        &[id.into()],
        |_| Ok(()),
    )?;
    find(tx, user, id)
}

/// Some of the views somebody sees.
pub(super) fn some(tx: &mut Tx<'_>, user: i64, ids: &[i64]) -> Result<Vec<View>, StoreError> {
    let mut found = Vec::new();
    for &id in ids {
        found.extend(find(tx, user, id)?);
    }
    Ok(found)
}

/// How many views are a person's own.
pub(super) fn owned(tx: &mut Tx<'_>, owner: i64) -> Result<i64, StoreError> {
    tx.query_one(
        "select count(*) from views where owner_id = $1",
        &[owner.into()],
        |row| row.get(0),
    )
}

/// Deletes what is nobody's and was not shared: the accounts are gone.
pub(super) fn clear_orphans(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.execute(
        "delete from views where owner_id is null and not shared",
        &[],
    )
    .map(drop)
}

fn columns(view: &View) -> Result<String, StoreError> {
    serde_json::to_string(&view.columns).map_err(|error| shape(&error.to_string()))
}

/// Adds a view; its id, or `None` when the owner has one of this name: the unique index decides.
pub(super) fn insert(tx: &mut Tx<'_>, view: &View) -> Result<Option<i64>, StoreError> {
    let (columns, key) = (columns(view)?, view.name.to_lowercase());
    tx.query_opt(
        "insert into views (owner_id, page, name, name_key, query, columns, sort, grouping, \
         shared, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
         on conflict (owner_id, name_key) do nothing returning id",
        &[
            view.owner.as_ref().map(|owner| owner.id).into(),
            view.page.word().into(),
            (&view.name).into(),
            (&key).into(),
            (&view.query).into(),
            (&columns).into(),
            view.sort.as_ref().into(),
            view.group.as_ref().into(),
            view.shared.into(),
            view.created_at.into(),
        ],
        |row| row.get(0),
    )
}

/// Writes a changed view; [`StoreError::Constraint`] when the owner has another of its name.
pub(super) fn update(tx: &mut Tx<'_>, view: &View) -> Result<(), StoreError> {
    let (columns, key) = (columns(view)?, view.name.to_lowercase());
    tx.execute(
        "update views set name = $2, name_key = $3, query = $4, columns = $5, sort = $6, \
         grouping = $7, shared = $8, updated_at = $9, version = $10 where id = $1",
        &[
            view.id.into(),
            (&view.name).into(),
            (&key).into(),
            (&view.query).into(),
            (&columns).into(),
            view.sort.as_ref().into(),
            view.group.as_ref().into(),
            view.shared.into(),
            view.updated_at.into(),
            view.version.into(),
        ],
    )
    .map(drop)
}

/// Deletes a view, with whatever default it was.
pub(super) fn delete(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.execute("delete from views where id = $1", &[id.into()])
        .map(drop)
}

/// Lets somebody's page begin with a view, instead of any other.
pub(super) fn set_default(
    tx: &mut Tx<'_>,
    user: i64,
    page: ViewPage,
    id: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into view_defaults (user_id, page, view_id) values ($1, $2, $3) \
         on conflict (user_id, page) do update set view_id = excluded.view_id",
        &[user.into(), page.word().into(), id.into()],
    )
    .map(drop)
}

/// Lets somebody's page no longer begin with a view.
pub(super) fn clear_default(tx: &mut Tx<'_>, user: i64, id: i64) -> Result<(), StoreError> {
    tx.execute(
        "delete from view_defaults where user_id = $1 and view_id = $2",
        &[user.into(), id.into()],
    )
    .map(drop)
}

/// Lets nobody's page but the owner's begin with a view: they no longer see it.
pub(super) fn clear_defaults_of_others(
    tx: &mut Tx<'_>,
    owner: i64,
    id: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "delete from view_defaults where view_id = $2 and user_id <> $1",
        &[owner.into(), id.into()],
    )
    .map(drop)
}
