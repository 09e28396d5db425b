//! What can go wrong while a vehicle is at a gate.

use std::{fmt, time::Duration};

/// What goes wrong, or is unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The vehicle turns round.
    BacksOut,
    /// It breaks down under the boom, and goes on later.
    BreaksDown,
    /// The agent is killed, and started again.
    PowerCut,
    /// The cable of the barrier's controller is pulled.
    BarrierUnplugged,
    /// The cable of the card reader is pulled.
    ReaderUnplugged,
    /// The camera does not answer.
    CameraHangs,
    /// The boom is stuck.
    Jam,
    /// Somebody opens the boom by hand.
    OpenedByHand,
    /// There is a fire alarm.
    Fire,
}

/// When it goes wrong, counted from the arrival of the vehicle, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) fault: Fault,
    pub(crate) after: Duration,
    pub(crate) lasts: Duration,
}

const ALL: [Fault; 9] = [
    Fault::BacksOut,
    Fault::BreaksDown,
    Fault::PowerCut,
    Fault::BarrierUnplugged,
    Fault::ReaderUnplugged,
    Fault::CameraHangs,
    Fault::Jam,
    Fault::OpenedByHand,
    Fault::Fire,
];

impl Fault {
    /// Whether the agent may not have seen the vehicle on the loop.
    pub(crate) fn blinds(self) -> bool {
        matches!(self, Self::PowerCut | Self::BarrierUnplugged)
    }

    /// Whether a vehicle is let in by its card as on any day.
    pub(crate) fn leaves_cards_alone(self) -> bool {
        matches!(self, Self::BacksOut | Self::BreaksDown | Self::CameraHangs)
    }
}

impl Planned {
    pub(crate) fn by_chance(random: &mut fastrand::Rng) -> Self {
        let fault = ALL[random.usize(..ALL.len())];
        let mut between = |from: u64, to: u64| Duration::from_millis(random.u64(from..to));
        let (after, lasts) = match fault {
            Fault::BacksOut => (between(0, 60), Duration::ZERO),
            Fault::BreaksDown => (Duration::ZERO, between(500, 4000)),
            Fault::PowerCut => (between(0, 700), between(0, 3000)),
            Fault::BarrierUnplugged | Fault::ReaderUnplugged => {
                (between(0, 700), between(50, 4000))
            }
            Fault::CameraHangs => (Duration::ZERO, between(500, 8000)),
            // Longer than the agent waits for a movement.
            Fault::Jam => (between(0, 200), between(1500, 3000)),
            Fault::OpenedByHand => (between(0, 300), Duration::ZERO),
            Fault::Fire => (between(0, 700), between(500, 2000)),
        };

        Self { fault, after, lasts }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::BacksOut => "backed out",
            Self::BreaksDown => "broke down under the boom",
            Self::PowerCut => "power cut",
            Self::BarrierUnplugged => "barrier unplugged",
            Self::ReaderUnplugged => "reader unplugged",
            Self::CameraHangs => "camera hung",
            Self::Jam => "boom stuck",
            Self::OpenedByHand => "opened by hand",
            Self::Fire => "fire alarm",
        })
    }
}
