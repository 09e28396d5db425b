//! All of a gate that moves: the barrier and the vehicle in front of it, free of I/O.

use std::time::Instant;

use barrier_link::{Loop, Position};

use crate::{
    SimConfig, Tally,
    barrier::{Barrier, Input},
    visit::{Loops, Vehicle, Visit},
};

#[derive(Debug)]
pub(crate) struct Plant {
    config: SimConfig,
    barrier: Barrier,
    visit: Visit,
    /// What concerns vehicles.
    tally: Tally,
    loops: Loops,
}

impl Plant {
    pub(crate) fn new(config: SimConfig, now: Instant) -> Self {
        Self {
            config,
            barrier: Barrier::new(config.travel, now),
            visit: Visit::None,
            tally: Tally::default(),
            loops: Loops::Closing,
        }
    }

    pub(crate) fn barrier(&self) -> &Barrier {
        &self.barrier
    }

    pub(crate) fn barrier_mut(&mut self) -> &mut Barrier {
        &mut self.barrier
    }

    pub(crate) fn visit(&self) -> Visit {
        self.visit
    }

    pub(crate) fn tally(&self) -> Tally {
        let Tally { passed, backed_out, .. } = self.tally;

        Tally { passed, backed_out, ..self.barrier.tally() }
    }

    pub(crate) fn loops(&self) -> Loops {
        self.loops
    }

    /// Fits these loops, and no others.
    pub(crate) fn fit(&mut self, loops: Loops, now: Instant) {
        self.loops = loops;
        self.follow(self.visit, now);
    }

    /// A vehicle comes, and goes through when the boom is open.
    pub(crate) fn arrive(&mut self, now: Instant) {
        self.follow(Visit::arrive(self.config.passage, self.config.patience, now), now);
    }

    /// Puts a vehicle under the boom, or takes away whatever is there.
    pub(crate) fn place(&mut self, vehicle: Vehicle, now: Instant) {
        let visit = match vehicle {
            Vehicle::Present => Visit::Standing,
            Vehicle::Absent => Visit::None,
        };

        self.follow(visit, now);
    }

    /// Puts a vehicle in front of the boom, or takes away whatever is there.
    pub(crate) fn place_in_front(&mut self, vehicle: Vehicle, now: Instant) {
        let visit = match vehicle {
            Vehicle::Present => Visit::InFront,
            Vehicle::Absent => Visit::None,
        };

        self.follow(visit, now);
    }

    /// Tells the plant that time has passed, or that something has happened to the barrier.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.barrier.handle_timeout(now);

