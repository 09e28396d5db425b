//! Disks that are full, files that others use, and files that change behind our back.

use std::{error::Error, fs};

use super::*;

/// Lets the file of a store that is not started grow by this many pages.
fn limit(writer: &Writer, pages: i64) {
    let connection = &writer.database.connection;
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let limit = number("PRAGMA page_count") + pages;

    assert_eq!(number(&format!("PRAGMA max_page_count = {limit}")), limit);
}

fn large(topic: &str) -> Change {
    retain(topic, vec![0; 100_000])
}

#[tokio::test]
async fn nothing_is_promised_while_the_disk_is_full_and_everything_when_it_is_not() {
    let bench = Bench::new();
    let (store, mut writer) = bench.prepare();
    writer.pace.pause = Duration::from_millis(1);
    limit(&writer, 40);
    writer.start().unwrap();

    let first = store.submit([large("first")]);
    store.committed(first).await;
    let second = store.submit([large("second")]);
    let third = store.submit([retain("third", "3")]);
    let fails = async {
        while store.figures().failures < 3 {
            tokio::task::yield_now().await;
        }
    };
    time::timeout(Duration::from_secs(5), fails).await.unwrap();
    assert!(!store.is_committed(second) && !store.is_committed(third));
    let figures = store.figures();
    assert_eq!((figures.disk, figures.commits), (Disk::Fails, 1));
    assert!(figures.waiting_changes >= 1 && figures.waiting_bytes > 100_000);

    let room = store.submit([Change::Forget { topic: text("first") }]);
    store.committed(room).await;
    assert!(store.is_committed(second) && store.is_committed(third));
    let figures = store.figures();
    assert_eq!((figures.disk, figures.commits, figures.waiting_changes), (Disk::Writes, 2, 0));

    store.close().await.unwrap();
    assert_eq!(bench.read().await.retained.len(), 2);
}

#[tokio::test]
async fn a_store_that_closes_on_a_full_disk_says_what_is_lost() {
    let bench = Bench::new();
    let (store, mut writer) = bench.prepare();
    writer.pace.pause = FOR_EVER;
    limit(&writer, 40);
    writer.start().unwrap();
    let kept = store.submit([retain("kept", "1")]);
    store.committed(kept).await;

    store.submit([large("first"), large("second")]);
    let error = store.close().await.unwrap_err();

    assert!(matches!(error, StoreError::Unwritten { changes: 2, .. }), "{error:?}");
    assert!(error.source().unwrap().to_string().contains("full"));
    assert_eq!(bench.read().await.retained.len(), 1);
}

#[tokio::test]
async fn a_store_that_becomes_damaged_says_so_and_is_set_aside_at_the_next_start() {
    let bench = Bench::new();
    let filling = (0..200).map(|n| retain(&format!("t/{n}"), vec![n; 300]));
    bench.fill(filling).await;
    let (store, writer) = bench.prepare();
    writer.database.connection.execute_batch("PRAGMA shrink_memory").unwrap();
    let mut bytes = fs::read(bench.path()).unwrap();
    bytes[4096..].fill(0xa5);
    fs::write(bench.path(), bytes).unwrap();
    writer.start().unwrap();

    let ticket = store.submit([retain("t/7", "1")]);
    let error = store.failed().await;

    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    assert!(!store.is_committed(ticket));
    assert!(matches!(store.close().await, Err(StoreError::Damaged { .. })));
    assert!(bench.read().await.set_aside.is_some());
}

#[tokio::test]
async fn only_one_broker_uses_a_store() {
    let bench = Bench::new();
    let (store, _) = bench.open();

    let error = Store::open(&bench.location()).unwrap_err();

    assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
    assert!(error.to_string().starts_with("another broker uses the store "), "{error}");
    store.close().await.unwrap();
    bench.open();
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let bench = Bench::new();
    fs::write(bench.path().parent().unwrap(), "a file").unwrap();

    let error = Store::open(&bench.location()).unwrap_err();

    assert!(matches!(error, OpenError::Directory { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let bench = Bench::new();
    let directory = bench.path().parent().unwrap().to_owned();
    fs::create_dir_all(&directory).unwrap();
    fs::write(bench.path(), "").unwrap();
    fs::set_permissions(bench.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let (_store, _) = bench.open();

    let files: Vec<_> = fs::read_dir(directory).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn whoever_stops_waiting_harms_nobody() {
    let bench = Bench::new();
    let (store, writer) = bench.prepare();
    let ticket = store.submit([retain("a", "1")]);
    assert!(time::timeout(Duration::ZERO, store.committed(ticket)).await.is_err());

    writer.start().unwrap();
    store.committed(ticket).await;
}
