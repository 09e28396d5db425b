use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::{Broken, Fault, Verdict, What, files_of, verify};

const ALL: Limits = Limits { file_bytes: 1 << 20, files: 0 };

#[test]
fn a_log_goes_on_where_it_ended() {
    let site = Site::new();
    for n in 0..3 {
        site.open(ALL).log.append(&records(n * 10, 10)).unwrap();
    }

    let (verdict, gates) = site.verified().unwrap();

    assert_eq!((verdict.records, verdict.first), (30, Some(1)));
    assert_eq!(gates, (0..30).map(|n| format!("gate_{n}")).collect::<Vec<_>>());
    assert_eq!(verdict.last.unwrap(), *site.open(ALL).log.tail());
}

#[test]
fn the_chain_goes_on_across_files_and_across_restarts_between_them() {
    let site = Site::new();
    let small = Limits { file_bytes: 1_000, files: 0 };
    for n in 0..20 {
        let mut log = site.open(small).log;
        log.append(&records(3 * n, 3)).unwrap();
    }

    let files = site.files();
    let (verdict, gates) = site.verified().unwrap();

    assert!(files.len() > 10, "{files:?}");
    assert_eq!(verdict.records, 60);
    assert_eq!(gates.len(), 60);
    assert!(files.iter().all(|file| file.metadata().unwrap().len() <= 1_000));
}

#[test]
fn the_oldest_files_go_first_and_the_rest_still_holds() {
    let site = Site::new();
    let mut log = site.open(Limits { file_bytes: 1_000, files: 2 }).log;
    log.append(&records(0, 60)).unwrap();

    let (verdict, gates) = site.verified().unwrap();

    assert_eq!(site.files().len(), 3);
    assert!(verdict.first.unwrap() > 1);
    assert_eq!(gates.last().unwrap(), "gate_59");
}

#[test]
fn what_a_power_cut_left_of_a_line_is_cut_off_and_told() {
    let (whole, second) = {
        let site = Site::new();
        let mut log = site.open(ALL).log;
        log.append(&records(0, 1)).unwrap();
        let first = fs::read(site.path()).unwrap().len();
        log.append(&records(1, 1)).unwrap();
        (fs::read(site.path()).unwrap(), first)
    };

    for cut in (second..whole.len()).step_by(9).chain([whole.len() - 1]) {
        let site = Site::new();
        fs::write(site.path(), &whole[..cut]).unwrap();
        let Opened { mut log, torn, damaged } = site.open(ALL);
        let left = str::from_utf8(&whole[second..cut]).unwrap();
        assert_eq!(torn.as_deref(), Some(left).filter(|left| !left.is_empty()));
        assert_eq!(damaged, None);

        log.append(&records(2, 1)).unwrap();
        assert_eq!(site.verified().unwrap().1, ["gate_0", "gate_2"], "cut at {cut}");
    }
}

#[test]
fn a_file_that_is_damaged_is_kept_and_a_new_chain_begun() {
    let site = Site::new();
    fs::write(site.path(), "zeros\n\0\0\0\0\n").unwrap();

    let Opened { mut log, torn, damaged } = site.open(ALL);
    log.append(&records(0, 1)).unwrap();

    assert_eq!(torn, None);
    let kept = damaged.unwrap();
    assert!(kept.ends_with("audit-bridge.damaged-1.jsonl"), "{kept:?}");
    assert_eq!(fs::read(kept).unwrap(), b"zeros\n\0\0\0\0\n");
    assert_eq!(site.verified().unwrap().0.first, Some(1));
}

