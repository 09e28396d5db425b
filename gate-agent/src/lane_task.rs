//! The lane task: tells the lane what happened and does what it says.
//!
//! In: the devices and the commands. Out: orders to the barrier, events to the journal, answers to
//! the mailbox, its status to the board, occasions for a picture to the camera. It never waits for
//! any of them: a full disk or a dead network must never come between a vehicle and the boom.

mod alarm;
mod recorder;

use std::{collections::HashMap, convert::Infallible, time::Duration};

use lane::{Action, Alarm, BarrierOrder, Input, Lane, Mode, Outcome, Record};
use schemas::{Answer, Body, GateAction, GateStatus, Id, MessageType};
use service::stamp;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    board::Change, camera::Witness, cards::Cards, config::Direction, journal_task::JournalHandle,
    mailbox::Mailbox, voice::Voice,
};
use recorder::Recorder;

/// How often the lane is told what the clock shows, while its mode has an end.
const CLOCK: Duration = Duration::from_secs(1);

/// Where the actions of a lane go.
#[derive(Debug)]
pub(crate) struct Outputs {
    /// Who decides on cards: asked, and answered at once.
    pub(crate) cards: Cards,
    /// A channel of its own: orders never wait behind anything else.
    pub(crate) barrier: mpsc::Sender<BarrierOrder>,
    pub(crate) board: mpsc::Sender<Change>,
    pub(crate) witness: Witness,
    pub(crate) journal: JournalHandle,
    pub(crate) mailbox: Mailbox,
    pub(crate) voice: Voice,
    pub(crate) direction: Direction,
}

#[derive(Debug)]
struct LaneTask {
    lane: Lane,
    outputs: Outputs,
    /// When each command arrived that has not had its final answer.
    arrivals: HashMap<Id, Instant>,
    told: Option<GateStatus>,
    noted: Mode,
    /// When the lane was last told what the clock shows.
    clock: Instant,
    recorder: Recorder,
}

/// Runs until cancelled.
pub(crate) async fn run(
    lane: Lane,
    mut inputs: mpsc::Receiver<Input>,
    outputs: Outputs,
    cancel: CancellationToken,
) -> Result<(), Infallible> {
    let mut task = LaneTask {
        noted: lane.mode().clone(),
        recorder: Recorder::new(outputs.voice.clone(), outputs.direction),
        lane,
        outputs,
        arrivals: HashMap::new(),
        told: None,
        clock: Instant::now(),
    };

    loop {
        task.act();

        let due = task.due();
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(()),
            () = until(due) => task.on_timeout(),
            Some(input) = inputs.recv() => task.take(input),
        }
    }
}

impl LaneTask {
    fn due(&self) -> Option<Instant> {
        let lane = self.lane.poll_timeout().map(Instant::from);
        let clock = self.lane.mode().until.map(|_| self.clock + CLOCK);

        lane.into_iter().chain(clock).min()
    }

    fn on_timeout(&mut self) {
        self.lane.handle_timeout(now());
        if self.clock.elapsed() >= CLOCK {
            self.clock = Instant::now();
            self.lane.handle(Input::Clock(stamp::now()), now());
        }
    }

    fn take(&mut self, input: Input) {
        if let Input::Command(command) = &input {
            self.arrivals.insert(command.id.clone(), Instant::now());
        }

        self.lane.handle(input, now());
    }

    fn act(&mut self) {
        while let Some(action) = self.lane.poll_action() {
            match action {
                Action::Order(order) => self.order(order),
                Action::Decide(card) => self.decide(card),
                Action::Record(record) => self.record(record),
                Action::Alarm(alarm) => self.raise_alarm(alarm),
                Action::Answer { id, action, outcome } => self.answer(id, action, outcome),
            }
        }

        self.tell_status();
        self.note_mode();
    }

    fn order(&mut self, order: BarrierOrder) {
        self.outputs.witness.see_order(order);
        if self.outputs.barrier.try_send(order).is_err() {
            error!(?order, "The barrier task does not take orders");
            self.lane.handle(Input::BarrierLost, now());
        }
    }

    fn decide(&mut self, card: String) {
        let verdict = self.outputs.cards.verdict(&card, stamp::local());

        self.lane.handle(Input::Verdict { card, verdict }, now());
    }

    fn raise_alarm(&self, alarm: Alarm) {
        let fault = alarm::fault(alarm);
        warn!(code = fault.code, reason = fault.message, "Alarm");

        self.outputs.mailbox.post(&self.outputs.voice.report(Body::Error(fault)));
    }

    fn answer(&mut self, id: Id, action: GateAction, outcome: Outcome) {
        let arrived = self.arrivals.get(&id).copied();
        let answer = Answer {
            command_id: id.clone(),
            action: action.to_string(),
            status: outcome.status,
            success: outcome.status.is_success(),
            code: outcome.code,
            message: outcome.message.map(ToOwned::to_owned),
            gate_status: Some(self.lane.status().status),
            image_id: None,
            sha256: None,
            elapsed_ms: arrived.map(|at| millis(at.elapsed())),
        };
        info!(%id, %action, status = ?outcome.status, reason = outcome.message, "Answer");

        if outcome.status.is_final() {
            self.arrivals.remove(&id);
            let bytes = serde_json::to_vec(&answer).expect("an answer has no map keys");
            self.outputs.journal.conclude(&id, bytes);
        }
        let report = self.outputs.voice.answer(MessageType::GateControl, answer);
        self.outputs.mailbox.post(&report);
    }

    fn record(&mut self, record: Record) {
        let events = self.recorder.events(record, &mut self.outputs.witness);

        self.outputs.journal.append(events);
    }

    /// Told again at the next occasion, should the board be behind.
    fn tell_status(&mut self) {
        let status = self.lane.status();

        if self.told.as_ref() != Some(&status)
            && self.outputs.board.try_send(Change::Lane(status.clone())).is_ok()
        {
            self.told = Some(status);
        }
    }

    fn note_mode(&mut self) {
        let mode = self.lane.mode();

        if self.noted != *mode {
            self.outputs.journal.note_mode(mode.clone());
            self.noted = mode.clone();
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
