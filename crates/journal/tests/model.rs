//! The journal against a list: the same random steps to both, equal answers.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use journal::{CommandRecord, Entry, Journal};
use proptest::{collection::vec, prelude::*};
use tempfile::TempDir;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_journal_agrees_with_a_list(steps in vec(steps(), 1..40)) {
        let mut bench = Bench::new();

        for step in steps {
            bench.step(step);
            bench.compare();
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<usize>),
    Acknowledge(Vec<u64>),
    Prune { before: u64, limit: usize },
    PruneTo { share: u64, limit: usize },
    Remember(u8),
    Conclude(u8, u8),
    Forget { before: u64 },
    Restart,
    Crash,
}

fn steps() -> impl Strategy<Value = Step> {
    let before = 0..60_u64;

    prop_oneof![
        4 => vec(prop_oneof![0..50_usize, 0..9000_usize], 0..4).prop_map(Step::Append),
        3 => vec(0..60_u64, 0..6).prop_map(Step::Acknowledge),
        2 => (before.clone(), 0..9_usize).prop_map(|(before, limit)| Step::Prune { before, limit }),
        2 => (0..=100_u64, 0..9_usize).prop_map(|(share, limit)| Step::PruneTo { share, limit }),
        2 => (0..9_u8).prop_map(Step::Remember),
        2 => (0..9_u8, any::<u8>()).prop_map(|(id, outcome)| Step::Conclude(id, outcome)),
        1 => before.prop_map(|before| Step::Forget { before }),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ]
}

struct Bench {
    dir: TempDir,
    journal: Option<Journal>,
    id: String,
    now: u64,
    model: Model,
}

#[derive(Default)]
struct Model {
    last_seq: u64,
    kept: BTreeMap<u64, Kept>,
    commands: BTreeMap<u8, (u64, Option<Vec<u8>>)>,
}

struct Kept {
    entry: Entry,
    made: u64,
    acknowledged: bool,
}

impl Bench {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let journal = Journal::open(&dir.path().join("0/journal.db")).unwrap();

        Self {
            dir,
            id: journal.id().to_owned(),
            journal: Some(journal),
            now: 0,
            model: Model::default(),
        }
    }

    fn step(&mut self, step: Step) {
        self.now += 1;
        let (now, model) = (self.now, &mut self.model);
        let journal = self.journal.as_mut().unwrap();

        match step {
            Step::Append(sizes) => {
                let events = sizes.into_iter().map(|size| (format!("t/{size}"), bytes(size)));
                let entries = journal.append_all(at(now), events.clone()).unwrap();
                assert_eq!(entries, model.append(now, events));
            }
            Step::Acknowledge(seqs) => {
                journal.acknowledge(seqs.iter().copied()).unwrap();
                model.acknowledge(&seqs);
            }
            Step::Prune { before, limit } => {
                assert_eq!(journal.prune(at(before), limit).unwrap(), model.prune(before, limit));
            }
            Step::PruneTo { share, limit } => {
                let size = journal.size().unwrap();
                // Below the size it drops what it may, at it nothing.
                let allowed = size * share / 100;
                let expected = if allowed < size { model.prune_oldest(limit) } else { 0 };
                assert_eq!(journal.prune_to(allowed, limit).unwrap(), expected);
            }
            Step::Remember(id) => {
                let record = journal.remember_command(&id.to_string(), at(now)).unwrap();
                assert_eq!(record, model.remember(id, now));
            }
            Step::Conclude(id, outcome) => {
                journal.conclude_command(&id.to_string(), &[outcome]).unwrap();
                if let Some((_, first)) = model.commands.get_mut(&id) {
                    first.get_or_insert(vec![outcome]);
                }
            }
            Step::Forget { before } => {
                let forgotten = journal.forget_commands(at(before)).unwrap();
                let known = model.commands.len();
                model.commands.retain(|_, (seen, _)| *seen >= before);
                assert_eq!(forgotten, known - model.commands.len());
            }
            Step::Restart => self.restart(),
            Step::Crash => self.crash(),
        }
    }

    fn restart(&mut self) {
        let path = PathBuf::from(self.journal.as_ref().unwrap().path());
        self.journal = None;
        self.journal = Some(Journal::open(&path).unwrap());
    }

    /// What lies on the disk at this moment is what a killed process leaves behind.
    fn crash(&mut self) {
        let path = PathBuf::from(self.journal.as_ref().unwrap().path());
        let left = self.dir.path().join(self.now.to_string());

        fs::create_dir(&left).unwrap();
        for file in fs::read_dir(path.parent().unwrap()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), left.join(file.file_name())).unwrap();
        }

        self.journal = Some(Journal::open(&left.join("journal.db")).unwrap());
    }

    fn compare(&self) {
        let (journal, model) = (self.journal.as_ref().unwrap(), &self.model);
        let middle = model.last_seq / 2;

        assert_eq!(journal.id(), self.id);
        assert_eq!(journal.last_seq(), model.last_seq);
        assert_eq!(journal.unsent(), model.unacknowledged(0, usize::MAX).len() as u64);
        for (after, limit) in [(0, 99), (middle, 99), (0, 3)] {
            let expected = model.unacknowledged(after, limit);
            assert_eq!(journal.unacknowledged(after, limit).unwrap(), expected);
        }
        for (from, to, limit) in [(0, None, 99), (middle, None, 3), (1, Some(middle), 99)] {
            let expected = model.range(from, to, limit);
            assert_eq!(journal.range(from, to, limit).unwrap(), expected);
        }
    }
}

