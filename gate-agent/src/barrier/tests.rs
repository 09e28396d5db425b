//! The task at a real pseudo-terminal, with a controller behind it that speaks something else.

#![cfg(unix)]

use std::{
    io::{Read, Write},
    time::Duration,
};

use lane::{Mover, Presence, Reading};
use schemas::BarrierStatus;
use serialport::{SerialPort, TTYPort};
use tokio::{task::JoinHandle, time::timeout};

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);
const CONFIG: &str = r#"
    port = "/dev/null"
    baud = 9600
    [protocol]
    open = '\x02UP\x03'
    close = '\x02DN\x03'
    poll = '\x02?\x03'
    poll_every = "200ms"
    silence = "2s"
    report_start = '\x02'
    report_length = 5
    reports = [
        { pattern = '^\x02U..\x03', position = "open" },
        { pattern = '^\x02D..\x03', position = "closed" },
        { pattern = '^\x02M..\x03', position = "opening" },
        { pattern = '^\x02.1.\x03', loop = "occupied" },
        { pattern = '^\x02.0.\x03', loop = "clear" },
        { pattern = '^\x02..\xff\x03', moved_by = "hand" },
    ]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_speaks_something_else_is_polled_driven_and_heard() {
    let mut bench = Bench::start();

    bench.expect(b"\x02?\x03");
    bench.say(b"\x02D0\xff\x03");
    bench.heard(reading(BarrierStatus::Closed, Presence::Clear, Mover::Hand)).await;

    bench.orders.send(BarrierOrder::Open).await.unwrap();
    bench.expect(b"\x02UP\x03");
    // In pieces, after noise.
    bench.say(b"\xfe\xfe\x02M");
    bench.say(b"0 \x03");
    bench.heard(reading(BarrierStatus::Opening, Presence::Clear, Mover::Order)).await;
    bench.say(b"\x02U1 \x03");
    bench.heard(reading(BarrierStatus::Open, Presence::Occupied, Mover::Order)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_answers_no_more_is_lost_and_found_and_sent_nothing_between() {
    let mut bench = Bench::start();
    bench.expect(b"\x02?\x03");
    bench.say(b"\x02D0 \x03");
    bench.heard(reading(BarrierStatus::Closed, Presence::Clear, Mover::Nobody)).await;

    bench.heard(Input::BarrierLost).await;
    bench.orders.send(BarrierOrder::Open).await.unwrap();
    // The order goes before the next poll, or not at all.
    bench.expect(b"\x02?\x03");
    bench.expect(b"\x02?\x03");
    assert!(!bench.received.windows(2).any(|two| two == b"UP"), "{:?}", bench.received);

    bench.say(b"\x02D0 \x03");
    bench.heard(reading(BarrierStatus::Closed, Presence::Clear, Mover::Nobody)).await;
}

struct Bench {
    /// Where the port is; gone before the port is, for its name is free for others then.
    _dir: tempfile::TempDir,
    device: TTYPort,
    orders: mpsc::Sender<BarrierOrder>,
    lane: mpsc::Receiver<Input>,
    received: Vec<u8>,
    /// Where the part of `received` begins that was not expected yet.
    seen: usize,
    _board: mpsc::Receiver<Change>,
    _cancel: tokio_util::sync::DropGuard,
    _task: JoinHandle<Result<(), Infallible>>,
}

impl Bench {
    fn start() -> Self {
        let (mut device, port) = TTYPort::pair().unwrap();
        device.set_timeout(Duration::from_millis(50)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("barrier");
        std::os::unix::fs::symlink(port.name().unwrap(), &path).unwrap();
        let path = path.display().to_string();
        drop(port);

        let (orders, order_inbox) = mpsc::channel(8);
        let (inputs, lane) = mpsc::channel(64);
        let (changes, board) = mpsc::channel(64);
        let outputs = Outputs { lane: inputs, board: changes };
        let cancel = CancellationToken::new();
        let config = toml::from_str(CONFIG).unwrap();
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        let task = tokio::spawn(run(path, config, order_inbox, outputs, cancel.clone()));

        Self {
            _dir: dir,
            device,
            orders,
            lane,
            received: Vec::new(),
            seen: 0,
            _board: board,
            _cancel: cancel.drop_guard(),
            _task: task,
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        tokio::task::block_in_place(|| self.device.write_all(bytes)).unwrap();
    }

    /// Waits until this was sent to the controller.
    fn expect(&mut self, bytes: &[u8]) {
        let deadline = Instant::now() + PATIENCE;

        loop {
            let fresh = &self.received[self.seen..];
            if let Some(at) = fresh.windows(bytes.len()).position(|part| part == bytes) {
                self.seen += at + bytes.len();
                return;
            }
            assert!(Instant::now() < deadline, "not sent: {:?}", self.received.escape_ascii());
            let mut chunk = [0; 64];
            let read = tokio::task::block_in_place(|| self.device.read(&mut chunk));
            self.received.extend(&chunk[..read.unwrap_or(0)]);
        }
    }

    /// Waits until the lane was told this.
    async fn heard(&mut self, input: Input) {
        let mut told = Vec::new();
        let search = async {
            loop {
                let next = self.lane.recv().await.unwrap();
                if next == input {
                    return;
                }
                told.push(next);
            }
        };

        if timeout(PATIENCE, search).await.is_err() {
            panic!("{input:?} is not among {told:?}");
        }
    }
}

fn reading(position: BarrierStatus, presence: Presence, mover: Mover) -> Input {
    Input::Barrier(Reading { position, presence, arming: Presence::NotFitted, mover })
}
