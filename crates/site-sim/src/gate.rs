//! One simulated gate: a thread that owns its devices, and a handle to tell it what happens.

mod bench;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{self, SyncSender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use barrier_link::{Contact, Position, State};

use crate::{
    Scene, SimConfig, Tally,
    barrier::{Drive, Input},
    device::{Cable, CardError, Device, DriveError, StartError},
    pty::Pty,
    visit::{Loops, Vehicle, Visit},
    waker::{Waker, waker},
};
use bench::{Bench, Request};

/// Requests wait for a thread that never waits; more than a few callers at once are rare,
/// and the next one waits for its turn.
const REQUESTS: usize = 8;
const STACK: usize = 256 * 1024;

/// One simulated gate. Its devices are there until it is dropped.
#[derive(Debug)]
pub struct Gate {
    name: String,
    barrier_path: PathBuf,
    card_reader_path: PathBuf,
    started: Instant,
    /// How long after a vehicle has come onto the arming loop its driver shows the card.
    shows_card: Duration,
    requests: Option<SyncSender<Request>>,
    waker: Waker,
    latest: Arc<Latest>,
    thread: Option<JoinHandle<()>>,
}

/// How things are at a simulated gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateState {
    /// What the barrier's controller knows.
    pub barrier: State,
    /// The vehicle in the lane.
    pub visit: Visit,
    /// The drive of the barrier.
    pub drive: Drive,
    /// The cable of the barrier's controller.
    pub barrier_cable: Cable,
    /// The cable of the card reader.
    pub card_reader_cable: Cable,
}

/// The latest state, for whoever waits for one.
#[derive(Debug)]
pub(crate) struct Latest {
    state: Mutex<GateState>,
    changed: Condvar,
}

impl Gate {
    /// Starts a gate: its devices appear as `barrier` and `card_reader` in `dir/name`.
    pub fn start(dir: &Path, name: &str, config: SimConfig) -> Result<Self, StartError> {
        let dir = dir.join(name);
        let failed = |source| StartError::Devices { path: dir.clone(), source };

        fs::create_dir_all(&dir).map_err(failed)?;
        let barrier = Pty::open(dir.join("barrier")).map_err(failed)?;
        let card_reader = Pty::open(dir.join("card_reader")).map_err(failed)?;
        let (barrier_path, card_reader_path) =
            (barrier.path().to_owned(), card_reader.path().to_owned());

        let started = Instant::now();
        let (waker, wakeups) = waker().map_err(failed)?;
        let (requests, inbox) = mpsc::sync_channel(REQUESTS);
        let bench = Bench::new(barrier, card_reader, config, started);
        let latest = Arc::new(Latest::new(bench.state()));
        let told = Arc::clone(&latest);
        let thread = thread::Builder::new()
            .name(format!("sim {name}"))
            .stack_size(STACK)
            .spawn(move || bench.run(&inbox, &wakeups, &told))
            .map_err(StartError::Thread)?;

        Ok(Self {
            name: name.to_owned(),
            barrier_path,
            card_reader_path,
            started,
            shows_card: config.passage / 4,
            requests: Some(requests),
            waker,
            latest,
            thread: Some(thread),
        })
    }

    /// The name of the gate.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where an agent opens the barrier's controller.
    pub fn barrier_path(&self) -> &Path {
        &self.barrier_path
    }

    /// Where an agent opens the card reader.
    pub fn card_reader_path(&self) -> &Path {
        &self.card_reader_path
    }

    /// Holds a card to the reader.
    pub fn present_card(&self, card: &str) -> Result<(), CardError> {
        let line = card_line(card)?;

        self.ask(move |bench, _| bench.read_card(&line))
    }

    /// Puts a vehicle under the boom, or takes away the one in the lane.
    pub fn vehicle(&self, vehicle: Vehicle) {
        self.ask(move |bench, now| bench.plant().place(vehicle, now));
    }

    /// Puts a vehicle in front of the boom, or takes away the one in the lane.
    pub fn vehicle_in_front(&self, vehicle: Vehicle) {
        self.ask(move |bench, now| bench.plant().place_in_front(vehicle, now));
    }

    /// Fits these loops, and no others. At first, there is one under the boom.
    pub fn fit(&self, loops: Loops) {
        self.ask(move |bench, now| bench.plant().fit(loops, now));
    }

