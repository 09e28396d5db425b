//! What a fuzzer makes up: a broker, and what several clients do to it.

use arbitrary::{Arbitrary, Result, Unstructured};

/// A whole run.
#[derive(Debug)]
pub struct Scenario {
    pub house: House,
    pub steps: Vec<Step>,
}

/// There are as many steps as there are bytes for: no byte ends them, or chance would soon.
impl<'a> Arbitrary<'a> for Scenario {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (house, mut steps) = (u.arbitrary()?, Vec::new());
        while !u.is_empty() && steps.len() < MOST_STEPS {
            steps.push(u.arbitrary()?);
        }

        Ok(Self { house, steps })
    }
}

/// A run is not to take too long.
const MOST_STEPS: usize = 120;

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
#[derive(Debug)]
pub enum Action {
    Connect(Introduction),
    Subscribe {
        id: u8,
        filters: Vec<(u8, u8)>,
        identifier: u8,
    },
    Unsubscribe {
        id: u8,
        filter: u8,
    },
    Publish(Letter),
    /// A burst of the same.
    PublishMany(Letter, u8),
    /// The answers that are due.
    Answer,
    /// From here on they are given at once, or not.
    AnswerAlways(bool),
    /// An answer that may not be due.
    Acknowledge {
        kind: u8,
        id: u8,
        code: u8,
    },
    Ping,
    Disconnect {
        code: u8,
        expiry: u8,
    },
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

/// What makes something happen is more frequent than what ends it.
impl<'a> Arbitrary<'a> for Action {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u8::arbitrary(u)? % 64 {
            0..10 => {
                Self::Subscribe { id: u.arbitrary()?, filters: few(u)?, identifier: u.arbitrary()? }
            }
            10..20 => Self::Publish(u.arbitrary()?),
            20..30 => Self::PublishMany(u.arbitrary()?, u.arbitrary()?),
            30..38 => Self::Connect(u.arbitrary()?),
            38..40 => Self::Unsubscribe { id: u.arbitrary()?, filter: u.arbitrary()? },
            40..43 => {
                Self::Acknowledge { kind: u.arbitrary()?, id: u.arbitrary()?, code: u.arbitrary()? }
            }
            43 => Self::Answer,
            44..46 => Self::AnswerAlways(u.arbitrary()?),
            46 => Self::Ping,
            47..49 => Self::Disconnect { code: u.arbitrary()?, expiry: u.arbitrary()? },
            49 => Self::Raw(few(u)?),
            50 => Self::StopReading,
            51 => Self::ReadSome(u.arbitrary()?),
            52..54 => Self::ReadOn,
            54..56 => Self::Drop,
            56..59 => Self::Settle,
            59..62 => Self::Advance(u.arbitrary()?),
            62 => Self::KillRouter,
            _ => Self::Restart,
        })
    }
}

/// Up to a handful, and how many is one byte.
fn few<'a, T: Arbitrary<'a>>(u: &mut Unstructured<'a>) -> Result<Vec<T>> {
    let count = u8::arbitrary(u)? % 40;

    (0..count.div_ceil(4)).map(|_| u.arbitrary()).collect()
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
    "a/b",
    "a",
    "a/b/c",
    "é/b",
    "a//c",
    "/",
    "$SYS/x",
    "parking/gate_1/gate_status",
    "parking/gate_1/gate_control",
    "parking/gate_2/gate_status",
    "parking/gate_1/parking_event",
    "b",
];

/// What is subscribed to.
pub const FILTERS: [&str; 24] = [
    "a/b",
    "+/b",
    "a/#",
    "a",
    "#",
    "+",
    "a/b/c",
    "a/+",
    "a/+/c",
    "+/+/#",
    "$SYS/#",
    "é/+",
    "$share/g/a/b",
    "$share/h/a/#",
    "$share/g/#",
    "$share/g/+",
    "parking/#",
    "parking/+/gate_status",
    "parking/gate_1/+",
    "parking/gate_1/gate_control",
    "a#",
    "",
    "$share/g",
    "1/2/3/4/5/6/7/8/9",
];

/// One of `all`, and more often one of the first.
pub fn pick_early<T: Copy>(all: &[T], index: u8) -> T {
    if index & 0x80 == 0 { pick(&all[..4], index) } else { pick(all, index) }
}

/// One of `all`.
pub fn pick<T: Copy>(all: &[T], index: u8) -> T {
    all[usize::from(index) % all.len()]
}