impl Model {
    fn append<F: FnOnce(u64) -> Vec<u8>>(
        &mut self,
        made: u64,
        events: impl Iterator<Item = (String, F)>,
    ) -> Vec<Entry> {
        events
            .map(|(topic, encode)| {
                self.last_seq += 1;
                let entry = Entry { seq: self.last_seq, topic, bytes: encode(self.last_seq) };
                let kept = Kept { entry: entry.clone(), made, acknowledged: false };
                self.kept.insert(entry.seq, kept);
                entry
            })
            .collect()
    }

    fn acknowledge(&mut self, seqs: &[u64]) {
        for seq in seqs {
            if let Some(kept) = self.kept.get_mut(seq) {
                kept.acknowledged = true;
            }
        }
    }

    fn prune(&mut self, before: u64, limit: usize) -> usize {
        let old = |kept: &&Kept| kept.acknowledged && kept.made < before;
        let seqs: Vec<u64> =
            self.kept.values().filter(old).map(|kept| kept.entry.seq).take(limit).collect();

        for seq in &seqs {
            self.kept.remove(seq);
        }

        seqs.len()
    }

    fn prune_oldest(&mut self, limit: usize) -> usize {
        let acknowledged = |kept: &&Kept| kept.acknowledged;
        let seqs: Vec<u64> = self
            .kept
            .values()
            .take_while(acknowledged)
            .map(|kept| kept.entry.seq)
            .take(limit)
            .collect();

        for seq in &seqs {
            self.kept.remove(seq);
        }

        seqs.len()
    }

    fn remember(&mut self, id: u8, now: u64) -> CommandRecord {
        match self.commands.get(&id) {
            Some((_, outcome)) => CommandRecord::Seen { outcome: outcome.clone() },
            None => {
                self.commands.insert(id, (now, None));
                CommandRecord::New
            }
        }
    }

    fn unacknowledged(&self, after: u64, limit: usize) -> Vec<Entry> {
        let due = self.kept.values().filter(|kept| !kept.acknowledged && kept.entry.seq > after);

        due.map(|kept| kept.entry.clone()).take(limit).collect()
    }

    fn range(&self, from: u64, to: Option<u64>, limit: usize) -> Vec<Entry> {
        let wanted =
            |kept: &&Kept| kept.entry.seq >= from && kept.entry.seq <= to.unwrap_or(u64::MAX);

        self.kept.values().filter(wanted).map(|kept| kept.entry.clone()).take(limit).collect()
    }
}

fn bytes(size: usize) -> impl FnOnce(u64) -> Vec<u8> + Clone {
    move |seq| (0..size).map(|n| (n as u64 ^ seq) as u8).collect()
}

fn at(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(second)
}
