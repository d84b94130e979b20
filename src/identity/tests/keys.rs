//! An ingest key opens until it is revoked or expires.

use super::super::keys;
use super::*;

#[tokio::test]
async fn a_key_opens_until_it_is_revoked_or_expires() {
    let house = House::new().await;
    let system = Caller::system("test");
    let new = NewKey {
        name: "fw".to_owned(),
        source_name: Some("fw-1".to_owned()),
        expires_at: Some(house.clock.now().plus(Duration::from_mins(1))),
        ..NewKey::default()
    };
    let made = create_key(&house.app, &system, new.clone()).await.unwrap();
    let known = async |secret: &Secret| keys::known(&house.app, secret.expose()).await.unwrap();
    let key = known(&made.secret).await.unwrap();
    assert_eq!((key.id, key.source.as_deref()), (made.key.id, Some("fw-1")));
    let near = format!("{}x", &made.secret.expose()[..45]);
    if near != made.secret.expose() {
        assert!(known(&Secret::new(near)).await.is_none());
    }
    revoke_key(&house.app, &system, made.key.id).await.unwrap();
    assert!(known(&made.secret).await.is_none(), "at once");
    let again = revoke_key(&house.app, &system, made.key.id).await.unwrap();
    assert!(again.revoked_at.is_some());
    let made = create_key(&house.app, &system, new).await.unwrap();
    assert!(known(&made.secret).await.is_some());
    keys::note_use(&house.app, made.key.id);
    house.app.tasks.close();
    house.app.tasks.wait().await;
    let (listed, count) = list_keys(&house.app, None, 10).await.unwrap();
    assert_eq!(count, 2);
    assert_eq!(listed[0].last_used_at, Some(house.clock.now()));
    house.clock.advance(Duration::from_mins(1));
    assert!(known(&made.secret).await.is_none(), "expired");
    assert_eq!(
        house.log().await,
        ["key.created", "key.revoked", "key.created"]
    );
}
