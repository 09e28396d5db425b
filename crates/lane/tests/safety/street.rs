//! A street with a gate in it: vehicles that drive, a boom that takes its time, two loops.
//!
//! ```text
//!   0      2        3.5   4     5     6          metres
//!   ├ arming ┤        ↑   ├─ closing ─┤
//!                 stop line      ↑ boom
//! ```
//!
//! The controller has no safety of its own: whatever keeps the boom off a vehicle is the lane's.

use std::time::{Duration, Instant};

use lane::{
    Action, BarrierOrder, Config, Input, Lane, LaneCommand, Mode, Mover, Presence, Reading, Record,
    Ruling, State, Verdict,
};
use schemas::{BarrierStatus, Decision, EventName, GateAction};

const TICK: Duration = Duration::from_millis(100);
const SECONDS: f64 = 0.1;
/// How much of its way the boom moves in a tick.
const BOOM: f64 = SECONDS / 2.0;
const STOP_LINE: f64 = 3.5;
const ARMING: (f64, f64) = (0.0, 2.0);
const CLOSING: (f64, f64) = (4.0, 6.0);
/// Closer than this, the loop might not clear between two vehicles.
const GAP: f64 = 3.5;
/// How often the controller reports when nothing changes.
const HEARTBEAT: u64 = 10;

/// A vehicle and what its driver has in mind.
#[derive(Debug, Clone)]
pub(crate) struct Vehicle {
    pub(crate) length: f64,
    pub(crate) speed: f64,
    pub(crate) driver: Driver,
    front: f64,
    stands: u64,
    patience: u64,
    is_granted: bool,
    shown: Option<u64>,
    card: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Driver {
    /// Shows a card, waits for the boom, and goes.
    Orderly,
    /// Goes when the boom is up, whoever it was opened for.
    Tailgater,
    /// Shows a card, and leaves when the boom is up.
    BacksOut,
    /// Stands under the boom for so many ticks.
    Stands(u64),
}

/// The gate, the street and what was recorded.
#[derive(Debug)]
pub(crate) struct Street {
    pub(crate) lane: Lane,
    now: Instant,
    /// 0 is down, 1 is up.
    boom: f64,
    direction: f64,
    moved: Mover,
    reported: Option<Reading>,
    /// The first one is furthest.
    vehicles: Vec<Vehicle>,
    commands: usize,
    cards: usize,
    /// The cards of the vehicles that went through, in order; `None` for whoever has shown none.
    pub(crate) passed: Vec<Option<String>>,
    /// The same as the lane has recorded it.
    pub(crate) recorded: Vec<Option<String>>,
    pub(crate) openings: usize,
    pub(crate) closings: usize,
    pub(crate) ticks: u64,
}

impl Vehicle {
    pub(crate) fn new(length: f64, speed: f64, driver: Driver) -> Self {
        let stands = if let Driver::Stands(ticks) = driver { ticks } else { 0 };

        Self {
            length,
            speed,
            driver,
            front: -20.0,
            stands,
            patience: 900,
            is_granted: false,
            shown: None,
            card: String::new(),
        }
    }

    fn is_on(&self, (from, to): (f64, f64)) -> bool {
        self.front > from && self.rear() < to
    }

    fn rear(&self) -> f64 {
        self.front - self.length
    }
}

impl Street {
    pub(crate) fn new(config: Config) -> Self {
        let mut street = Self {
            lane: Lane::new(config, Mode::AUTO),
            now: start(),
            ticks: 0,
            boom: 0.0,
            direction: 0.0,
            moved: Mover::Nobody,
            reported: None,
            vehicles: Vec::new(),
            commands: 0,
            cards: 0,
            passed: Vec::new(),
            recorded: Vec::new(),
            openings: 0,
            closings: 0,
        };
        street.report();
        street
    }

    /// A vehicle comes, behind those that are there.
    pub(crate) fn arrive(&mut self, mut vehicle: Vehicle) {
        let last = self.vehicles.last().map_or(0.0, |ahead| ahead.rear() - GAP);

        self.cards += 1;
        vehicle.card = format!("card-{}", self.cards);
        vehicle.front = vehicle.front.min(last);
        self.vehicles.push(vehicle);
    }

    pub(crate) fn command(&mut self, action: GateAction) {
        self.commands += 1;
        let id = format!("c{}", self.commands).parse().unwrap();
        self.tell(Input::Command(LaneCommand::new(id, action)));
    }

    /// Time passes. Says what is wrong, if anything is.
    pub(crate) fn tick(&mut self) -> Result<(), String> {
        self.ticks += 1;
        self.now += TICK;
        self.move_boom();
        self.drive();
        self.lane.handle_timeout(self.now);
        self.act();
        if self.ticks.is_multiple_of(HEARTBEAT) || self.reported != Some(self.reading()) {
            self.report();
        }

        let hit = self.vehicles.iter().any(|vehicle| vehicle.is_on((4.9, 5.1))) && self.boom < 0.5;
        if hit { Err("the boom is on a vehicle".to_owned()) } else { Ok(()) }
    }

