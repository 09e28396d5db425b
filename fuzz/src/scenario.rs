//! What a fuzzer makes up: a broker, and what several clients do to it.

use arbitrary::Arbitrary;

/// A whole run.
#[derive(Debug, Arbitrary)]
pub struct Scenario {
    pub house: House,
    pub steps: Vec<Step>,
}

/// What the broker is like.
#[derive(Debug, Arbitrary)]
pub struct House {
    /// Whether the limits are so low that they are met.
    pub tight: bool,
    /// Whether clients have to say who they are.
    pub logins: bool,
    /// Whether a client may only publish so fast.
    pub paced: bool,
}

/// One of the clients, or the world, does something.
#[derive(Debug, Arbitrary)]
pub struct Step {
    pub seat: u8,
    pub action: Action,
}

/// Numbers are taken modulo what there is.
#[derive(Debug, Arbitrary)]
pub enum Action {
    Connect(Introduction),
    Subscribe { id: u8, filters: Vec<(u8, u8)>, identifier: u8 },
    Unsubscribe { id: u8, filter: u8 },
    Publish(Letter),
    /// A burst of the same.
    PublishMany(Letter, u8),
    /// The answers that are due.
    Answer,
    /// From here on they are given at once, or not.
    AnswerAlways(bool),
    /// An answer that may not be due.
    Acknowledge { kind: u8, id: u8, code: u8 },
    Ping,
    Disconnect { code: u8, expiry: u8 },
    Raw(Vec<u8>),
    StopReading,
    ReadSome(u8),
    ReadOn,
    Drop,
    /// Everybody who can is heard out.
    Settle,
    Advance(u8),
    KillRouter,
    /// Stop, and start again from the store.
    Restart,
}

/// CONNECT, and the pipe that it comes through.
#[derive(Debug, Arbitrary)]
pub struct Introduction {
    pub version: u8,
    pub clean: bool,
    pub client_id: u8,
    pub user: u8,
    pub will: Option<(u8, u8, u8)>,
    pub expiry: u8,
    pub keep_alive: u8,
    pub receive_maximum: u8,
    pub maximum_packet_size: u8,
    pub alias_maximum: u8,
    pub room: u8,
}

/// PUBLISH.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Letter {
    pub topic: u8,
    pub qos: u8,
    pub retain: bool,
    pub dup: bool,
    pub id: u8,
    pub alias: u8,
    pub expiry: u8,
    pub adorned: bool,
    pub size: u8,
}

/// What is published to.
pub const TOPICS: [&str; 12] = [
    "a", "a/b", "a/b/c", "a//c", "/", "é/b", "$SYS/x",
    "parking/gate_1/gate_status", "parking/gate_1/gate_control", "parking/gate_2/gate_status",
    "parking/gate_1/parking_event", "b",
];

/// What is subscribed to.
pub const FILTERS: [&str; 24] = [
    "a", "a/b", "a/b/c", "#", "+", "+/b", "a/+", "a/#", "a/+/c", "+/+/#", "$SYS/#", "é/+",
    "$share/g/a/b", "$share/h/a/#", "$share/g/#", "$share/g/+", "parking/#", "parking/+/gate_status",
    "parking/gate_1/+", "parking/gate_1/gate_control", "a#", "", "$share/g", "1/2/3/4/5/6/7/8/9",
];

/// One of `all`.
pub fn pick<T: Copy>(all: &[T], index: u8) -> T {
    all[usize::from(index) % all.len()]
}
