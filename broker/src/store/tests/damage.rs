//! Files that are not what they should be.

use std::{fs, iter};

use super::*;

/// A store with enough in it to be more than a few pages.
async fn filled() -> (Bench, Contents) {
    let bench = Bench::quick();
    let sessions =
        (1..=5).flat_map(|id| iter::once(session(id)).chain((0..20).map(move |n| queue(id, n))));
    let retained = (0..50).map(|n| retain(&format!("t/{n}"), vec![n; 300]));
    let contents = bench.fill(sessions.chain(retained)).await;

    (bench, contents)
}

async fn is_set_aside(bench: &Bench, damaged: &[u8]) {
    fs::write(bench.path(), damaged).unwrap();

    let (store, contents) = bench.open();

    let aside = contents.set_aside.unwrap();
    let name = aside.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("broker.db.damaged-"), "{name}");
    assert_eq!(fs::read(&aside).unwrap(), damaged);
    assert_eq!((contents.retained, contents.sessions), (Vec::new(), Vec::new()));
    store.submit([retain("a", "1")]);
    store.close().await.unwrap();
    assert_eq!(bench.read().await.retained.len(), 1);
}

#[tokio::test]
async fn random_bytes_are_set_aside() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path().parent().unwrap()).unwrap();
    let bytes: Vec<u8> =
        (0..50_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();

    is_set_aside(&bench, &bytes).await;
}

#[tokio::test]
async fn a_store_that_was_cut_short_is_set_aside() {
    for keep in [1, 50, 100, 1_000, 4_096, 10_000, 20_000] {
        let (bench, _) = filled().await;
        let bytes = fs::read(bench.path()).unwrap();

        is_set_aside(&bench, &bytes[..keep]).await;
    }
}

#[tokio::test]
async fn an_empty_file_with_a_log_is_set_aside() {
    let (bench, _) = filled().await;
    let log = bench.path().with_file_name("broker.db-wal");
    fs::write(&log, "a log").unwrap();

    is_set_aside(&bench, &[]).await;
}

#[tokio::test]
async fn what_lies_beside_a_damaged_store_goes_with_it() {
    let (bench, _) = filled().await;
    let beside = |path: PathBuf| PathBuf::from(format!("{}-wal", path.display()));
    fs::write(bench.path(), "Dear diary, ".repeat(100)).unwrap();
    fs::write(beside(bench.path()), "its log").unwrap();

    let (_store, contents) = bench.open();

    assert_eq!(fs::read(beside(contents.set_aside.unwrap())).unwrap(), b"its log");
}

#[tokio::test]
async fn two_damaged_stores_are_both_kept() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path().parent().unwrap()).unwrap();

    for _ in 0..2 {
        is_set_aside(&bench, &[7; 5_000]).await;
    }

    let is_aside = |name: &str| name.contains("damaged");
    let files = fs::read_dir(bench.path().parent().unwrap()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| is_aside(name)).count(), 2);
}

/// Whatever a flipped bit does, messages are the ones that were stored, or the store is set aside.
#[tokio::test]
async fn a_flipped_bit_is_found_or_does_no_harm() {
    let (bench, original) = filled().await;
    let sound = fs::read(bench.path()).unwrap();
    let mut found = 0;

    for at in (100..sound.len()).step_by(331) {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(bench.path(), bytes).unwrap();

        let contents = bench.read().await;
        if contents.set_aside.is_some() {
            found += 1;
            continue;
        }
        assert_eq!(contents.retained, original.retained, "at {at}");
        let bodies = |contents: &Contents| -> Vec<_> {
            let queues = contents.sessions.iter().flat_map(|session| session.queue.clone());
            queues.map(|delivery| (delivery.sequence, delivery.body)).collect()
        };
        assert_eq!(bodies(&contents), bodies(&original), "at {at}");
    }

    assert!(found > 20, "{found}");
}

#[tokio::test]
async fn a_store_of_a_later_version_is_refused_and_left_alone() {
    let (bench, _) = filled().await;
    let database = Connection::open(bench.path()).unwrap();
    database.execute_batch("PRAGMA user_version = 7").unwrap();
    drop(database);
    let bytes = fs::read(bench.path()).unwrap();

    let error = Store::open(&bench.location()).unwrap_err();

    assert!(matches!(error, OpenError::Newer { found: 7, .. }), "{error:?}");
    assert!(error.to_string().contains("has format 7, and this program knows formats up to 1"));
    assert_eq!(fs::read(bench.path()).unwrap(), bytes);
}

#[tokio::test]
async fn a_store_that_says_it_is_something_else_is_set_aside() {
    for lie in ["application_id = 7", "user_version = 0"] {
        let (bench, _) = filled().await;
        let database = Connection::open(bench.path()).unwrap();
        database.execute_batch(&format!("PRAGMA {lie}")).unwrap();
        drop(database);
        let bytes = fs::read(bench.path()).unwrap();

        is_set_aside(&bench, &bytes).await;
    }
}

#[tokio::test]
async fn rows_that_make_no_sense_are_set_aside() {
    for change in [
        "DELETE FROM session WHERE id = 3",
        "DELETE FROM body WHERE sequence = 3",
        "UPDATE delivery SET qos = 3 WHERE sequence = 3",
        "UPDATE delivery SET packet_id = 65536 WHERE sequence = 3",
        "UPDATE body SET topic = x'00' WHERE sequence = 3",
        "UPDATE retained SET checksum = 1 WHERE topic = (SELECT min(topic) FROM retained)",
        "DROP TABLE incoming",
    ] {
        let (bench, _) = filled().await;
        let database = Connection::open(bench.path()).unwrap();
        database.execute_batch(change).unwrap();
        drop(database);
        let bytes = fs::read(bench.path()).unwrap();

        is_set_aside(&bench, &bytes).await;
    }
}

#[test]
fn another_programs_database_is_left_alone() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path().parent().unwrap()).unwrap();
    let database = Connection::open(bench.path()).unwrap();
    database.execute_batch("CREATE TABLE photo (name TEXT)").unwrap();
    drop(database);
    let bytes = fs::read(bench.path()).unwrap();

    let error = Store::open(&bench.location()).unwrap_err();

    assert!(matches!(error, OpenError::NotAStore { .. }), "{error:?}");
    assert_eq!(fs::read(bench.path()).unwrap(), bytes);
}
