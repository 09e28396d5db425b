//! A barrier and its controller: what it does and says, free of I/O.
//!
//! | boom              | what happens                     | it does                     | says `by=` |
//! |-------------------|----------------------------------|-----------------------------|------------|
//! | any but open      | `OPEN`                           | opens                       | `order`    |
//! | any but closed    | `CLOSE`, nothing against it      | closes                      | `order`    |
//! | any               | `CLOSE` while the fire alarm is on | `NO n emergency`          |            |
//! | any               | `CLOSE`, loop occupied           | `NO n occupied`             |            |
//! | any               | `CLOSE` while the manual contact is on | `NO n busy`           |            |
//! | any               | `CLOSE` after a movement failed  | `NO n fault`, until it has reached an end | |
//! | opening, closing  | `STOP`                           | stops where it is           |            |
//! | closing           | the loop becomes occupied        | opens                       | `safety`   |
//! | closing           | nothing heard for 5 s            | opens                       | `safety`   |
//! | any but open      | somebody opens by hand           | opens                       | `manual`   |
//! | any but open      | the fire alarm is on, and nobody has stopped it | opens        | `fire`     |
//! | opening, closing  | it is at the end                 | rests                       |            |
//! | opening, closing  | it is not at the end after 30 s  | stops, `unknown` if at no end |          |
//! | any               | its port is opened, or its power comes on | starts anew: `HELLO`, `by=none` | `none` |
//!
//! A boom that is opening or at rest when nothing is heard any more goes on as it is. This is
//! how `firmware/barrier` behaves with both limit switches; `firmware/tests` holds the two to it.

mod boom;

use std::time::{Duration, Instant};

use barrier_link::{
    Cause, Checksums, Contact, HEARTBEAT, Hello, LineDecoder, LineError, Loop, Order, OrderKind,
    Position, Refusal, Report, ResetCause, SILENCE, Seq, State, to_line,
};

use crate::Tally;

pub use boom::Drive;
use boom::{Boom, Direction, Place};

/// What waits to be written; beyond it, lines are dropped, as a serial line drops them.
const OUTPUT_LIMIT: usize = 4096;
/// After which a movement has failed.
const TRAVEL_MAX: Duration = Duration::from_secs(30);
/// How long contacts are looked at after a start before the fire alarm moves a boom that rests.
const SETTLE: Duration = Duration::from_secs(1);

/// Something that happens to the barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The loop under the boom.
    ClosingLoop(Loop),
    /// The loop in front of it.
    ArmingLoop(Loop),
    /// The drive runs, or is jammed.
    Drive(Drive),
    /// The contact for opening by hand.
    Manual(Contact),
    /// Somebody turns the key for opening by hand, until the boom is up.
    OpenedByHand,
    /// The contact of the fire alarm.
    Fire(Contact),
    /// The controller starts anew.
    Reset(ResetCause),
}

/// A barrier with its controller.
#[derive(Debug)]
pub struct Barrier {
    boom: Boom,
    closing_loop: Loop,
    arming_loop: Loop,
    occupied_since: Instant,
    hand: Hand,
    fire: Contact,
    /// Somebody has stopped the boom in spite of the fire alarm.
    halted: bool,
    moved_by: Cause,
    started: (ResetCause, Instant),
    /// When the latest movement began.
    moved: Instant,
    /// A movement has not ended in time, and none has since.
    failed: bool,
    /// It was the latest one, which left the boom between the ends.
    adrift: bool,
    heard: Instant,
    alone: bool,
    reported: State,
    report_due: Instant,
    decoder: LineDecoder<Order>,
    output: String,
    /// What concerns the barrier.
    tally: Tally,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hand {
    Off,
    On,
    OnUntilUp,
}

impl Barrier {
    /// A closed barrier whose power has just come on; it takes `travel` to open.
    pub fn new(travel: Duration, now: Instant) -> Self {
        let mut barrier = Self {
            boom: Boom::new(travel),
            closing_loop: Loop::Clear,
            arming_loop: Loop::NotFitted,
            occupied_since: now,
            hand: Hand::Off,
            fire: Contact::Idle,
            halted: false,
            moved_by: Cause::None,
            started: (ResetCause::Power, now),
            moved: now,
            failed: false,
            adrift: false,
            heard: now,
            alone: false,
            reported: AT_POWER_ON,
            report_due: now,
            decoder: LineDecoder::new(Checksums::Optional),
            output: String::new(),
            tally: Tally::default(),
        };
        barrier.reset(ResetCause::Power, now);

        barrier
    }

