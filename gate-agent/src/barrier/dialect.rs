//! The conversation with a controller that speaks another protocol, as configured.
//!
//! | what happens | it does |
//! |---|---|
//! | the port opens | polls; found at once where no report is expected |
//! | a report comes | found, if it was not, and a reading. Where the loop is reported, only a report of it counts: a reading is never younger than the loop's |
//! | no report comes for `silence` | lost |
//! | an order | sends it; `opening` or `closing` from here on, where no report says that |
//! | `moves_in` later | `open` or `closed`, where no report says that |
//! | an order that cannot be sent | refused |
//!
//! After the port was closed nothing is known of the boom until a report or an order.

use std::time::{Duration, Instant};

use lane::{BarrierOrder, Mover, Presence, Reading, Refusal};
use schemas::BarrierStatus;
use tracing::debug;

use super::{
    conversation::{Conversation, Heard, Step},
    frames::Frames,
};
use crate::config::{self, LoopReport, MoverReport, RefusalReport};

/// How often a reading is repeated where nothing is polled.
const HEARTBEAT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Dialect {
    config: config::Dialect,
    frames: Frames,
    port: Port,
    /// When a report last told all that reports tell.
    heard: Option<Instant>,
    reading: Reading,
    movement: Option<Movement>,
    beat: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Closed,
    Open,
}

/// What was ordered, and when it is done where no report tells.
#[derive(Debug, Clone, Copy)]
struct Movement {
    order: BarrierOrder,
    until: Option<Instant>,
}

impl Dialect {
    pub(crate) fn new(config: config::Dialect, now: Instant) -> Self {
        Self {
            frames: Frames::new(&config),
            reading: unknown(&config),
            config,
            port: Port::Closed,
            heard: None,
            movement: None,
            beat: now,
        }
    }

    fn poll(&self) -> Vec<u8> {
        self.config.poll.as_ref().map(|poll| poll.as_bytes().to_vec()).unwrap_or_default()
    }

    /// Whether it is there without having said anything.
    fn is_mute(&self) -> bool {
        self.config.reports.is_empty()
    }

    fn is_there(&self) -> bool {
        self.port == Port::Open && (self.is_mute() || self.heard.is_some())
    }

    fn lost_at(&self) -> Option<Instant> {
        Some(self.heard? + self.config.silence()?)
    }

    fn on_report(&mut self, report: &[u8], now: Instant, heard: &mut Vec<Heard>) {
        let meanings: Vec<config::Report> = self
            .config
            .reports
            .iter()
            .filter(|known| known.pattern.is_in(report))
            .cloned()
            .collect();
        if meanings.is_empty() {
            debug!(report = %report.escape_ascii(), "Nothing that is configured");
            return;
        }

        for meaning in &meanings {
            self.apply(meaning, heard);
        }
        let tells_all = !self.config.reports_loop() || meanings.iter().any(|m| m.r#loop.is_some());
        if tells_all {
            if self.heard.replace(now).is_none() {
                heard.push(Heard::Found(None));
            }
            heard.push(Heard::Reading(self.reading));
        }
    }

    fn apply(&mut self, report: &config::Report, heard: &mut Vec<Heard>) {
        if let Some(reading) = report.r#loop {
            self.reading.presence = reading.into();
        }
        if let Some(reading) = report.arming {
            self.reading.arming = reading.into();
        }
        if let Some(position) = report.position {
            self.move_to(position.into());
        }
        if let Some(mover) = report.moved_by {
            self.reading.mover = match mover {
                MoverReport::Hand => Mover::Hand,
                MoverReport::Itself => Mover::Itself,
            };
        }
        if let Some(refusal) = report.refused
            && let Some(movement) = self.movement.take()
        {
            heard.push(Heard::Refused(movement.order, refusal.into()));
        }
    }

    fn move_to(&mut self, position: BarrierStatus) {
        let before = self.reading.position;
        let ordered = self.movement.map(|movement| movement.order);
        let turned = ordered == Some(BarrierOrder::Close)
            && before == BarrierStatus::Closing
            && self.config.reports(BarrierStatus::Closing)
            && matches!(position, BarrierStatus::Opening | BarrierStatus::Open);

        self.reading.position = position;
        if turned {
            self.reading.mover = Mover::Itself;
            self.movement = None;
        } else if ordered.is_none() && before != position {
            // Nobody here has ordered that.
            self.reading.mover = Mover::Nobody;
        }
        let done = match ordered {
            Some(BarrierOrder::Open) => position == BarrierStatus::Open,
            Some(BarrierOrder::Close) => position == BarrierStatus::Closed,
            Some(BarrierOrder::Stop) => position.stands_still(),
            None => false,
        };
        if done {
            self.movement = None;
        }
    }