    /// Whether everything is as it was before anybody came.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.vehicles.is_empty()
            && self.boom == 0.0
            && self.direction == 0.0
            && self.lane.state() == State::Idle
            && self.lane.poll_timeout().is_none()
    }

    fn move_boom(&mut self) {
        self.boom = (self.boom + self.direction * BOOM).clamp(0.0, 1.0);
        if self.boom == 0.0 || self.boom == 1.0 {
            self.direction = 0.0;
        }
    }

    fn drive(&mut self) {
        let boom_is_up = self.boom == 1.0;
        let ticks = self.ticks;
        let mut shown = Vec::new();
        let mut limit = f64::INFINITY;
        let mut is_first = true;

        for vehicle in &mut self.vehicles {
            let waits = vehicle.front <= STOP_LINE;
            let may_go = boom_is_up && (vehicle.is_granted || vehicle.driver == Driver::Tailgater);
            let stands_now = vehicle.front >= 5.0 && vehicle.stands > 0;
            let mut goal = limit - GAP;
            if waits && (!may_go || vehicle.driver == Driver::BacksOut) {
                goal = goal.min(STOP_LINE);
            }

            if stands_now {
                vehicle.stands -= 1;
            } else {
                vehicle.front =
                    (vehicle.front + vehicle.speed * SECONDS).min(goal.max(vehicle.front));
            }
            limit = vehicle.rear();

            let again = vehicle.shown.is_none_or(|at| ticks - at >= 50);
            let has_card = vehicle.driver != Driver::Tailgater && !vehicle.is_granted;
            // Whoever is behind cannot reach the reader.
            if waits && is_first && has_card && again && vehicle.front > 1.0 {
                vehicle.shown = Some(ticks);
                shown.push(vehicle.card.clone());
            }
            if waits {
                vehicle.patience = vehicle.patience.saturating_sub(1);
                is_first = false;
            }
        }

        for card in shown {
            self.tell(Input::Card(card));
        }
        self.leave(boom_is_up);
    }

    /// Vehicles that are through, and those that have had enough.
    fn leave(&mut self, boom_is_up: bool) {
        let Self { vehicles, passed, .. } = self;

        vehicles.retain(|vehicle| {
            let is_through = vehicle.rear() >= CLOSING.1;
            let turns_back = vehicle.front <= STOP_LINE
                && (vehicle.patience == 0 && !vehicle.is_granted
                    || vehicle.driver == Driver::BacksOut && vehicle.is_granted && boom_is_up);
            if is_through {
                passed.push(vehicle.is_granted.then(|| vehicle.card.clone()));
            }
            !is_through && !turns_back
        });
    }

    fn report(&mut self) {
        let reading = self.reading();

        self.reported = Some(reading);
        self.tell(Input::Barrier(reading));
    }

    fn reading(&self) -> Reading {
        let presence = |place| {
            let occupied = self.vehicles.iter().any(|vehicle| vehicle.is_on(place));
            if occupied { Presence::Occupied } else { Presence::Clear }
        };

        Reading {
            position: match (self.boom, self.direction) {
                (_, direction) if direction > 0.0 => BarrierStatus::Opening,
                (_, direction) if direction < 0.0 => BarrierStatus::Closing,
                (0.0, _) => BarrierStatus::Closed,
                (1.0, _) => BarrierStatus::Open,
                _ => BarrierStatus::Stopped,
            },
            presence: presence(CLOSING),
            arming: presence(ARMING),
            mover: self.moved,
        }
    }

    fn tell(&mut self, input: Input) {
        self.lane.handle(input, self.now);
        self.act();
    }

    fn act(&mut self) {
        while let Some(action) = self.lane.poll_action() {
            match action {
                Action::Order(order) => self.obey(order),
                Action::Decide(card) => {
                    let verdict = Verdict::Final(Ruling::Grant);
                    self.lane.handle(Input::Verdict { card, verdict }, self.now);
                }
                Action::Record(Record::Card { card, decision, .. }) => {
                    self.show(&card, decision == Decision::Granted);
                }
                Action::Record(Record::Event {
                    event: EventName::NoPassage,
                    card: Some(card),
                    ..
                }) => self.show(&card, false),
                Action::Record(Record::Passage { card, .. }) => self.recorded.push(card),
                Action::Record(Record::Event { event: EventName::Tailgate, .. }) => {
                    self.recorded.push(None);
                }
                Action::Record(_) | Action::Alarm(_) | Action::Answer { .. } => {}
            }
        }
    }

    /// Tells a driver whether he may go.
    fn show(&mut self, card: &str, is_granted: bool) {
        let shown = self.vehicles.iter_mut().find(|vehicle| vehicle.card == card);

        if let Some(vehicle) = shown {
            vehicle.is_granted = is_granted;
        }
    }

    fn obey(&mut self, order: BarrierOrder) {
        self.moved = Mover::Order;
        match order {
            BarrierOrder::Open => {
                self.openings += 1;
                self.direction = 1.0;
            }
            BarrierOrder::Close => {
                self.closings += 1;
                self.direction = -1.0;
            }
            BarrierOrder::Stop => self.direction = 0.0,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock of a bench starts somewhere")]
fn start() -> Instant {
    Instant::now()
}
