//! The conversation with a barrier controller, without the port: what to say, and what was heard.
//!
//! | heard | when | means |
//! |---|---|---|
//! | `STATE` | first since the port opened | it is there: found, then its reading |
//! | `STATE` | later | its reading |
//! | `HELLO` | after the `OK` to ours | its firmware |
//! | `HELLO` | at any other time | it started anew: lost, and found again with its next `STATE` |
//! | `NO` | to an order that moves | refused |
//! | nothing | for [`SILENCE`] | lost |

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use barrier_link::{
    Cause, Checksums, HEARTBEAT, LineDecoder, Loop, Order, OrderKind, Position, Report, Seq, State,
    to_line,
};
use lane::{BarrierOrder, Mover, Presence, Reading, Refusal};
use schemas::BarrierStatus;
use tracing::{debug, info};

use super::conversation::{Conversation, Heard, Step};

/// Three heartbeats missed.
const SILENCE: Duration = Duration::from_secs(3);
/// Answers come in order; more than a few open questions means that they never will.
const OPEN_ORDERS: usize = 16;

#[derive(Debug)]
pub(crate) struct Controller {
    decoder: LineDecoder<Report>,
    seq: Seq,
    open_orders: VecDeque<(Seq, OrderKind)>,
    contact: Contact,
    /// It has accepted our `HELLO`: its own is next.
    asked: bool,
    firmware: Option<String>,
    /// When the next heartbeat is due.
    beat: Instant,
}

/// Whether the controller is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contact {
    Lost,
    Since(Instant),
}

impl Controller {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            decoder: LineDecoder::new(Checksums::Required),
            seq: Seq::FIRST,
            open_orders: VecDeque::new(),
            contact: Contact::Lost,
            asked: false,
            firmware: None,
            beat: now,
        }
    }

    /// What to say to a port that was just opened: opening it may have reset the controller.
    fn greet(&mut self) -> Vec<u8> {
        self.decoder.reset();

        [self.say(OrderKind::Hello), self.say(OrderKind::Status)].concat()
    }

    /// The heartbeat. A controller that missed the greeting while it started is greeted again.
    fn ping(&mut self) -> Vec<u8> {
        match self.contact {
            Contact::Lost => self.greet(),
            Contact::Since(_) => self.say(OrderKind::Ping),
        }
    }

    fn order(&mut self, order: BarrierOrder) -> Vec<u8> {
        self.say(match order {
            BarrierOrder::Open => OrderKind::Open,
            BarrierOrder::Close => OrderKind::Close,
            BarrierOrder::Stop => OrderKind::Stop,
        })
    }

    fn on_silence(&mut self, now: Instant) -> Option<Vec<Heard>> {
        match self.contact {
            Contact::Since(at) if now.saturating_duration_since(at) >= SILENCE => {
                Some(self.on_down("it has not reported for 3 seconds".to_owned()))
            }
            Contact::Since(_) | Contact::Lost => None,
        }
    }

    fn on_report(&mut self, report: Report, now: Instant, heard: &mut Vec<Heard>) {
        match report {
            Report::State(state) => {
                if self.contact == Contact::Lost {
                    heard.push(Heard::Found(self.firmware.clone()));
                }
                self.contact = Contact::Since(now);
                heard.push(Heard::Reading(reading(&state)));
            }
            Report::Hello(hello) => {
                let firmware = hello.firmware.to_string();
                if self.firmware.as_ref() != Some(&firmware) {
                    info!(firmware, reset = %hello.reset, "Barrier controller");
                }
                self.on_hello(firmware, heard);
            }
            Report::Ok(seq) => self.asked |= self.close_order(seq) == Some(OrderKind::Hello),
            Report::Refused { seq, reason } => {
                info!(%reason, "The barrier controller refused an order");
                if let Some(order) = self.close_order(seq).and_then(movement) {
                    heard.push(Heard::Refused(order, refusal(reason)));
                }
            }
        }
    }

    fn on_hello(&mut self, firmware: String, heard: &mut Vec<Heard>) {
        let asked = std::mem::take(&mut self.asked);
        self.firmware = Some(firmware);

        match self.contact {
            Contact::Lost => {}
            Contact::Since(_) if asked => heard.push(Heard::Found(self.firmware.clone())),
            Contact::Since(_) => {
                self.contact = Contact::Lost;
                self.open_orders.clear();
                heard.push(Heard::Lost("the controller has started anew".to_owned()));
            }
        }
    }

    fn say(&mut self, kind: OrderKind) -> Vec<u8> {
        self.seq = self.seq.next();
        if self.open_orders.len() == OPEN_ORDERS {
            self.open_orders.pop_front();
        }
        self.open_orders.push_back((self.seq, kind));

        to_line(&Order::new(kind, self.seq)).into_bytes()
    }

    /// Which order an answer is about. Those before it will not be answered any more.
    fn close_order(&mut self, seq: Option<Seq>) -> Option<OrderKind> {
        let at = self.open_orders.iter().position(|(open, _)| Some(*open) == seq)?;

        self.open_orders.drain(..=at).next_back().map(|(_, kind)| kind)
    }
}

impl Conversation for Controller {
    fn on_up(&mut self, _now: Instant) -> Step {
        Step::say(self.greet())
    }

    fn on_order(&mut self, order: BarrierOrder, _now: Instant) -> Step {
        Step::say(self.order(order))
    }

