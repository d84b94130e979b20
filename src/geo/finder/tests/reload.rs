//! Files that appear, change, break and go are taken up while look-ups go on.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::*;

/// Gives a file a date of its own, so that no test depends on the clock's resolution.
fn write_dated(path: &Path, bytes: &[u8], seconds: u64) {
    fs::write(path, bytes).unwrap();
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(BUILT + seconds);
    File::options()
        .append(true)
        .open(path)
        .unwrap()
        .set_modified(date)
        .unwrap();
}

#[test]
fn files_are_taken_up_when_they_appear_change_and_go() {
    let (folder, sources) = data_dir(&[]);
    let path = folder.path().join("city.mmdb");
    let db = GeoDb::open(&sources).unwrap();
    let clone = db.clone();
    let city = || city_at(&clone, "81.2.69.1");

    assert!(!db.reload_if_changed().unwrap(), "nothing there yet");
    write_dated(&path, &city_file("First"), 0);
    assert!(db.reload_if_changed().unwrap());
    assert_eq!(city().as_deref(), Some("First"));
    assert!(!db.reload_if_changed().unwrap(), "not changed");

    write_dated(&path, &city_file("Other"), 1);
    assert!(db.reload_if_changed().unwrap(), "same size, other date");
    assert_eq!(city().as_deref(), Some("Other"));

    write_dated(&path, &city_file("Larger"), 1);
    assert!(db.reload_if_changed().unwrap(), "same date, other size");
    assert_eq!(city().as_deref(), Some("Larger"));

    fs::remove_file(&path).unwrap();
    assert!(db.reload_if_changed().unwrap());
    assert_eq!(city(), None);
    fs::remove_dir(folder.path()).unwrap();
    assert!(
        !db.reload_if_changed().unwrap(),
        "the data directory need not exist"
    );
}

#[test]
fn a_broken_new_file_keeps_the_old_data_and_is_reported_once() {
    let good = city_file("London");
    let (folder, mut sources) = data_dir(&[]);
    let path = folder.path().join("named.mmdb");
    write_dated(&path, &good, 0);
    sources.city_db = Some(path.clone());
    let db = GeoDb::open(&sources).unwrap();

    write_dated(&path, &good[..good.len() / 2], 1);
    let message = db.reload_if_changed().unwrap_err().to_string();
    assert!(message.contains(&path.display().to_string()), "{message}");
    assert_eq!(lookup(&db, "81.2.69.142"), Some(london()));
    assert_eq!(db.status().problems, std::slice::from_ref(&message));
    assert!(!db.reload_if_changed().unwrap(), "the same broken version");
    assert_eq!(db.status().problems, [message]);

    fs::remove_file(&path).unwrap();
    for _ in 0..2 {
        let error = db.reload_if_changed().unwrap_err();
        assert!(matches!(error, GeoError::Unreadable { .. }), "{error}");
        assert_eq!(lookup(&db, "81.2.69.142"), Some(london()));
    }

    write_dated(&path, &city_file("Leeds"), 2);
    assert!(db.reload_if_changed().unwrap());
    assert_eq!(city_at(&db, "81.2.69.142").unwrap(), "Leeds");
    assert_eq!(db.status().problems, [""; 0]);
}

#[test]
fn unchanged_files_are_not_read_again() {
    let (folder, sources) = data_dir(&[("a-city.mmdb", city_file("One"))]);
    let db = GeoDb::open(&sources).unwrap();
    let before = Arc::clone(&db.0.loaded.load().city[0]);

    fs::write(folder.path().join("b-city.mmdb"), city_file("Two")).unwrap();
    assert!(db.reload_if_changed().unwrap());
    assert!(Arc::ptr_eq(&before, &db.0.loaded.load().city[0]));
    assert_eq!(db.0.loaded.load().city.len(), 2);
}

#[test]
fn lookups_go_on_while_files_are_replaced() {
    let (folder, sources) = data_dir(&[("city.mmdb", city_file("London"))]);
    let path = folder.path().join("city.mmdb");
    let db = GeoDb::open(&sources).unwrap();

    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            (0..20_000).all(|_| {
                let city = city_at(&db, "81.2.69.1").unwrap();
                city == "London" || city == "Leeds"
            })
        });
        for round in 0..20 {
            let fresh: PathBuf = folder.path().join(".city.mmdb");
            write_dated(
                &fresh,
                &city_file(if round % 2 == 0 { "Leeds" } else { "London" }),
                round,
            );
            fs::rename(&fresh, &path).unwrap();
            assert!(db.reload_if_changed().unwrap());
        }
        assert!(reader.join().unwrap());
    });
}
