//! A process that is killed in the middle of it loses nothing that it was told is committed.

use std::{
    collections::VecDeque,
    env, io,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
};

use super::{model::Model, *};

const ROUNDS: u64 = 30;
const SESSIONS: u64 = 3;
/// The topic that says how far the writing has got.
const MARK: &str = "mark";

#[tokio::test]
async fn what_was_reported_committed_survives_kill_9() {
    let bench = Bench::new();
    let mut model = Model::default();
    let mut written = 0;

    for round in 0..ROUNDS {
        let durability = if round.is_multiple_of(2) { "power_loss" } else { "crash" };
        let (mut child, mut reports) = start(&bench, durability);
        let enough = round * 37 % 101 + 1;
        for _ in 0..enough {
            assert!(reports.next().is_some(), "the child has ended by itself");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let reported = reports.last().unwrap_or(0);

        let contents = bench.read().await;
        let now = mark(&contents);
        assert!(now >= reported, "{reported} was reported, {now} is there");
        for number in written + 1..=now {
            step(number).into_iter().for_each(|change| model.apply(change));
        }
        model.compare(&contents);
        written = now;
    }

    assert!(written > ROUNDS);
}

/// Reports the number of each step that is committed.
fn start(bench: &Bench, durability: &str) -> (Child, impl Iterator<Item = u64> + use<>) {
    let test = concat!(module_path!(), "::writes_until_it_is_killed");
    let (_, test) = test.split_once("::").unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let task = format!("{durability} {}\n", bench.path().display());
    child.stdin.take().unwrap().write_all(task.as_bytes()).unwrap();
    let reports: BufReader<ChildStdout> = BufReader::new(child.stdout.take().unwrap());
    let number = |line: io::Result<String>| line.unwrap().strip_prefix("committed ")?.parse().ok();

    (child, reports.lines().filter_map(number))
}

#[tokio::test]
#[ignore = "it is the process that the test before kills, and does nothing without it"]
async fn writes_until_it_is_killed() {
    let mut task = String::new();
    io::stdin().read_line(&mut task).unwrap();
    let Some((durability, path)) = task.trim().split_once(' ') else { return };
    let word = StrDeserializer::<value::Error>::new(durability);
    let durability = Durability::deserialize(word).unwrap();
    let location = Location { path: Some(path.into()), durability };
    let (store, contents) = Store::open(&location).unwrap();
    let mut waiting = VecDeque::new();

    for number in mark(&contents) + 1.. {
        waiting.push_back((store.submit(step(number)), number));
        if waiting.len() > 20 {
            store.committed(waiting[0].0).await;
        }
        while waiting.front().is_some_and(|(ticket, _)| store.is_committed(*ticket)) {
            let (_, number) = waiting.pop_front().unwrap();
            // A line must not come in two halves.
            io::stdout().write_all(format!("\ncommitted {number}\n").as_bytes()).unwrap();
        }
    }
}

fn mark(contents: &Contents) -> u64 {
    let mark = contents.retained.iter().find(|(topic, _)| topic == MARK);

    mark.map_or(0, |(_, number)| u64::from_be_bytes(number[..].try_into().unwrap()))
}

/// The same changes for the same number, in whatever process.
fn step(number: u64) -> Vec<Change> {
    let at = |number: u64| number * 7 % SESSIONS + 1;
    let mut changes = vec![retain(MARK, number.to_be_bytes().to_vec())];

    if number <= SESSIONS {
        changes.push(session(number));
    }
    changes.extend((1..=SESSIONS).map(|session| queue(session, number)));
    changes.push(sending(at(number), number, number as u16 | 1));
    if let Some(earlier) = number.checked_sub(3) {
        changes.push(received(at(earlier), earlier));
    }
    // One of them is acknowledged at once, one soon, one later.
    for (session, after) in [(1, 0), (2, 5), (3, 40)] {
        if let Some(earlier) = number.checked_sub(after) {
            changes.push(done(session, earlier));
        }
    }
    changes.push(match number % 50 {
        0 => Change::Away { session: 2, since_ms: number },
        1 => session(2),
        _ => Change::Incoming { session: 1, packet_id: number as u16 % 100 },
    });

    changes
}
