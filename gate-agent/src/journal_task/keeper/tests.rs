use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::sync_channel,
};

use schemas::GateId;
use serde_json::Value;
use tempfile::TempDir;

use super::*;

#[test]
fn what_was_lost_is_an_event_behind_what_waited() {
    let mut bench = Bench::new();
    bench.keeper.disk = Disk::Fails { retry_at: Instant::now() + RETRY };
    for _ in 0..BACKLOG + 3 {
        bench.perform(Task::Append(vec![bench.draft(), bench.draft()]));
    }

    bench.disk_works();

    let events = bench.events();
    let lost = events.last().unwrap();
    assert_eq!(events.len(), 2 * BACKLOG + 1);
    assert_eq!(lost["payload"]["event"], "events_lost");
    let detail = lost["payload"]["detail"].as_str().unwrap();
    assert!(detail.starts_with("6 events: "), "{detail}");
    assert_eq!(bench.codes(), ["events_lost"]);
}

#[test]
fn an_acknowledgement_that_waits_for_the_disk_is_not_asked_for_again() {
    let mut bench = Bench::new();
    for _ in 0..5 {
        bench.perform(Task::Append(vec![bench.draft()]));
    }
    bench.disk_works();
    bench.keeper.disk = Disk::Fails { retry_at: Instant::now() + RETRY };
    for seq in [1, 2, 3, 5] {
        bench.perform(Task::Acknowledge(seq));
    }
    let _ = bench.keeper.write();

    assert_eq!(bench.unsent(0, 2), [4], "the first two are answered by those behind them");
    assert_eq!(bench.unsent(4, 2), [0; 0]);
    assert_eq!(bench.keeper.figures.unsent(), 1);
    bench.disk_works();
    assert_eq!(bench.keeper.journal.unsent(), 1);
}

#[test]
fn a_failure_is_told_once_and_stands_until_it_is_over() {
    let mut bench = Bench::new();
    let failure = || -> Failure { "the disk is full".into() };

    for _ in 0..3 {
        let _ = bench.keeper.on_failure(failure());
    }
    assert_eq!(bench.codes(), ["journal_failed"]);
    let trouble = bench.keeper.figures.trouble();
    assert_eq!(trouble.borrow().as_deref(), Some("the disk is full: check the disk"));

    bench.disk_works();
    assert_eq!(*trouble.borrow(), None);
}

#[test]
fn a_journal_that_is_too_large_with_what_no_broker_has_says_so_and_keeps_it() {
    let mut bench = Bench::new();
    bench.keeper.retention.bytes = 1;
    bench.perform(Task::Append(vec![bench.draft()]));
    bench.disk_works();

    let _ = bench.keeper.tidy();

    assert_eq!(bench.codes(), ["journal_large"]);
    assert!(bench.keeper.figures.trouble().borrow().is_some());
    assert_eq!(bench.events().len(), 1);
}

#[test]
fn a_journal_that_is_damaged_is_replaced_by_one_with_what_waits() {
    let bench = Bench::new();
    let (path, draft) = (bench.path(), bench.draft());
    let filled = vec![draft.clone(); 2000];
    let (tasks, inbox) = sync_channel(8);
    tasks.send(Task::Append(filled)).unwrap();
    let Bench { dir, keeper } = bench;
    let mut keeper = keeper;
    keeper.perform(inbox.recv().unwrap()).map_err(|_| ()).unwrap();
    let _ = keeper.write();
    overwrite(&path);
    tasks.send(Task::Append(vec![draft])).unwrap();
    let (reply, _answer) = tokio::sync::oneshot::channel();
    tasks.send(Task::Range { from: 1, to: None, limit: 5000, reply }).unwrap();

    let closing = keeper.run(&inbox);

    assert_eq!(closing, Closing::Replaced);
    let journal = Journal::open(&path).unwrap();
    assert_eq!((journal.last_seq(), journal.unsent()), (1, 1));
    assert_eq!(journal.set_aside().unwrap().path, dir.path().join("gate_in.journal.damaged-1"));
}

/// All pages but the first, in the file and in its log.
fn overwrite(path: &Path) {
    for file in [path.to_owned(), format!("{}-wal", path.display()).into()] {
        let mut bytes = fs::read(&file).unwrap();
        bytes[4096..].fill(0xa5);
        fs::write(file, bytes).unwrap();
    }
}

struct Bench {
    dir: TempDir,
    keeper: Keeper,
}

impl Bench {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let journal = Journal::open(&dir.path().join("gate_in.journal")).unwrap();
        let id = journal.id().parse().unwrap();
        let gate: GateId = "gate_in".parse().unwrap();
        let keeper = Keeper::new(
            journal,
            id,
            Root::default(),
            Voice::new(gate.clone()),
            Mailbox::new(Root::default(), gate),
            Arc::default(),
            Retention { age: Duration::from_secs(3600), bytes: 1_000_000_000 },
        );

        Self { dir, keeper }
    }

    fn path(&self) -> PathBuf {
        self.keeper.journal.path().to_owned()
    }

    fn draft(&self) -> Report {
        self.keeper.voice.report(Body::ParkingEvent(ParkingEvent {
            event: EventName::ManualOpen,
            event_id: None,
            card_id: None,
            image_id: None,
            command_id: None,
            detail: None,
        }))
    }

    fn perform(&mut self, task: Task) {
        assert!(self.keeper.perform(task).is_ok(), "it is not damaged");
    }

    /// The time of the next try has come.
    fn disk_works(&mut self) {
        if self.keeper.disk != Disk::Writes {
            self.keeper.disk = Disk::Fails { retry_at: Instant::now() };
        }
        assert!(self.keeper.write().is_ok(), "it is not damaged");
        assert_eq!(self.keeper.disk, Disk::Writes);
    }

    fn unsent(&self, after: u64, limit: usize) -> Vec<u64> {
        let entries = self.keeper.unsent(after, limit).unwrap();

        entries.iter().map(|entry| entry.seq).collect()
    }

    fn events(&self) -> Vec<Value> {
        let entries = self.keeper.journal.range(1, None, usize::MAX).unwrap();

        entries.iter().map(|entry| serde_json::from_slice(&entry.bytes).unwrap()).collect()
    }

    /// Of the faults that were published.
    fn codes(&self) -> Vec<String> {
        let posts = std::iter::from_fn(|| self.keeper.mailbox.take());

        posts
            .map(|post| serde_json::from_slice::<Value>(&post.bytes).unwrap())
            .map(|message| message["payload"]["code"].as_str().unwrap().to_owned())
            .collect()
    }
}
