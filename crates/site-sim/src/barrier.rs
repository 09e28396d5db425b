//! A barrier and its controller: what it does and says, free of I/O.
//!
//! | boom              | what happens                     | it does                     | says `by=` |
//! |-------------------|----------------------------------|-----------------------------|------------|
//! | any but open      | `OPEN`                           | opens                       | `order`    |
//! | any but closed    | `CLOSE`, loop clear, no fire     | closes                      | `order`    |
//! | any               | `CLOSE`, loop occupied           | `NO n occupied`             |            |
//! | any               | `CLOSE` while the fire alarm is on | `NO n emergency`          |            |
//! | opening, closing  | `STOP`                           | stops where it is           |            |
//! | closing           | the loop becomes occupied        | opens                       | `safety`   |
//! | closing           | nothing heard for 5 s            | opens                       | `safety`   |
//! | any but open      | somebody opens by hand           | opens                       | `manual`   |
//! | any but open      | the fire alarm comes on          | opens, and stays            | `fire`     |
//! | opening, closing  | it is at the end                 | rests                       |            |
//! | any               | its port is opened, or its power comes on | starts anew: `HELLO`, `by=none` | `none` |
//!
//! A boom that is opening or at rest when nothing is heard any more goes on as it is. A
//! jammed drive says that it moves, and does not.

use std::time::{Duration, Instant};

use barrier_link::{
    Cause, Checksums, Contact, HEARTBEAT, Hello, LineDecoder, LineError, Loop, Order, OrderKind,
    Position, Refusal, Report, ResetCause, SILENCE, Seq, State, to_line,
};

/// What waits to be written; beyond it, lines are dropped, as a serial line drops them.
const OUTPUT_LIMIT: usize = 4096;

/// Whether the drive moves the boom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    /// It does.
    Runs,
    /// Something is in its way, or broken.
    Jammed,
}

/// Something that happens to the barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    ClosingLoop(Loop),
    Drive(Drive),
    OpenedByHand,
    Fire(Contact),
    Reset(ResetCause),
}

#[derive(Debug)]
pub(crate) struct Barrier {
    travel: Duration,
    motion: Motion,
    drive: Drive,
    closing_loop: Loop,
    manual: Contact,
    fire: Contact,
    moved_by: Cause,
    started: ResetCause,
    heard: Instant,
    reported: State,
    report_due: Instant,
    decoder: LineDecoder<Order>,
    output: String,
}

/// Where the boom is, as the time that it takes to open so far.
#[derive(Debug, Clone, Copy)]
enum Motion {
    Resting { raised: Duration },
    Moving { direction: Direction, from: Duration, since: Instant },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

impl Barrier {
    /// A closed barrier whose power has just come on; it takes `travel` to open.
    pub(crate) fn new(travel: Duration, now: Instant) -> Self {
        let mut barrier = Self {
            // With none at all, closed and open would be one place.
            travel: travel.max(Duration::from_millis(1)),
            motion: Motion::Resting { raised: Duration::ZERO },
            drive: Drive::Runs,
            closing_loop: Loop::Clear,
            manual: Contact::Idle,
            fire: Contact::Idle,
            moved_by: Cause::None,
            started: ResetCause::Power,
            heard: now,
            reported: AT_POWER_ON,
            report_due: now,
            decoder: LineDecoder::new(Checksums::Optional),
            output: String::new(),
        };
        barrier.reset(ResetCause::Power, now);

        barrier
    }

    /// What the controller knows.
    pub(crate) fn state(&self) -> State {
        State {
            position: self.position(),
            closing_loop: self.closing_loop,
            arming_loop: Loop::NotFitted,
            manual: self.manual,
            fire: self.fire,
            moved_by: self.moved_by,
        }
    }

    pub(crate) fn drive(&self) -> Drive {
        self.drive
    }

    /// How far the boom is up: 0 is closed, 1 is open.
    pub(crate) fn opening(&self, now: Instant) -> f32 {
        self.raised(now).as_secs_f32() / self.travel.as_secs_f32()
    }