    /// Takes a movement for begun, where no report says that it has.
    fn begin(&mut self, order: BarrierOrder, now: Instant) {
        let (under_way, end) = match order {
            BarrierOrder::Open => (BarrierStatus::Opening, BarrierStatus::Open),
            BarrierOrder::Close => (BarrierStatus::Closing, BarrierStatus::Closed),
            BarrierOrder::Stop => (BarrierStatus::Stopped, BarrierStatus::Stopped),
        };
        let timed = order != BarrierOrder::Stop && !self.config.reports(end);
        let stands = order == BarrierOrder::Stop && self.reading.position.stands_still();

        self.reading.mover = Mover::Order;
        if !self.config.reports(under_way) && !stands {
            self.reading.position = under_way;
        }
        let until = self.config.moves_in.filter(|_| timed).map(|time| now + time);
        self.movement = Some(Movement { order, until });
    }

    fn end_movement(&mut self, now: Instant) {
        let Some(Movement { order, until: Some(until) }) = self.movement else { return };

        if until <= now {
            self.movement = None;
            self.reading.position = match order {
                BarrierOrder::Open => BarrierStatus::Open,
                BarrierOrder::Close => BarrierStatus::Closed,
                BarrierOrder::Stop => self.reading.position,
            };
        }
    }
}

impl Conversation for Dialect {
    fn on_up(&mut self, now: Instant) -> Step {
        self.frames.reset();
        self.port = Port::Open;
        self.beat = now + self.config.poll_every;

        let heard = if self.is_mute() {
            vec![Heard::Found(None), Heard::Reading(self.reading)]
        } else {
            Vec::new()
        };
        Step { say: self.poll(), heard }
    }

    fn on_order(&mut self, order: BarrierOrder, now: Instant) -> Step {
        let wire = match order {
            BarrierOrder::Open => Some(&self.config.open),
            BarrierOrder::Close => Some(&self.config.close),
            BarrierOrder::Stop => self.config.stop.as_ref(),
        };
        let Some(wire) = wire else {
            return Step::heard(vec![Heard::Refused(order, Refusal::Unable)]);
        };
        if !self.is_there() {
            return Step::default();
        }

        let say = wire.as_bytes().to_vec();
        self.begin(order, now);
        // The reading of the loop is as old as it was: only its reports make it younger.
        let heard = if self.config.reports_loop() {
            Vec::new()
        } else {
            vec![Heard::Reading(self.reading)]
        };

        Step { say, heard }
    }

    fn on_bytes(&mut self, bytes: &[u8], now: Instant) -> Vec<Heard> {
        let mut heard = Vec::new();

        for byte in bytes {
            if let Some(report) = self.frames.push(*byte) {
                self.on_report(&report, now, &mut heard);
            }
        }

        heard
    }

    fn on_down(&mut self, reason: String) -> Vec<Heard> {
        self.port = Port::Closed;
        self.heard = None;
        self.movement = None;
        self.reading = unknown(&self.config);

        vec![Heard::Lost(reason)]
    }

    fn due(&self) -> Instant {
        let until = self.movement.and_then(|movement| movement.until);

        [until, self.lost_at()].into_iter().flatten().fold(self.beat, Ord::min)
    }

    fn on_due(&mut self, now: Instant) -> Step {
        if self.lost_at().is_some_and(|at| at <= now) {
            let silence = self.config.silence().unwrap_or_default();
            let heard = self.on_down(format!("it has not reported for {silence:?}"));
            // The port is open still: whatever comes next is heard.
            self.port = Port::Open;
            return Step::heard(heard);
        }

        self.end_movement(now);
        let mut step = Step::default();
        if self.beat <= now && self.port == Port::Open {
            step.say = self.poll();
        }
        if self.beat <= now {
            self.beat =
                now + if self.config.poll.is_some() { self.config.poll_every } else { HEARTBEAT };
        }
        if self.is_there() && !self.config.reports_loop() {
            step.heard.push(Heard::Reading(self.reading));
        }

        step
    }
}

impl From<LoopReport> for Presence {
    fn from(reading: LoopReport) -> Self {
        match reading {
            LoopReport::Clear => Self::Clear,
            LoopReport::Occupied => Self::Occupied,
        }
    }
}

impl From<RefusalReport> for Refusal {
    fn from(refusal: RefusalReport) -> Self {
        match refusal {
            RefusalReport::Occupied => Self::Occupied,
            RefusalReport::Emergency => Self::Emergency,
            RefusalReport::Unable => Self::Unable,
        }
    }
}

fn unknown(config: &config::Dialect) -> Reading {
    Reading {
        position: BarrierStatus::Unknown,
        // Until the first report nobody is told of this.
        presence: if config.reports_loop() { Presence::Occupied } else { Presence::NotFitted },
        // A card counts until a report says that nobody is there.
        arming: Presence::NotFitted,
        mover: Mover::Nobody,
    }
}

#[cfg(test)]
mod tests;