    /// Lets a vehicle come: it presents its card, waits for the boom, passes, and is gone.
    ///
    /// Returns when it has come; [`Gate::wait_until`] tells how it goes on.
    pub fn drive_through(&self, card: &str) -> Result<(), DriveError> {
        let line = card_line(card)?;
        let shows_card = self.shows_card;

        self.ask(move |bench, now| {
            if bench.plant().visit() != Visit::None {
                return Err(DriveError::LaneTaken);
            }
            bench.arrive(line, shows_card, now).map_err(DriveError::from)
        })
    }

    /// Pulls a cable: whoever has the device open is hung up on, and its path is gone.
    pub fn unplug(&self, device: Device) {
        self.ask(move |bench, _| bench.unplug(device));
    }

    /// Puts a cable back: the device is there again, at its old path.
    pub fn plug(&self, device: Device) -> io::Result<()> {
        self.ask(move |bench, now| bench.plug(device, now))
    }

    /// Jams the drive of the barrier, or frees it.
    pub fn jam(&self, drive: Drive) {
        self.happen(Input::Drive(drive));
    }

    /// Opens the boom by hand.
    pub fn open_by_hand(&self) {
        self.happen(Input::OpenedByHand);
    }

    /// Sets the contact of the fire alarm.
    pub fn fire_alarm(&self, contact: Contact) {
        self.happen(Input::Fire(contact));
    }

    /// How things are.
    pub fn state(&self) -> GateState {
        self.ask(|bench, _| bench.state())
    }

    /// Where the boom is.
    pub fn position(&self) -> Position {
        self.state().barrier.position
    }

    /// What has happened since the gate was started.
    pub fn tally(&self) -> Tally {
        self.ask(|bench, _| bench.plant().tally())
    }

    /// Waits, at most `time`, for a state; `None` if it did not come.
    pub fn wait_until(
        &self,
        time: Duration,
        condition: impl Fn(&GateState) -> bool,
    ) -> Option<GateState> {
        self.latest.wait_until(time, condition)
    }

    /// What the camera sees at this moment; `time` is written into the picture.
    pub fn scene(&self, time: &str) -> Scene {
        let (vehicle, opening, now) = self.ask(|bench, now| {
            (bench.plant().visit().place(now), bench.plant().barrier().opening(now), now)
        });

        Scene {
            gate: self.name.clone(),
            time: time.to_owned(),
            elapsed: now.saturating_duration_since(self.started),
            vehicle,
            opening,
        }
    }

    fn happen(&self, input: Input) {
        self.ask(move |bench, now| bench.plant().barrier_mut().handle(input, now));
    }

    /// Has the gate's thread do something, and waits for the answer.
    fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Bench, Instant) -> R + Send + 'static,
    ) -> R {
        let (reply, answer) = mpsc::sync_channel(1);
        let request: Request = Box::new(move |bench, now| {
            // Whoever asked waits for it.
            let _ = reply.send(question(bench, now));
        });

        let requests = self.requests.as_ref().expect("only dropping takes the channel away");
        let sent = requests.send(request).is_ok();
        self.waker.wake();
        let answer = if sent { answer.recv().ok() } else { None };

        answer.expect("the thread of a gate lives as long as the gate")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.requests = None;
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Latest {
    fn new(state: GateState) -> Self {
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn publish(&self, state: GateState) {
        let mut latest = self.state.lock().unwrap_or_else(PoisonError::into_inner);

        if *latest != state {
            *latest = state;
            self.changed.notify_all();
        }
    }

    fn wait_until(
        &self,
        time: Duration,
        condition: impl Fn(&GateState) -> bool,
    ) -> Option<GateState> {
        let latest = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (latest, _) = self
            .changed
            .wait_timeout_while(latest, time, |state| !condition(state))
            .unwrap_or_else(PoisonError::into_inner);

        condition(&latest).then_some(*latest)
    }
}

/// A card as an ASCII reader sends it.
fn card_line(card: &str) -> Result<String, CardError> {
    let fits = (1..=64).contains(&card.len());

    if fits && card.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(format!("{card}\r\n"))
    } else {
        Err(CardError::Unreadable)
    }
}