    /// What the controller knows.
    pub fn state(&self) -> State {
        State {
            position: self.position(),
            closing_loop: self.closing_loop,
            arming_loop: self.arming_loop,
            manual: if self.hand == Hand::Off { Contact::Idle } else { Contact::Active },
            fire: self.fire,
            moved_by: self.moved_by,
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    pub(crate) fn drive(&self) -> Drive {
        self.boom.drive()
    }

    /// How far the boom is up: 0 is closed, 1 is open.
    pub(crate) fn opening(&self, now: Instant) -> f32 {
        self.boom.opening(now)
    }

    /// Tells the barrier what happened.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::ClosingLoop(reading) => self.on_closing_loop(reading, now),
            Input::ArmingLoop(reading) => self.arming_loop = reading,
            Input::Drive(drive) => self.boom.set_drive(drive, now),
            Input::Manual(contact) => self.on_manual(contact, now),
            Input::OpenedByHand => self.on_hand(now),
            Input::Fire(contact) => self.on_fire(contact, now),
            Input::Reset(cause) => self.reset(cause, now),
        }
        self.report_change(now);
    }

    /// Tells the controller what arrived on its line.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) {
        for byte in bytes {
            match self.decoder.push(*byte) {
                None => {}
                Some(Ok(order)) => {
                    (self.heard, self.alone) = (now, false);
                    self.obey(order, now);
                }
                Some(Err(error)) => self.refuse_line(&error),
            }
            self.report_change(now);
        }
    }

    /// Tells the barrier that time has passed. Calling early or twice does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);

        if due(self.boom.ends_at()) {
            self.arrive(now);
        }
        if due(self.fails_at()) {
            self.give_up(now);
        }
        if due(self.alone_at()) {
            self.on_silence(now);
        }
        if due(self.burns_at()) {
            self.raise(Cause::Fire, now);
        }
        self.report_change(now);

