//! The lane task: tells the lane what happened and does what it says.
//!
//! In: the devices and the commands. Out: orders to the barrier, events to the journal, answers to
//! the mailbox, its status to the board, occasions for a picture to the camera. It never waits for
//! any of them: a full disk or a dead network must never come between a vehicle and the boom.

use std::{collections::HashMap, convert::Infallible, time::Duration};

use lane::{Action, Alarm, BarrierOrder, Input, Lane, Mode, Outcome, Record, WhichLoop};
use schemas::{
    Answer, Body, CardDetected, Decision, EventName, Fault, GateAction, GateStatus, Id,
    MessageType, ParkingEvent, Passage, Report,
};
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
    /// The last card and the id of the event about it: what it led to names it as its cause.
    last_card: Option<(String, Id)>,
    /// The id of the last event about a card, where that is still to be decided on.
    asked: Option<Id>,
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
        lane,
        outputs,
        arrivals: HashMap::new(),
        told: None,
        clock: Instant::now(),
        last_card: None,
        asked: None,
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
        let (code, message) = match alarm {
            Alarm::LoopStuck(which) => ("loop_stuck", loop_stuck(which)),
            Alarm::OrderRefused(order) => ("order_refused", order_refused(order)),
        };
        warn!(code, message, "Alarm");

        self.outputs.mailbox.post(&self.outputs.voice.report(Body::Error(Fault {
            code: code.to_owned(),
            message,
            command_id: None,
            detail: None,
        })));
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
        let drafts = match record {
            Record::Card { card, decision, reason, command } => {
                vec![self.card(card, decision, reason.as_deref(), command)]
            }
            Record::Passage { trigger, confirmation, card, command } => {
                let event_id = stamp::new_id();
                let image_id = self.outputs.witness.see_passage(&event_id);
                let cause = command.clone().or_else(|| self.event_about(card.as_deref()));
                let passage = Passage {
                    event_id: event_id.clone(),
                    card_id: card.clone(),
                    image_id: image_id.clone(),
                    trigger,
                    passage: confirmation,
                };
                self.passage(
                    passage,
                    ParkingEvent {
                        event_id: Some(event_id),
                        card_id: card,
                        image_id,
                        command_id: command,
                        ..event(self.direction_event())
                    },
                    cause,
                )
            }
            Record::Event { event: name, card, command, detail } => {
                let cause = command.clone().or_else(|| self.event_about(card.as_deref()));
                info!(event = ?name, "Event");
                let event = ParkingEvent {
                    card_id: card,
                    command_id: command,
                    detail: detail.map(Into::into),
                    ..event(name)
                };
                vec![Report { cause, ..self.outputs.voice.report(Body::ParkingEvent(event)) }]
            }
        };

        self.outputs.journal.append(drafts);
    }

    fn card(
        &mut self,
        card: String,
        decision: Decision,
        reason: Option<&str>,
        command: Option<Id>,
    ) -> Report {
        info!(?decision, reason, "Card");
        let cause = command.or_else(|| self.question_about(&card, decision));
        let body = Body::CardDetected(CardDetected {
            card_id: card.clone(),
            reader: Some("card_reader".to_owned()),
            decision,
            reason: reason.map(ToOwned::to_owned),
        });
        let report = Report { cause, ..self.outputs.voice.report(body) };
        self.asked = report.id.clone().filter(|_| decision == Decision::Pending);
        self.last_card = report.id.clone().map(|id| (card, id));

        report
    }

    fn passage(&self, passage: Passage, event: ParkingEvent, cause: Option<Id>) -> Vec<Report> {
        info!(trigger = ?passage.trigger, passage = ?passage.passage, "Passage");
        let passage = match self.outputs.direction {
            Direction::Entry => Body::ParkingEntry(passage),
            Direction::Exit => Body::ParkingExit(passage),
        };

        [passage, Body::ParkingEvent(event)]
            .map(|body| Report { cause: cause.clone(), ..self.outputs.voice.report(body) })
            .to_vec()
    }

    fn direction_event(&self) -> EventName {
        match self.outputs.direction {
            Direction::Entry => EventName::Entry,
            Direction::Exit => EventName::Exit,
        }
    }

    /// The event that said that a card is being decided on, once it is.
    fn question_about(&self, card: &str, decision: Decision) -> Option<Id> {
        let is_final = decision != Decision::Pending;

        self.asked.clone().filter(|_| is_final && self.event_about(Some(card)).is_some())
    }

    fn event_about(&self, card: Option<&str>) -> Option<Id> {
        let (last, id) = self.last_card.as_ref()?;

        (Some(last.as_str()) == card).then(|| id.clone())
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

fn loop_stuck(which: WhichLoop) -> String {
    let place = match which {
        WhichLoop::Closing => "under the boom",
        WhichLoop::Arming => "in front of the boom",
    };

    format!(
        "the loop {place} has been occupied for too long: look whether a vehicle stands there, \
         and check the loop and its detector"
    )
}

fn order_refused(order: BarrierOrder) -> String {
    let what = match order {
        BarrierOrder::Open => "open",
        BarrierOrder::Close => "close",
        BarrierOrder::Stop => "stop",
    };

    format!("the barrier controller refuses to {what}: look at the barrier")
}

fn event(event: EventName) -> ParkingEvent {
    ParkingEvent {
        event,
        event_id: None,
        card_id: None,
        image_id: None,
        command_id: None,
        detail: None,
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