#[test]
fn the_first_broken_place_is_told() {
    for (change, line, expected) in [
        (Change::Edit(4), 4, Broken::Changed),
        (Change::Remove(4), 4, Broken::OutOfOrder { found: 5, wanted: 4 }),
        (Change::Swap(4), 4, Broken::OutOfOrder { found: 5, wanted: 4 }),
        (Change::Insert(4), 4, Broken::NotARecord),
        (Change::Repeat(4), 5, Broken::OutOfOrder { found: 4, wanted: 5 }),
        (Change::Forge(4), 5, Broken::Replaced),
        (Change::Remove(1), 1, Broken::OutOfOrder { found: 0, wanted: 0 }),
    ] {
        let site = Site::new();
        site.open(ALL).log.append(&records(0, 9)).unwrap();
        site.change(change);

        match (change, site.verified()) {
            // Like a log whose older files were removed: what can be seen is where it begins.
            (Change::Remove(1), Ok((verdict, _))) => assert_eq!(verdict.first, Some(2)),
            (_, Err(Fault::Broken { line: found, source, .. })) => {
                assert_eq!((found, source), (line, expected), "{change:?}");
            }
            (_, other) => panic!("{change:?}: {other:?}"),
        }
    }
}

#[test]
fn a_file_that_is_missing_in_between_is_seen() {
    let site = Site::new();
    let mut log = site.open(Limits { file_bytes: 1_000, files: 0 }).log;
    log.append(&records(0, 60)).unwrap();
    let files = site.files();

    fs::remove_file(&files[3]).unwrap();

    let Err(Fault::Broken { path, line, source: Broken::OutOfOrder { .. } }) = site.verified()
    else {
        panic!("it was not seen");
    };
    assert_eq!((path, line), (files[4].clone(), 1));
}

#[test]
fn one_program_writes_a_log() {
    let site = Site::new();
    let first = site.open(ALL);

    assert!(matches!(Log::open(&site.path(), ALL), Err(OpenError::Taken(_))));
    drop(first);
    site.open(ALL);
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_was_full_is_written_again_when_it_has_room() {
    let site = Site::new();
    let mut log = site.open(ALL).log;
    log.append(&records(0, 1)).unwrap();
    // Everything that is written to it fails, as if the disk were full.
    log.current.as_mut().unwrap().file = OpenOptions::new().write(true).open("/dev/full").unwrap();

    assert!(log.append(&records(1, 1)).is_err());
    log.append(&records(2, 1)).unwrap();

    assert_eq!(site.verified().unwrap().1, ["gate_0", "gate_2"]);
}

#[derive(Debug, Clone, Copy)]
enum Change {
    Edit(usize),
    Remove(usize),
    Swap(usize),
    Insert(usize),
    Repeat(usize),
    Forge(usize),
}

struct Site(TempDir);

impl Site {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("audit-bridge.jsonl")
    }

    fn open(&self, limits: Limits) -> Opened {
        Log::open(&self.path(), limits).unwrap()
    }

    fn verified(&self) -> Result<(Verdict, Vec<String>), Fault> {
        let mut gates = Vec::new();
        let verdict = verify(&self.files(), |line| gates.extend(line.record.gate.clone()))?;

        Ok((verdict, gates))
    }

    fn files(&self) -> Vec<PathBuf> {
        files_of(&self.path()).unwrap()
    }

    fn change(&self, change: Change) {
        let text = fs::read_to_string(self.path()).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        match change {
            Change::Edit(line) => lines[line - 1] = lines[line - 1].replace("gate_3", "gate_8"),
            Change::Remove(line) => drop(lines.remove(line - 1)),
            Change::Swap(line) => lines.swap(line - 1, line),
            Change::Insert(line) => lines.insert(line - 1, r#"{"n":4}"#.to_owned()),
            Change::Repeat(line) => lines.insert(line, lines[line - 1].clone()),
            // A line that vouches for itself and hangs on the one before it.
            Change::Forge(line) => {
                let before = Line::read(lines[line - 2].as_bytes()).unwrap().link;
                lines[line - 1] = before.forge(&records(77, 1)[0]).0.trim_end().to_owned();
            }
        }
        fs::write(self.path(), lines.join("\n") + "\n").unwrap();
    }
}

fn records(from: usize, count: usize) -> Vec<Record> {
    let time = "2024-01-20T12:00:00Z".parse().unwrap();
    let record = |n| Record {
        gate: Some(format!("gate_{n}")),
        ..Record::new(time, What::Command, "bridge")
    };

    (from..from + count).map(record).collect()
}
