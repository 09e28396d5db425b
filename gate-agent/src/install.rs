//! The devices of a gate without its lane, for the person who installs it.
//!
//! The drivers are those that the agent runs; what the lane would be told, a person is told. There
//! is nobody here who decides: an order goes to the controller because a person has just asked for
//! it, and what the controller refuses stays refused.

mod camera;

use lane::{BarrierOrder, Input, Presence, Refusal};
use schemas::BarrierStatus;
use site_sim::Gate;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

pub use camera::{NoPicture, Picture, snap};

use crate::{
    barrier,
    board::Change,
    card_reader::{self, Line},
    config::{CardReader, Config, Port, ReaderPort},
    serial::LineEvent,
};

/// A person is slower than any device; 64 is a minute of readings.
const QUEUE: usize = 64;
/// A person orders one thing at a time.
const ORDERS: usize = 1;

/// The barrier and the card reader of a gate, each with its driver, until this is dropped.
#[derive(Debug)]
pub struct Bench {
    orders: mpsc::Sender<BarrierOrder>,
    inputs: mpsc::Receiver<Input>,
    changes: mpsc::Receiver<Change>,
    cancel: CancellationToken,
    _tasks: JoinSet<()>,
}

/// What the boom is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Go up.
    Open,
    /// Go down.
    Close,
    /// Stay where it is.
    Stop,
}

/// What a device of a gate said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The barrier's controller is there.
    Controller {
        /// What it calls its firmware.
        firmware: Option<String>,
    },
    /// The barrier's controller is not there, for this reason.
    NoController(String),
    /// How things are at the barrier.
    Barrier {
        /// Where the boom is.
        position: BarrierStatus,
        /// What the loop under the boom says.
        closing_loop: Loop,
    },
    /// The controller refused an order, for this reason.
    Refused(&'static str),
    /// The port of the card reader is open; what is wrong all the same.
    Reader(Option<String>),
    /// The card reader is not there, for this reason.
    NoReader(String),
    /// A card.
    Card(String),
}

/// What a loop says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    /// No loop is fitted.
    NotFitted,
    /// Nothing is there.
    Clear,
    /// A vehicle is there.
    Occupied,
}

/// A card reader, byte by byte.
#[derive(Debug)]
pub struct Listener {
    line: Line,
}

/// What a port said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It is open.
    Open,
    /// Bytes arrived.
    Bytes(Vec<u8>),
    /// It is gone, or was never there; it is tried again.
    Gone(String),
}

impl Bench {
    /// Starts the drivers. Nothing moves. `simulated` is where the simulated devices are.
    pub fn start(config: &Config, simulated: Option<&Gate>) -> Self {
        let (orders, barrier_orders) = mpsc::channel(ORDERS);
        let (lane, inputs) = mpsc::channel(QUEUE);
        let (board, changes) = mpsc::channel(QUEUE);
        let cancel = CancellationToken::new();
        let mut tasks = JoinSet::new();

        let path = barrier_path(config, simulated);
        let outputs = barrier::Outputs { lane: lane.clone(), board: board.clone() };
        let (barrier, token) = (config.barrier.clone(), cancel.clone());
        tasks.spawn(async move {
            let Ok(()) = barrier::run(path, barrier, barrier_orders, outputs, token).await;
        });

        if let Some(reader) = config.card_reader.clone() {
            let path = reader_path(&reader, simulated);
            let token = cancel.clone();
            tasks.spawn(async move {
                let Ok(()) = card_reader::run(path, reader, lane, board, token).await;
            });
        }

        Self { orders, inputs, changes, cancel, _tasks: tasks }
    }

    /// The next thing that a device says. Cancel-safe.
    pub async fn next(&mut self) -> Said {
        loop {
            let said = tokio::select! {
                biased;
                Some(change) = self.changes.recv() => of_change(change),
                Some(input) = self.inputs.recv() => of_input(input),
                else => std::future::pending().await,
            };

            if let Some(said) = said {
                return said;
            }
        }
    }

    /// Sends an order to the barrier's controller.
    pub async fn order(&self, order: Order) {
        let order = match order {
            Order::Open => BarrierOrder::Open,
            Order::Close => BarrierOrder::Close,
            Order::Stop => BarrierOrder::Stop,
        };

        // Fails only when the driver is gone, and then nothing is heard any more either.
        let _ = self.orders.send(order).await;
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Listener {
    /// Opens the port of `reader`, and again whenever it is lost. A simulated one is at
    /// `simulated`.
    pub fn open(reader: &CardReader, simulated: Option<&Gate>) -> Self {
        Self { line: Line::open(&reader_path(reader, simulated), reader) }
    }

    /// The next thing it says. Cancel-safe.
    pub async fn next(&mut self) -> Heard {
        match self.line.next().await {
            LineEvent::Up => Heard::Open,
            LineEvent::Bytes(bytes) => Heard::Bytes(bytes),
            LineEvent::Down(reason) => Heard::Gone(reason),
        }
    }
}

/// Where the barrier's controller is.
pub fn barrier_path(config: &Config, simulated: Option<&Gate>) -> String {
    match &config.barrier.port {
        Port::Serial(path) => path.clone(),
        Port::Simulated => {
            simulated.map_or_else(String::new, |gate| gate.barrier_path().display().to_string())
        }
    }
}

/// Where the card reader is.
pub fn reader_path(reader: &CardReader, simulated: Option<&Gate>) -> String {
    match &reader.port {
        ReaderPort::Serial(path) | ReaderPort::Hid(path) => path.clone(),
        ReaderPort::Simulated => {
            simulated.map_or_else(String::new, |gate| gate.card_reader_path().display().to_string())
        }
    }
}

fn of_change(change: Change) -> Option<Said> {
    let said = match change {
        Change::Barrier(health) if health.connected => {
            Said::Controller { firmware: health.firmware }
        }
        Change::Barrier(health) => Said::NoController(health.detail.unwrap_or_default()),
        Change::CardReader(health) => match (health.is_connected(), health.detail()) {
            (true, detail) => Said::Reader(detail),
            (false, detail) => Said::NoReader(detail.unwrap_or_default()),
        },
        Change::Camera(_) | Change::Lane(_) | Change::Asked => return None,
    };

    Some(said)
}

fn of_input(input: Input) -> Option<Said> {
    let said = match input {
        Input::Barrier(reading) => Said::Barrier {
            position: reading.position,
            closing_loop: match reading.presence {
                Presence::NotFitted => Loop::NotFitted,
                Presence::Clear => Loop::Clear,
                Presence::Occupied => Loop::Occupied,
            },
        },
        Input::BarrierRefused(_, refusal) => Said::Refused(match refusal {
            Refusal::Occupied => "its loop is occupied",
            Refusal::Emergency => "its fire contact is active",
            Refusal::Unable => "it is busy, has a fault, or did not understand",
        }),
        Input::Card(card) => Said::Card(card),
        // The board is told why.
        Input::BarrierLost | Input::Command(_) | Input::Verdict { .. } | Input::Clock(_) => {
            return None;
        }
    };

    Some(said)
}