    fn on_bytes(&mut self, bytes: &[u8], now: Instant) -> Vec<Heard> {
        let mut heard = Vec::new();

        for byte in bytes {
            match self.decoder.push(*byte) {
                Some(Ok(report)) => self.on_report(report, now, &mut heard),
                Some(Err(error)) => debug!(%error, "Noise from the barrier controller"),
                None => {}
            }
        }

        heard
    }

    fn on_down(&mut self, reason: String) -> Vec<Heard> {
        self.contact = Contact::Lost;
        self.firmware = None;
        self.open_orders.clear();
        self.asked = false;

        vec![Heard::Lost(reason)]
    }

    fn due(&self) -> Instant {
        self.beat
    }

    fn on_due(&mut self, now: Instant) -> Step {
        self.beat = now + HEARTBEAT;

        match self.on_silence(now) {
            Some(heard) => Step::heard(heard),
            None => Step::say(self.ping()),
        }
    }
}

fn reading(state: &State) -> Reading {
    Reading {
        position: match state.position {
            Position::Closed => BarrierStatus::Closed,
            Position::Opening => BarrierStatus::Opening,
            Position::Open => BarrierStatus::Open,
            Position::Closing => BarrierStatus::Closing,
            Position::Stopped => BarrierStatus::Stopped,
            Position::Unknown => BarrierStatus::Unknown,
        },
        presence: presence(state.closing_loop),
        arming: presence(state.arming_loop),
        mover: match state.moved_by {
            Cause::None => Mover::Nobody,
            Cause::Order => Mover::Order,
            Cause::Manual | Cause::Fire => Mover::Hand,
            Cause::Timer | Cause::Safety => Mover::Itself,
        },
    }
}

fn presence(reading: Loop) -> Presence {
    match reading {
        Loop::Clear => Presence::Clear,
        Loop::Occupied => Presence::Occupied,
        Loop::NotFitted => Presence::NotFitted,
    }
}

fn movement(kind: OrderKind) -> Option<BarrierOrder> {
    match kind {
        OrderKind::Open => Some(BarrierOrder::Open),
        OrderKind::Close => Some(BarrierOrder::Close),
        OrderKind::Stop => Some(BarrierOrder::Stop),
        OrderKind::Status | OrderKind::Ping | OrderKind::Hello => None,
    }
}

fn refusal(reason: barrier_link::Refusal) -> Refusal {
    match reason {
        barrier_link::Refusal::Occupied => Refusal::Occupied,
        barrier_link::Refusal::Emergency => Refusal::Emergency,
        barrier_link::Refusal::Fault
        | barrier_link::Refusal::Busy
        | barrier_link::Refusal::Unknown
        | barrier_link::Refusal::Garbled => Refusal::Unable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: &str = "STATE closed loop=0 arming=- manual=0 fire=0 by=none";
    const HELLO: &str = "HELLO manless-barrier 1 fw=1.0.0 reset=watchdog";

    #[test]
    fn the_first_state_says_that_it_is_there() {
        let mut controller = Controller::new(Instant::now());

        let heard = hear(&mut controller, &[CLOSED], Instant::now());

        assert!(matches!(heard[..], [Heard::Found(None), Heard::Reading(_)]), "{heard:?}");
        assert!(matches!(
            hear(&mut controller, &[CLOSED], Instant::now())[..],
            [Heard::Reading(_)]
        ));
    }

    #[test]
    fn an_order_that_is_refused_says_why() {
        let mut controller = found();
        let order = String::from_utf8(controller.order(BarrierOrder::Close)).unwrap();
        let seq = order.trim_start_matches("CLOSE ").split('*').next().unwrap();

        let heard = hear(&mut controller, &[&format!("NO {seq} occupied")], Instant::now());

        assert_eq!(heard, [Heard::Refused(BarrierOrder::Close, Refusal::Occupied)]);
    }

    #[test]
    fn a_controller_that_starts_anew_is_lost_and_found() {
        let mut controller = found();
        controller.order(BarrierOrder::Open);

        let heard = hear(&mut controller, &[HELLO, CLOSED], Instant::now());

        assert!(
            matches!(&heard[..], [Heard::Lost(_), Heard::Found(Some(fw)), Heard::Reading(_)] if fw == "1.0.0"),
            "{heard:?}"
        );
    }

    #[test]
    fn three_missed_heartbeats_are_a_lost_controller() {
        let start = Instant::now();
        let mut controller = Controller::new(Instant::now());
        hear(&mut controller, &[CLOSED], start);

        assert_eq!(controller.on_silence(start + SILENCE - Duration::from_millis(1)), None);
        assert!(controller.on_silence(start + SILENCE).is_some());
        assert_eq!(controller.on_silence(start + SILENCE * 2), None, "told once");
    }

    #[test]
    fn noise_is_not_a_reading() {
        let mut controller = found();

        assert_eq!(controller.on_bytes(b"\xff\xfeSTATE up\nSTA\n", Instant::now()), []);
    }

    fn found() -> Controller {
        let mut controller = Controller::new(Instant::now());
        controller.greet();
        hear(&mut controller, &["OK 2", HELLO, "OK 3", CLOSED], Instant::now());
        controller
    }

    /// Lines as the controller sends them, with their checksums.
    fn hear(controller: &mut Controller, lines: &[&str], now: Instant) -> Vec<Heard> {
        let bytes: String = lines.iter().map(to_line).collect();

        controller.on_bytes(bytes.as_bytes(), now)
    }
}
