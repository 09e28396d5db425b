//! What is measured, and with how much.

mod crowd;
mod fan;
mod idle;
mod latency;
mod storm;

use std::time::Duration;

pub(crate) use latency::{Beat, Latencies, Pace, Pair, connect, exchange, lateness};

use crate::{
    peer::{Bounds, Peer, Running},
    wire::{Qos, Version},
};
use fan::{Fan, Stop};
use idle::Idle;
use storm::Storm;

/// The groups in which scenarios can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Group {
    /// One publisher, one subscriber.
    OneToOne,
    /// One publisher, a hundred subscribers.
    OneToMany,
    /// A hundred publishers, one subscriber.
    ManyToOne,
    /// From sending to receiving, at 1,000 messages a second.
    Latency,
    /// 5,000 clients that connect and subscribe as fast as they can.
    Storm,
    /// Memory of 10,000 connections that do nothing.
    Idle,
    /// 60,000 messages of 4 KiB at once.
    Burst,
}

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Full,
    Quick,
}

/// One line or several of the table.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) group: Group,
    pub(crate) name: &'static str,
    load: Load,
}

#[derive(Debug, Clone)]
enum Load {
    Fan(Fan),
    Latency(Pace),
    Storm(Storm),
    Idle(Idle),
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measure {
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
}

/// What came out of one round with one peer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) measures: Vec<Measure>,
    /// What a figure alone would conceal.
    pub(crate) note: Option<String>,
}

impl Outcome {
    pub(crate) fn measure(mut self, what: &'static str, unit: &'static str, value: f64) -> Self {
        self.measures.push(Measure { what, unit, value });
        self
    }
}

impl Case {
    /// What a burst takes is only worth something while what may wait is bounded. Mosquitto would
    /// drop what does not fit, so its bounds are lifted all the same.
    pub(crate) fn bounds(&self, peer: Peer) -> Bounds {
        match (self.group, peer) {
            (Group::Burst, Peer::Ours) => Bounds::Default,
            (_, _) => Bounds::Lifted,
        }
    }

    pub(crate) async fn run(&self, broker: &Running, version: Version) -> anyhow::Result<Outcome> {
        match &self.load {
            Load::Fan(fan) => fan.run(broker, version).await,
            Load::Latency(pace) => pace.run(broker, version),
            Load::Storm(storm) => storm.run(broker, version).await,
            Load::Idle(idle) => idle.run(broker, version).await,
        }
    }
}

/// All there is, in the order of the table.
pub(crate) fn cases(extent: Extent) -> Vec<Case> {
    use Group::{Burst, Idle, Latency, ManyToOne, OneToMany, OneToOne, Storm};
    use Qos::{AtLeastOnce, AtMostOnce};
    let send_for = Duration::from_millis(match extent {
        Extent::Full => 2_000,
        Extent::Quick => 1_000,
    });
    let fan = |publishers, subscribers, qos, window| {
        Load::Fan(Fan {
            publishers,
            subscribers,
            qos,
            window,
            payload: 256,
            stop: Stop::After(send_for),
        })
    };
    let burst = |qos| {
        Load::Fan(Fan {
            publishers: 1,
            subscribers: 1,
            qos,
            window: 1_000,
            payload: 4_096,
            stop: Stop::Messages(60_000),
        })
    };
    let pace = |qos| Load::Latency(Pace { per_second: 1_000, lasting: send_for, qos });
    let case = |group, name, load| Case { group, name, load };

    vec![
        case(OneToOne, "one to one, QoS 0", fan(1, 1, AtMostOnce, 0)),
        case(OneToOne, "one to one, QoS 1, window 100", fan(1, 1, AtLeastOnce, 100)),
        case(OneToOne, "one to one, QoS 1, window 20", fan(1, 1, AtLeastOnce, 20)),
        case(OneToMany, "one to a hundred, QoS 0", fan(1, 100, AtMostOnce, 0)),
        case(OneToMany, "one to a hundred, QoS 1", fan(1, 100, AtLeastOnce, 100)),
        case(ManyToOne, "a hundred to one, QoS 0", fan(100, 1, AtMostOnce, 0)),
        case(ManyToOne, "a hundred to one, QoS 1", fan(100, 1, AtLeastOnce, 20)),
        case(Latency, "1,000 messages/s, QoS 0", pace(AtMostOnce)),
        case(Latency, "1,000 messages/s, QoS 1", pace(AtLeastOnce)),
        case(Storm, "5,000 clients connect", Load::Storm(storm::Storm { clients: 5_000 })),
        case(Idle, "10,000 idle", Load::Idle(idle::Idle::bare(10_000))),
        case(Idle, "10,000 idle, one filter each", Load::Idle(idle::Idle::subscribed(10_000))),
        case(Burst, "60,000 × 4 KiB, QoS 0", burst(AtMostOnce)),
        case(Burst, "60,000 × 4 KiB, QoS 1", burst(AtLeastOnce)),
    ]
}
