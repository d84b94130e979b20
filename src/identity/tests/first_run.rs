//! The first administrator is made once, and the sign-in page knows.

use super::*;

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    let house = House::new().await;
    let admin = first_admin(&house.app).await.unwrap().unwrap();
    assert_eq!(admin.username, "admin");
    let password = admin.generated.unwrap();
    let pair = house.sign_in("admin", password.expose()).await.unwrap();
    assert_eq!(pair.user.role, Role::Admin);
    assert!(!pair.user.weak_password);
    assert!(first_admin(&house.app).await.unwrap().is_none());

    let flags = ["--admin-username", "Boss", "--admin-password", "Admin@123"];
    let house = House::with(&flags).await;
    house.user("mara", Role::Analyst).await;
    let admin = first_admin(&house.app).await.unwrap().unwrap();
    assert!(admin.weak && admin.generated.is_none());
    let boss = house.sign_in("boss", "Admin@123").await.unwrap().user;
    assert!(boss.weak_password);
    assert_eq!(boss.role, Role::Admin);
    assert!(first_admin(&house.app).await.unwrap().is_none());

    let house = House::with(&["--admin-username", "a b"]).await;
    assert!(refused(first_admin(&house.app).await).contains_key("username"));
}

#[tokio::test]
async fn the_sign_in_page_learns_whether_there_is_an_administrator() {
    let house = House::with(&["--allow-signup", "false"]).await;
    let before = first_run(&house.app).await.unwrap();
    assert_eq!((before.has_admin, before.signup_open), (false, false));
    house.user("mara", Role::Analyst).await;
    assert!(!first_run(&house.app).await.unwrap().has_admin);
    house.user("root", Role::Admin).await;
    assert!(first_run(&house.app).await.unwrap().has_admin);
}
