//! Every statement on `users`.

use std::sync::Arc;

use base::{Cursor, Timestamp};
use store::{Row, Sql, StoreError, Tx};

use crate::credentials::Failures;
use crate::http::Role;
use crate::identity::listing::page_by_id;
use crate::identity::model::{Account, ListedUser, User, UserFilter};

const USER: &str = "select id, username, email, role, enabled, weak_password, last_sign_in_at, \
    sign_in_after, created_at, updated_at, version, password_hash, failed_sign_ins, preferences \
    from users";

/// Reads a role's word.
pub(in crate::identity) fn role(row: &Row<'_>, index: usize) -> Result<Role, StoreError> {
    row.get::<String>(index)?
        .parse()
        .map_err(|_| StoreError::Shape(Arc::from("an unknown role")))
}

fn read_account(row: &Row<'_>) -> Result<Account, StoreError> {
    // 0 is "never": a time before 1970 needs no name of its own.
    let wait_until: Timestamp = row.get(7)?;
    let wait_until = (wait_until.micros() > 0).then_some(wait_until);
    Ok(Account {
        user: User {
            id: row.get(0)?,
            username: row.get(1)?,
            email: row.get(2)?,
            role: role(row, 3)?,
            enabled: row.get(4)?,
            weak_password: row.get(5)?,
            last_sign_in_at: row.get(6)?,
            throttled_until: wait_until,
            created_at: row.get(8)?,
            updated_at: row.get(9)?,
            version: row.get(10)?,
        },
        password_hash: row.get(11)?,
        failures: Failures {
            count: row.get(12)?,
            wait_until,
        },
        preferences: row.get(13)?,
    })
}

/// By the unique index on the lower-case name.
pub(in crate::identity) fn account_by_name(
    tx: &mut Tx<'_>,
    key: &str,
) -> Result<Option<Account>, StoreError> {
    tx.query_opt(
        &format!("{USER} where username_key = $1"),
        &[key.into()],
        read_account,
    )
}

/// By primary key.
pub(in crate::identity) fn account(
    tx: &mut Tx<'_>,
    id: i64,
) -> Result<Option<Account>, StoreError> {
    tx.query_opt(&format!("{USER} where id = $1"), &[id.into()], read_account)
}

/// By primary key, locked until commit.
pub(in crate::identity) fn lock_account(
    tx: &mut Tx<'_>,
    id: i64,
) -> Result<Option<Account>, StoreError> {
    let lock = tx.engine().for_update();
    tx.query_opt(
        &format!("{USER} where id = $1{lock}"),
        &[id.into()],
        read_account,
    )
}

/// Ids of the enabled administrators, locked until commit, so that two changes at once cannot
/// each leave the other as the last.
pub(in crate::identity) fn lock_admins(tx: &mut Tx<'_>) -> Result<Vec<i64>, StoreError> {
    let lock = tx.engine().for_update();
    tx.query(
        &format!("select id from users where role = 'ADMIN' and enabled order by id{lock}"),
        &[],
        |row| row.get(0),
    )
}

/// Whether there is any user.
pub(in crate::identity) fn any_user(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let found = tx.query_opt("select id from users limit 1", &[], |row| row.get::<i64>(0))?;
    Ok(found.is_some())
}

/// Whether an enabled administrator exists.
pub(in crate::identity) fn any_admin(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let admin = "select id from users where role = 'ADMIN' and enabled limit 1";
    let found = tx.query_opt(admin, &[], |row| row.get::<i64>(0))?;
    Ok(found.is_some())
}

/// What a new row holds.
pub(in crate::identity) struct UserRow<'a> {
    pub(in crate::identity) username: &'a str,
    pub(in crate::identity) key: &'a str,
    pub(in crate::identity) email: Option<&'a str>,
    pub(in crate::identity) role: Role,
    pub(in crate::identity) password_hash: &'a str,
    pub(in crate::identity) weak_password: bool,
}

/// `None` when the name is taken: the unique index decides.
pub(in crate::identity) fn insert_user(
    tx: &mut Tx<'_>,
    user: &UserRow<'_>,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    tx.query_opt(
        "insert into users (username, username_key, email, role, password_hash, weak_password, \
         created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $7) \
         on conflict (username_key) do nothing returning id",
        &[
            user.username.into(),
            user.key.into(),
            user.email.into(),
            user.role.word().into(),
            user.password_hash.into(),
            user.weak_password.into(),
            now.into(),
        ],
        |row| row.get(0),
    )
}