        let position = self.barrier.state().position;
        self.follow(self.visit.next(position, self.config.passage, now), now);
    }

    /// When [`Plant::handle_timeout`] wants to be called next.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Instant {
        let barrier = self.barrier.poll_timeout();

        self.visit.due(now).map_or(barrier, |due| due.min(barrier))
    }

    fn follow(&mut self, visit: Visit, now: Instant) {
        let closed = self.barrier.state().position == Position::Closed;
        match (self.visit, visit) {
            (Visit::Passing { .. } | Visit::Standing, Visit::None) if !closed => {
                self.tally.passed += 1;
            }
            (Visit::Waiting { .. }, Visit::None) => self.tally.backed_out += 1,
            _ => {}
        }
        self.visit = visit;

        let (arming, closing) = match self.loops {
            Loops::None => (Loop::NotFitted, Loop::NotFitted),
            Loops::Closing => (Loop::NotFitted, visit.closing_loop()),
            Loops::Both => (visit.arming_loop(now), visit.closing_loop()),
        };
        if self.barrier.state().arming_loop != arming {
            self.barrier.handle(Input::ArmingLoop(arming), now);
        }
        if self.barrier.state().closing_loop != closing {
            self.barrier.handle(Input::ClosingLoop(closing), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use barrier_link::{Loop, Order, OrderKind, Seq, to_line};

    use super::*;

    const CONFIG: SimConfig = SimConfig::REAL;

    #[test]
    fn a_vehicle_waits_for_the_boom_and_passes() {
        let (mut plant, now) = fresh();
        plant.arrive(now);
        order(&mut plant, OrderKind::Open, now);
        assert_eq!(closing_loop(&plant), Loop::Clear);

        let open = now + CONFIG.travel;
        plant.handle_timeout(open);
        assert_eq!(closing_loop(&plant), Loop::Occupied);

        plant.handle_timeout(open + CONFIG.passage - Duration::from_millis(1));
        assert_eq!(closing_loop(&plant), Loop::Occupied);
        plant.handle_timeout(open + CONFIG.passage);
        assert_eq!(closing_loop(&plant), Loop::Clear);
        assert_eq!(plant.visit(), Visit::None);
        let Tally { passed, backed_out, opened, .. } = plant.tally();
        assert_eq!((passed, backed_out, opened), (1, 0, 1));
    }

    #[test]
    fn an_order_to_close_over_a_vehicle_is_remembered() {
        let (mut plant, now) = fresh();
        order(&mut plant, OrderKind::Open, now);
        let open = now + CONFIG.travel;
        plant.handle_timeout(open);
        plant.place(Vehicle::Present, open);

        order(&mut plant, OrderKind::Close, open + Duration::from_millis(300));
        order(&mut plant, OrderKind::Close, open + Duration::from_millis(200));

        assert_eq!(plant.tally().pressed, Duration::from_millis(300));
        assert_eq!(plant.tally().struck, 0);
    }

    #[test]
    fn a_vehicle_that_is_not_let_in_backs_out() {
        let (mut plant, now) = fresh();
        plant.arrive(now);

        plant.handle_timeout(now + CONFIG.patience);

        assert_eq!(plant.visit(), Visit::None);
        assert_eq!(plant.barrier.state().position, Position::Closed);
        assert_eq!((plant.tally().passed, plant.tally().backed_out), (0, 1));
    }

    #[test]
    fn a_vehicle_that_stands_under_the_boom_stays() {
        let (mut plant, now) = fresh();
        plant.place(Vehicle::Present, now);

        plant.handle_timeout(now + CONFIG.patience * 100);
        assert_eq!(closing_loop(&plant), Loop::Occupied);

        plant.place(Vehicle::Absent, now);
        assert_eq!(closing_loop(&plant), Loop::Clear);
    }

    #[test]
    fn a_vehicle_comes_over_one_loop_after_the_other() {
        let (mut plant, now) = fresh();
        plant.fit(Loops::Both, now);
        let loops = |plant: &Plant| {
            let state = plant.barrier.state();
            (state.arming_loop, state.closing_loop)
        };
        assert_eq!(loops(&plant), (Loop::Clear, Loop::Clear));

        plant.arrive(now);
        assert_eq!(loops(&plant), (Loop::Occupied, Loop::Clear));
        order(&mut plant, OrderKind::Open, now);
        let open = now + CONFIG.travel;
        plant.handle_timeout(open);
        assert_eq!(loops(&plant), (Loop::Occupied, Loop::Occupied));
        assert_eq!(plant.visit().due(open), Some(open + CONFIG.passage / 2));
        plant.handle_timeout(open + CONFIG.passage / 2);
        assert_eq!(loops(&plant), (Loop::Clear, Loop::Occupied));
        plant.handle_timeout(open + CONFIG.passage);
        assert_eq!(loops(&plant), (Loop::Clear, Loop::Clear));
    }

    fn fresh() -> (Plant, Instant) {
        let now = Instant::now();

        (Plant::new(CONFIG, now), now)
    }

    fn order(plant: &mut Plant, kind: OrderKind, now: Instant) {
        let line = to_line(&Order::new(kind, Seq::FIRST));

        plant.barrier_mut().receive(line.as_bytes(), now);
    }

    fn closing_loop(plant: &Plant) -> Loop {
        plant.barrier.state().closing_loop
    }
}