    /// Tells the barrier what happened.
    pub(crate) fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::ClosingLoop(reading) => self.on_closing_loop(reading, now),
            Input::Drive(drive) => self.on_drive(drive, now),
            Input::OpenedByHand => self.on_hand(now),
            Input::Fire(contact) => self.on_fire(contact, now),
            Input::Reset(cause) => self.reset(cause, now),
        }
        self.report_change(now);
    }

    /// Tells the controller what arrived on its line.
    pub(crate) fn receive(&mut self, bytes: &[u8], now: Instant) {
        for byte in bytes {
            match self.decoder.push(*byte) {
                None => {}
                Some(Ok(order)) => {
                    self.heard = now;
                    self.obey(order, now);
                }
                Some(Err(error)) => self.refuse_line(&error),
            }
            self.report_change(now);
        }
    }

    /// Tells the barrier that time has passed. Calling early or twice does nothing.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.ends_at().is_some_and(|end| end <= now) {
            self.rest(now);
        }
        if self.gives_up_at().is_some_and(|end| end <= now) {
            // Whoever orders next may be a person at a serial monitor.
            self.decoder.reset();
            self.raise(Cause::Safety, now);
        }
        self.report_change(now);

        if self.report_due <= now {
            self.report(now);
        }
    }

    /// When [`Barrier::handle_timeout`] wants to be called next.
    pub(crate) fn poll_timeout(&self) -> Instant {
        [self.ends_at(), self.gives_up_at()].into_iter().flatten().fold(self.report_due, Ord::min)
    }

    /// What the controller has said since the last call.
    pub(crate) fn take_output(&mut self) -> String {
        std::mem::take(&mut self.output)
    }

    fn obey(&mut self, Order { kind, seq }: Order, now: Instant) {
        if let Some(reason) = self.objection(kind) {
            return self.say(&Report::Refused { seq, reason });
        }

        self.say(&Report::Ok(seq));
        match kind {
            OrderKind::Open => self.raise(Cause::Order, now),
            OrderKind::Close => self.lower(Cause::Order, now),
            OrderKind::Stop => self.rest(now),
            OrderKind::Status => self.report(now),
            OrderKind::Ping => {}
            OrderKind::Hello => self.greet(),
        }
    }

    fn objection(&self, kind: OrderKind) -> Option<Refusal> {
        match kind {
            OrderKind::Close if self.fire == Contact::Active => Some(Refusal::Emergency),
            OrderKind::Close if self.closing_loop == Loop::Occupied => Some(Refusal::Occupied),
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
        self.closing_loop = reading;

        if reading == Loop::Occupied && self.position() == Position::Closing {
            self.raise(Cause::Safety, now);
        }
    }

    fn on_drive(&mut self, drive: Drive, now: Instant) {
        let raised = self.raised(now);

        if let Motion::Moving { from, since, .. } = &mut self.motion {
            (*from, *since) = (raised, now);
        }
        self.drive = drive;
    }

    fn on_hand(&mut self, now: Instant) {
        if self.position() != Position::Open {
            self.manual = Contact::Active;
            self.raise(Cause::Manual, now);
        }
    }

    fn on_fire(&mut self, contact: Contact, now: Instant) {
        self.fire = contact;

        if contact == Contact::Active {
            self.raise(Cause::Fire, now);
        }
    }

    /// Starts the controller anew; the boom is where it is.
    fn reset(&mut self, cause: ResetCause, now: Instant) {
        self.decoder.reset();
        self.heard = now;
        self.moved_by = Cause::None;
        self.started = cause;
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
        self.motion = Motion::Moving { direction, from: self.raised(now), since: now };
        self.moved_by = by;
    }

    fn rest(&mut self, now: Instant) {
        self.motion = Motion::Resting { raised: self.raised(now) };
        self.manual = Contact::Idle;
    }

    fn position(&self) -> Position {
        match self.motion {
            Motion::Resting { raised } if raised.is_zero() => Position::Closed,
            Motion::Resting { raised } if raised == self.travel => Position::Open,
            Motion::Resting { .. } => Position::Stopped,
            Motion::Moving { direction: Direction::Up, .. } => Position::Opening,
            Motion::Moving { direction: Direction::Down, .. } => Position::Closing,
        }
    }

    fn raised(&self, now: Instant) -> Duration {
        match (self.motion, self.drive) {
            (Motion::Resting { raised }, _) => raised,
            (Motion::Moving { from, .. }, Drive::Jammed) => from,
            (Motion::Moving { direction: Direction::Up, from, since }, Drive::Runs) => {
                (from + now.saturating_duration_since(since)).min(self.travel)
            }
            (Motion::Moving { direction: Direction::Down, from, since }, Drive::Runs) => {
                from.saturating_sub(now.saturating_duration_since(since))
            }
        }
    }

    /// When the boom is at its end.
    fn ends_at(&self) -> Option<Instant> {
        match (self.motion, self.drive) {
            (Motion::Resting { .. }, _) | (Motion::Moving { .. }, Drive::Jammed) => None,
            (Motion::Moving { direction: Direction::Up, from, since }, Drive::Runs) => {
                Some(since + (self.travel - from))
            }
            (Motion::Moving { direction: Direction::Down, from, since }, Drive::Runs) => {
                Some(since + from)
            }
        }
    }

    /// When a closing boom opens because nobody watches it.
    fn gives_up_at(&self) -> Option<Instant> {
        (self.position() == Position::Closing).then_some(self.heard + SILENCE)
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

        self.say(&Report::Hello(Hello::new(firmware, self.started)));
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