/// Writes what an administrator or the user changed.
pub(in crate::identity) fn update_user(
    tx: &mut Tx<'_>,
    account: &Account,
) -> Result<(), StoreError> {
    let user = &account.user;
    tx.execute(
        "update users set email = $2, role = $3, enabled = $4, weak_password = $5, \
         password_hash = $6, preferences = $7, updated_at = $8, version = $9 where id = $1",
        &[
            user.id.into(),
            user.email.as_ref().into(),
            user.role.word().into(),
            user.enabled.into(),
            user.weak_password.into(),
            (&account.password_hash).into(),
            (&account.preferences).into(),
            user.updated_at.into(),
            user.version.into(),
        ],
    )?;
    Ok(())
}

/// Sessions and their tokens go with it.
pub(in crate::identity) fn delete_user(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.execute("delete from users where id = $1", &[id.into()])?;
    Ok(())
}

/// Writes the failures in a row; none lifts the throttle.
pub(in crate::identity) fn set_failures(
    tx: &mut Tx<'_>,
    id: i64,
    failures: Failures,
) -> Result<(), StoreError> {
    let after = failures.wait_until.map_or(0, Timestamp::micros);
    tx.execute(
        "update users set failed_sign_ins = $2, sign_in_after = $3 where id = $1",
        &[id.into(), failures.count.into(), after.into()],
    )?;
    Ok(())
}

/// Notes a sign-in: no failures any more, and the hash, which may have been made anew.
pub(in crate::identity) fn signed_in(
    tx: &mut Tx<'_>,
    id: i64,
    password_hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "update users set failed_sign_ins = 0, sign_in_after = 0, last_sign_in_at = $2, \
         password_hash = $3 where id = $1",
        &[id.into(), now.into(), password_hash.into()],
    )?;
    Ok(())
}

fn where_users<'a>(sql: &mut Sql<'a>, filter: &UserFilter, search: &'a str) {
    if let Some(role) = filter.role {
        sql.and("role =", role.word());
    }
    match filter.enabled {
        Some(true) => {
            sql.push(" and enabled");
        }
        Some(false) => {
            sql.push(" and not enabled");
        }
        None => {}
    }
    if !search.is_empty() {
        sql.push(" and (strpos(username_key, ")
            .bind(search)
            .push(") > 0 or strpos(lower(coalesce(email, '')), ")
            .bind(search)
            .push(") > 0)");
    }
}

/// A page of users, newest first (oldest first when going back), by primary key; the sessions of
/// each by their index on user.
pub(in crate::identity) fn users(
    tx: &mut Tx<'_>,
    filter: &UserFilter,
    cursor: Option<Cursor>,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<ListedUser>, StoreError> {
    let search = filter.search.as_deref().unwrap_or_default().to_lowercase();
    let mut sql = Sql::new(
        "select id, username, email, role, enabled, weak_password, last_sign_in_at, \
         sign_in_after, created_at, updated_at, version, password_hash, failed_sign_ins, \
         preferences, (select count(*) from sessions s where s.user_id = users.id \
         and s.ended_at is null and s.expires_at > ",
    );
    sql.bind(now).push(") from users where true");
    where_users(&mut sql, filter, &search);
    page_by_id(&mut sql, cursor, limit);
    tx.select(&sql, |row| {
        Ok(ListedUser {
            user: read_account(row)?.user,
            sessions: row.get(14)?,
        })
    })
}

/// How many users match, counted up to `limit`.
pub(in crate::identity) fn count_users(
    tx: &mut Tx<'_>,
    filter: &UserFilter,
    limit: i64,
) -> Result<i64, StoreError> {
    let search = filter.search.as_deref().unwrap_or_default().to_lowercase();
    let mut sql = Sql::new("select count(*) from (select id from users where true");
    where_users(&mut sql, filter, &search);
    sql.push(" limit ").bind(limit).push(") counted");
    Ok(tx
        .select(&sql, |row| row.get(0))?
        .first()
        .copied()
        .unwrap_or(0))
}
