//! Users: changed at once, listed, and never without an administrator.

use super::super::model::ProfileChange;
use super::*;

#[tokio::test]
async fn a_changed_role_or_a_disabled_account_counts_at_once() {
    let house = House::new().await;
    house.user("root", Role::Admin).await;
    let user = house.user("mara", Role::Responder).await;
    let (pair, caller) = house.signed_in("mara").await;
    assert_eq!(caller.user().unwrap(), (user.id, Role::Responder));
    let system = Caller::system("test");
    let demoted = role(Role::Analyst);
    let changed = change_user(&house.app, &system, user.id, demoted.clone(), Some(1))
        .await
        .unwrap();
    assert_eq!((changed.role, changed.version), (Role::Analyst, 2));
    assert!(matches!(
        house.actor(&pair.access).await,
        Some(Actor::User {
            role: Role::Analyst,
            ..
        })
    ));
    let same = house.change(user.id, demoted.clone()).await;
    assert_eq!(same.unwrap().version, 2, "nothing changed");
    let stale = change_user(&house.app, &system, user.id, demoted, Some(1)).await;
    assert!(matches!(stale, Err(IdentityError::Stale(2))));
    for on in [false, true] {
        house.change(user.id, enabled(on)).await.unwrap();
        assert!(!house.counts(&pair).await, "enabling revives no session");
    }
    delete_user(&house.app, &system, user.id, None)
        .await
        .unwrap();
    let gone = get_user(&house.app, user.id).await;
    assert!(matches!(gone, Err(IdentityError::NotFound("user"))));
}

#[tokio::test]
async fn the_last_enabled_administrator_stays() {
    let house = House::new().await;
    let first = house.user("first", Role::Admin).await;
    let second = house.user("second", Role::Admin).await;
    let system = Caller::system("test");
    let changes = [role(Role::Analyst), enabled(false)];
    let both = futures_util::future::join(
        house.change(first.id, changes[0].clone()),
        house.change(second.id, changes[1].clone()),
    )
    .await;
    assert!(
        matches!(both.0, Err(IdentityError::LastAdmin))
            != matches!(both.1, Err(IdentityError::LastAdmin)),
        "{both:?}"
    );
    let last = if both.0.is_err() { first } else { second };
    for change in changes {
        let result = house.change(last.id, change).await;
        assert!(matches!(result, Err(IdentityError::LastAdmin)));
    }
    let deleted = delete_user(&house.app, &system, last.id, None).await;
    assert!(matches!(deleted, Err(IdentityError::LastAdmin)));
}

#[tokio::test]
async fn a_profile_keeps_preferences_and_address() {
    let house = House::new().await;
    house.user("mara", Role::Responder).await;
    let (_, caller) = house.signed_in("mara").await;
    let change: ProfileChange =
        serde_json::from_str(r#"{"email":" m@x ","preferences":{"theme":"dark"}}"#).unwrap();
    let profile = change_me(&house.app, &caller, change, None).await.unwrap();
    let shown = serde_json::to_value(&profile).unwrap();
    assert_eq!(shown["email"], "m@x");
    assert_eq!(shown["preferences"]["theme"], "dark");
    assert_eq!(
        shown["capabilities"],
        serde_json::json!(["monitor:read", "alert:triage"])
    );
    let clear: ProfileChange = serde_json::from_str(r#"{"email":null}"#).unwrap();
    let profile = change_me(&house.app, &caller, clear, Some(profile.user.version))
        .await
        .unwrap();
    assert_eq!(profile.user.email, None);
    assert_eq!(profile.preferences.theme, Theme::Dark);
}

#[tokio::test]
async fn names_are_unique_without_regard_to_case_and_sign_up_makes_analysts() {
    let house = House::with(&["--allow-signup", "true"]).await;
    let caller = Caller {
        actor: Actor::Anonymous,
        origin: origin(),
    };
    let new = |name: &str| new_user(name, Role::Admin);
    let user = sign_up(&house.app, &caller, new("Mara")).await.unwrap();
    assert_eq!(user.role, Role::Analyst);
    let taken = refused(sign_up(&house.app, &caller, new("mARA")).await);
    assert!(taken.contains_key("username"));
    let closed = House::with(&["--allow-signup", "false"]).await;
    let result = sign_up(&closed.app, &caller, new("mara")).await;
    assert!(matches!(result, Err(IdentityError::SignUpClosed)));
}

#[tokio::test]
async fn lists_of_users_are_filtered_and_paged() {
    let house = House::new().await;
    for name in ["anna", "bert", "carl"] {
        house.user(name, Role::Analyst).await;
    }
    house.user("root", Role::Admin).await;
    let names = async |filter: UserFilter, limit| {
        let (rows, count) = list_users(&house.app, filter, None, limit).await.unwrap();
        let names: Vec<String> = rows
            .into_iter()
            .map(|listed| listed.user.username)
            .collect();
        (names, count)
    };
    let filter = UserFilter {
        role: Some(Role::Analyst),
        enabled: Some(true),
        search: None,
    };
    assert_eq!(
        names(filter, 2).await,
        (vec!["carl".to_owned(), "bert".to_owned()], 3)
    );
    let search = UserFilter {
        search: Some("ER".to_owned()),
        ..UserFilter::default()
    };
    assert_eq!(names(search, 9).await, (vec!["bert".to_owned()], 1));
}
