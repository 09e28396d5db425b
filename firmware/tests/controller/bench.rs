//! A controller on a bench: one of two that have to behave the same.

use std::time::{Duration, Instant};

use barrier_link::{Contact, Loop, ResetCause, to_line};
use firmware::{Config, Simulator};
use site_sim::{Barrier, Drive, Input};

pub(crate) const TRAVEL: Duration = Duration::from_secs(2);
/// After which whatever was said or done has had its effect: contacts are believed, answers are out.
const SETTLED: Duration = Duration::from_millis(50);

/// A controller whose time passes when it is told to.
pub(crate) struct Bench {
    controller: Controller,
    /// The last `STATE`: one that says the same again is a heartbeat.
    last: String,
}

enum Controller {
    Firmware(Simulator),
    Simulated(Box<Barrier>, Instant),
}

/// Something that happens to a controller.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Happens {
    Loop(bool),
    Manual(bool),
    Fire(bool),
    Jam(bool),
    Reset,
}

impl Bench {
    pub(crate) fn firmware() -> Self {
        Self::of(Controller::Firmware(Simulator::on_bench(Config::Barrier, TRAVEL)))
    }

    pub(crate) fn simulated() -> Self {
        let now = Instant::now();

        Self::of(Controller::Simulated(Box::new(Barrier::new(TRAVEL, now)), now))
    }

    fn of(controller: Controller) -> Self {
        Self { controller, last: String::new() }
    }

    /// The same, after it has introduced itself and its contacts are sure.
    pub(crate) fn ready(mut self) -> Self {
        self.after(2000).silently();
        self
    }

    /// The same with an open boom.
    pub(crate) fn open(self) -> Self {
        let mut bench = self.ready();
        bench.order("OPEN 1").silently();
        bench.after(2500).silently();
        bench
    }

    /// Sends an order as an agent does, with its checksum.
    pub(crate) fn order(&mut self, body: &str) -> &mut Self {
        self.send(to_line(&body).as_bytes())
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> &mut Self {
        match &mut self.controller {
            Controller::Firmware(simulator) => simulator.send(bytes),
            Controller::Simulated(barrier, now) => barrier.receive(bytes, *now),
        }
        self.pass(SETTLED)
    }

    pub(crate) fn when(&mut self, happens: Happens) -> &mut Self {
        match &mut self.controller {
            Controller::Firmware(simulator) => simulator.tell(&order(happens)),
            Controller::Simulated(barrier, now) => barrier.handle(input(happens), *now),
        }
        self.pass(SETTLED)
    }

    /// Lets time pass.
    pub(crate) fn after(&mut self, milliseconds: u64) -> &mut Self {
        self.pass(Duration::from_millis(milliseconds))
    }

    /// Lets time pass while an agent is there.
    pub(crate) fn watched(&mut self, milliseconds: u64) -> &mut Self {
        for _ in 0..milliseconds / 1000 {
            self.order("PING 60000").after(950);
        }
        self
    }

    fn pass(&mut self, time: Duration) -> &mut Self {
        match &mut self.controller {
            Controller::Firmware(simulator) => simulator.run(time),
            Controller::Simulated(barrier, now) => {
                let end = *now + time;
                while barrier.poll_timeout() <= end {
                    *now = barrier.poll_timeout().max(*now);
                    barrier.handle_timeout(*now);
                }
                *now = end;
            }
        }
        self
    }

    /// All that it has said.
    pub(crate) fn heard(&mut self) -> Vec<String> {
        match &mut self.controller {
            Controller::Firmware(simulator) => simulator.take_said(),
            Controller::Simulated(barrier, _) => barrier
                .take_output()
                .lines()
                .map(|line| line.rsplit_once('*').map_or(line, |(body, _)| body).to_owned())
                .collect(),
        }
    }

    /// Whether it has said this, besides heartbeats and the answers to them.
    #[track_caller]
    pub(crate) fn says<const N: usize>(&mut self, expected: [&str; N]) {
        assert_eq!(self.news(), expected);
    }

    pub(crate) fn silently(&mut self) {
        self.news();
    }

    fn news(&mut self) -> Vec<String> {
        let mut heard = self.heard();
        heard.retain(|line| {
            let again = *line == self.last;
            if line.starts_with("STATE") {
                self.last.clone_from(line);
            }
            !again && line != "OK 60000"
        });

        heard
    }
}

fn order(happens: Happens) -> String {
    let (what, on) = match happens {
        Happens::Loop(on) => ("loop", on),
        Happens::Manual(on) => ("manual", on),
        Happens::Fire(on) => ("fire", on),
        Happens::Jam(on) => ("jam", on),
        Happens::Reset => return "reset".to_owned(),
    };

    format!("{what} {}", if on { "on" } else { "off" })
}

fn input(happens: Happens) -> Input {
    let contact = |on| if on { Contact::Active } else { Contact::Idle };

    match happens {
        Happens::Loop(true) => Input::ClosingLoop(Loop::Occupied),
        Happens::Loop(false) => Input::ClosingLoop(Loop::Clear),
        Happens::Manual(on) => Input::Manual(contact(on)),
        Happens::Fire(on) => Input::Fire(contact(on)),
        Happens::Jam(true) => Input::Drive(Drive::Jammed),
        Happens::Jam(false) => Input::Drive(Drive::Runs),
        Happens::Reset => Input::Reset(ResetCause::External),
    }
}
