//! Sessions: refreshed once, ended by those whose they are, and never mistaken.

use super::*;

#[tokio::test]
async fn a_refresh_token_is_good_for_one_use_and_the_second_ends_the_session() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    let first = house.sign_in("mara", PASSWORD).await.unwrap();
    let other = house.sign_in("mara", PASSWORD).await.unwrap();
    let second = refresh(&house.app, &origin(), &first.refresh)
        .await
        .unwrap();
    assert_ne!(second.refresh.expose(), first.refresh.expose());
    assert!(house.counts(&second).await);
    let again = refresh(&house.app, &origin(), &first.refresh).await;
    assert!(matches!(again, Err(IdentityError::Token)));
    for pair in [&first, &second] {
        assert!(!house.counts(pair).await);
        let ended = refresh(&house.app, &origin(), &pair.refresh).await;
        assert!(matches!(ended, Err(IdentityError::Token)));
    }
    assert!(house.counts(&other).await, "another sign-in is not touched");
    let log = house.log().await;
    let found = log.iter().filter(|it| *it == "session.reuse_detected");
    assert_eq!(found.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_refreshes_at_the_same_time_exactly_one_wins() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    for _ in 0..10 {
        let pair = house.sign_in("mara", PASSWORD).await.unwrap();
        let origin = origin();
        let all = (0..8).map(|_| refresh(&house.app, &origin, &pair.refresh));
        let results = futures_util::future::join_all(all).await;
        assert_eq!(results.into_iter().flatten().count(), 1);
    }
}

#[tokio::test]
async fn tokens_are_not_mistaken_for_one_another_and_expire() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    let (pair, _) = house.signed_in("mara").await;
    assert_eq!(house.actor(&pair.refresh).await, None);
    let access_as_refresh = refresh(&house.app, &origin(), &pair.access).await;
    assert!(matches!(access_as_refresh, Err(IdentityError::Token)));
    assert!(verify_token(&house.app, &pair.refresh).await.is_ok());
    house.clock.advance(Duration::from_mins(15));
    assert!(!house.counts(&pair).await);
    let later = refresh(&house.app, &origin(), &pair.refresh).await.unwrap();
    house.clock.advance(Duration::from_hours(7 * 24));
    let late = refresh(&house.app, &origin(), &later.refresh).await;
    assert!(matches!(late, Err(IdentityError::Token)));
    assert_eq!(forget_sessions(&house.app).await.unwrap(), 1);
}

#[tokio::test]
async fn signing_out_ends_the_own_session_alone() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    house.user("otto", Role::Analyst).await;
    let (mine, caller) = house.signed_in("mara").await;
    let (second, _) = house.signed_in("mara").await;
    let (foreign, _) = house.signed_in("otto").await;
    sign_out(&house.app, &caller, Some(&foreign.refresh))
        .await
        .unwrap();
    assert!(house.counts(&foreign).await, "not mine to end");
    sign_out(&house.app, &caller, Some(&second.refresh))
        .await
        .unwrap();
    assert!(!house.counts(&second).await);
    sign_out(&house.app, &caller, None).await.unwrap();
    assert!(!house.counts(&mine).await);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    let (mine, caller) = house.signed_in("mara").await;
    let (other, _) = house.signed_in("mara").await;
    let change = async |current: &str, new: &str| {
        change_own_password(&house.app, &caller, &secret(current), &secret(new)).await
    };
    let wrong = refused(change("wrong", "slate-violin-harbor-29").await);
    assert!(wrong.contains_key("current_password"));
    let common = refused(change(PASSWORD, "password").await);
    assert!(common.contains_key("new_password"));
    let same = refused(change(PASSWORD, PASSWORD).await);
    assert!(same.contains_key("new_password"));
    change(PASSWORD, "slate-violin-harbor-29").await.unwrap();
    assert!(house.counts(&mine).await);
    assert!(!house.counts(&other).await);
    assert!(house.sign_in("mara", PASSWORD).await.is_err());
    assert!(
        house
            .sign_in("mara", "slate-violin-harbor-29")
            .await
            .is_ok()
    );
    sign_out_everywhere(&house.app, &caller).await.unwrap();
    assert!(!house.counts(&mine).await);
}

#[tokio::test]
async fn no_secret_is_stored_as_it_is() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    let pair = house.sign_in("mara", PASSWORD).await.unwrap();
    let system = Caller::system("test");
    let new = NewKey {
        name: "fw".to_owned(),
        ..NewKey::default()
    };
    let key = create_key(&house.app, &system, new).await.unwrap();
    let shown = format!("{pair:?} {key:?}");
    let file = house.file();
    for secret in [
        PASSWORD,
        pair.refresh.expose(),
        key.secret.expose(),
        pair.access.expose(),
    ] {
        assert!(!holds(&file, secret));
        assert!(!shown.contains(secret));
    }
    assert!(holds(&file, "sign_in.succeeded"));
}