        if self.report_due <= now {
            self.report(now);
        }
    }

    /// When [`Barrier::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Instant {
        [self.boom.ends_at(), self.fails_at(), self.alone_at(), self.burns_at()]
            .into_iter()
            .flatten()
            .fold(self.report_due, Ord::min)
    }

    /// What the controller has said since the last call.
    pub fn take_output(&mut self) -> String {
        std::mem::take(&mut self.output)
    }

    fn obey(&mut self, Order { kind, seq }: Order, now: Instant) {
        if let Some(reason) = self.objection(kind) {
            if reason == Refusal::Occupied {
                let pressed = now.saturating_duration_since(self.occupied_since);
                self.tally.pressed = self.tally.pressed.max(pressed);
            }
            return self.say(&Report::Refused { seq, reason });
        }

        self.say(&Report::Ok(seq));
        match kind {
            OrderKind::Open => {
                self.halted = false;
                self.tally.opened += u64::from(self.position() == Position::Closed);
                self.raise(Cause::Order, now);
            }
            OrderKind::Close => self.lower(Cause::Order, now),
            OrderKind::Stop => {
                self.halted = self.fire == Contact::Active;
                self.rest(now);
            }
            OrderKind::Status => self.report(now),
            OrderKind::Ping => {}
            OrderKind::Hello => self.greet(),
        }
    }

    /// What is against it, as `firmware/barrier/boom.cpp` has it.
    fn objection(&self, kind: OrderKind) -> Option<Refusal> {
        match kind {
            OrderKind::Close if self.fire == Contact::Active => Some(Refusal::Emergency),
            OrderKind::Close if self.closing_loop == Loop::Occupied => Some(Refusal::Occupied),
            OrderKind::Close if self.hand != Hand::Off => Some(Refusal::Busy),
            OrderKind::Close if self.failed => Some(Refusal::Fault),
            OrderKind::Open
            | OrderKind::Close
            | OrderKind::Stop
            | OrderKind::Status
            | OrderKind::Ping
            | OrderKind::Hello => None,
        }
    }

    fn refuse_line(&mut self, error: &LineError) {
        let (seq, reason) = match error {
            LineError::Unknown(line) => (number(line), Refusal::Unknown),
            LineError::Malformed(_)
            | LineError::Missing(_)
            | LineError::Checksum
            | LineError::Unchecked
            | LineError::NotText
            | LineError::TooLong => (None, Refusal::Garbled),
        };

        self.say(&Report::Refused { seq, reason });
    }

    fn on_closing_loop(&mut self, reading: Loop, now: Instant) {
        if reading == Loop::Occupied && self.closing_loop != reading {
            self.occupied_since = now;
        }
        self.closing_loop = reading;

        if reading == Loop::Occupied && self.position() == Position::Closing {
            self.raise(Cause::Safety, now);
        }
    }

    fn on_manual(&mut self, contact: Contact, now: Instant) {
        let was_off = self.hand == Hand::Off;
        self.hand = if contact == Contact::Active { Hand::On } else { Hand::Off };

        if was_off && self.hand == Hand::On {
            self.raise(Cause::Manual, now);
        }
    }

    fn on_hand(&mut self, now: Instant) {
        if self.position() != Position::Open {
            self.hand = Hand::OnUntilUp;
            self.raise(Cause::Manual, now);
        }
    }

    fn on_fire(&mut self, contact: Contact, now: Instant) {
        self.fire = contact;

        if contact == Contact::Idle {
            self.halted = false;
        } else if self.burns_at().is_some_and(|at| at <= now) {
            self.raise(Cause::Fire, now);
        }
    }

    /// Starts the controller anew; the boom is where it is.
    fn reset(&mut self, cause: ResetCause, now: Instant) {
        self.decoder.reset();
        (self.heard, self.alone) = (now, false);
        self.moved_by = Cause::None;
        self.started = (cause, now);
        (self.moved, self.failed, self.halted) = (now, false, false);
        self.output.clear();

        self.greet();
        self.report(now);
    }

    fn raise(&mut self, by: Cause, now: Instant) {
        if !matches!(self.position(), Position::Opening | Position::Open) {
            self.go(Direction::Up, by, now);
        }
    }

    fn lower(&mut self, by: Cause, now: Instant) {
        if !matches!(self.position(), Position::Closing | Position::Closed) {
            self.go(Direction::Down, by, now);
        }
    }

    fn go(&mut self, direction: Direction, by: Cause, now: Instant) {
        self.boom.go(direction, now);
        self.moved_by = by;
        (self.moved, self.adrift) = (now, false);
    }

    fn arrive(&mut self, now: Instant) {
        self.failed = false;
        self.rest(now);
    }

    fn rest(&mut self, now: Instant) {
        self.boom.rest(now);
        let struck = self.position() == Position::Closed && self.closing_loop == Loop::Occupied;
        self.tally.struck += u64::from(struck);
        if self.hand == Hand::OnUntilUp {
            self.hand = Hand::Off;
        }
    }

    fn give_up(&mut self, now: Instant) {
        (self.failed, self.adrift) = (true, true);
        self.rest(now);
    }

    /// Whoever orders next may be a person at a serial monitor.
    fn on_silence(&mut self, now: Instant) {
        self.alone = true;
        self.decoder.reset();

        if self.position() == Position::Closing {
            self.raise(Cause::Safety, now);
        }
    }

    fn position(&self) -> Position {
        match (self.boom.direction(), self.boom.place()) {
            (Some(Direction::Up), _) => Position::Opening,
            (Some(Direction::Down), _) => Position::Closing,
            (None, Place::Down) => Position::Closed,
            (None, Place::Up) => Position::Open,
            (None, Place::Between) if self.adrift => Position::Unknown,
            (None, Place::Between) => Position::Stopped,
        }
    }

    fn fails_at(&self) -> Option<Instant> {
        self.boom.direction().map(|_| self.moved + TRAVEL_MAX)
    }

    /// When nobody is there any more. While a boom closes it is looked at again, for one may begin to
    /// close after that.
    fn alone_at(&self) -> Option<Instant> {
        let matters = !self.alone || self.position() == Position::Closing;

        matters.then_some(self.heard + SILENCE)
    }

    /// When the fire alarm opens the boom.
    fn burns_at(&self) -> Option<Instant> {
        let (_, started) = self.started;
        let wanted = self.fire == Contact::Active && !self.halted;

        match self.position() {
            Position::Opening | Position::Open => None,
            Position::Closing => wanted.then_some(started),
            Position::Closed | Position::Stopped | Position::Unknown => {
                wanted.then_some(started + SETTLE)
            }
        }
    }

    fn report_change(&mut self, now: Instant) {
        if self.state() != self.reported {
            self.report(now);
        }
    }

    fn report(&mut self, now: Instant) {
        self.reported = self.state();
        self.report_due = now + HEARTBEAT;
        self.say(&Report::State(self.reported));
    }

    fn greet(&mut self) {
        let version = env!("CARGO_PKG_VERSION");
        let firmware = version.parse().expect("a crate's version is a firmware's");

        self.say(&Report::Hello(Hello::new(firmware, self.started.0)));
    }

    fn say(&mut self, report: &Report) {
        let line = to_line(report);

        if self.output.len() + line.len() <= OUTPUT_LIMIT {
            self.output.push_str(&line);
        }
    }
}

const AT_POWER_ON: State = State {
    position: Position::Closed,
    closing_loop: Loop::Clear,
    arming_loop: Loop::NotFitted,
    manual: Contact::Idle,
    fire: Contact::Idle,
    moved_by: Cause::None,
};

/// The number of an order that is not known.
fn number(line: &str) -> Option<Seq> {
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests;
