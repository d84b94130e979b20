//! Whoever may not sign in learns nothing, and has to wait.

use super::*;

#[tokio::test]
async fn every_failure_to_sign_in_is_answered_alike() {
    let house = House::new().await;
    let user = house.user("Mara", Role::Analyst).await;
    assert_eq!(
        house.sign_in("mARA", PASSWORD).await.unwrap().user.id,
        user.id
    );
    let other = house.user("other", Role::Analyst).await;
    house.change(other.id, enabled(false)).await.unwrap();
    for (name, password) in [
        ("mara", "velvet-anchor-tulip-42"),
        ("nobody", PASSWORD),
        ("other", PASSWORD),
        ("ma\0ra", PASSWORD),
        ("", ""),
    ] {
        let error = house.sign_in(name, password).await.unwrap_err();
        assert!(
            matches!(error, IdentityError::Credentials),
            "{name}: {error}"
        );
    }
    let long = house.sign_in("mara", &"x".repeat(1_025)).await;
    assert!(refused(long).contains_key("password"));
}

#[tokio::test]
async fn failures_are_throttled_alike_for_names_that_exist_and_that_do_not() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    for name in ["mara", "ghost"] {
        for _ in 0..5 {
            let error = house.sign_in(name, "wrong").await.unwrap_err();
            assert!(matches!(error, IdentityError::Credentials));
        }
        let error = house.sign_in(name, PASSWORD).await.unwrap_err();
        assert!(
            matches!(error, IdentityError::Throttled(1)),
            "{name}: {error}"
        );
    }
    house.clock.advance(Duration::from_secs(1));
    assert!(house.sign_in("mara", PASSWORD).await.is_ok());
    for _ in 0..4 {
        house.sign_in("mara", "wrong").await.unwrap_err();
    }
    assert!(
        house.sign_in("mara", PASSWORD).await.is_ok(),
        "counted anew"
    );
    let log = house.log().await;
    let count = |action: &str| log.iter().filter(|it| *it == action).count();
    assert_eq!(
        [
            count("sign_in.failed"),
            count("sign_in.throttled"),
            count("sign_in.succeeded")
        ],
        [14, 2, 2]
    );
}

#[tokio::test]
async fn the_throttle_of_an_account_survives_a_restart_and_can_be_lifted() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    for _ in 0..9 {
        house.sign_in("mara", "wrong").await.unwrap_err();
        house.clock.advance(Duration::from_mins(1));
    }
    house.sign_in("mara", "wrong").await.unwrap_err();
    let kept = find_user(&house.app, "mara").await.unwrap().unwrap();
    assert_eq!(
        kept.throttled_until,
        Some(house.clock.now().plus(Duration::from_secs(32)))
    );
    let system = Caller::system("test");
    unlock(&house.app, &system, "MARA").await.unwrap();
    assert!(house.sign_in("mara", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_browser_signs_in_by_the_rules_of_everyone() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    let enter = async |password: &str| house.enter("MARA", password).await;
    for _ in 0..5 {
        assert!(matches!(
            enter("wrong").await,
            Err(IdentityError::Credentials)
        ));
    }
    assert!(matches!(
        enter(PASSWORD).await,
        Err(IdentityError::Throttled(1))
    ));
    house.clock.advance(Duration::from_secs(1));
    let begun = enter(PASSWORD).await.unwrap();
    assert!(!format!("{begun:?}").contains(begun.cookie.expose()));
    let log = house.log().await;
    let last: Vec<&str> = log.iter().rev().take(3).map(String::as_str).collect();
    assert_eq!(
        last,
        ["sign_in.succeeded", "sign_in.throttled", "sign_in.failed"]
    );
    assert!(!holds(&house.file(), begun.cookie.expose()));
}
