//! What can be done to a simulated gate, and what can be wrong with it.

use std::{fmt, io, path::PathBuf, str::FromStr};

/// A device with a cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The controller of the barrier.
    Barrier,
    /// The card reader.
    CardReader,
}

/// The cable of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cable {
    /// It is pulled.
    Unplugged,
    /// It is plugged in, and no program has the device open.
    Idle,
    /// It is plugged in, and a program has the device open.
    InUse,
}

/// A simulated gate cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its devices cannot be made.
    #[error("cannot make the simulated devices in {path}", path = path.display())]
    Devices {
        /// Where they were to be.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its thread cannot be started.
    #[error("cannot start a thread for the simulated gate")]
    Thread(#[source] io::Error),
    /// This system has no pseudo-terminals.
    #[error("simulated devices need pseudo-terminals, which this system does not have")]
    Unsupported,
}

/// A card cannot be presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// No reader would read it.
    #[error("a card is 1 to 64 letters, digits or signs, without spaces")]
    Unreadable,
    /// The reader is unplugged, or no program has it open.
    #[error("nobody reads the card reader")]
    NobodyReads,
}

/// No vehicle can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DriveError {
    /// Its card cannot be presented.
    #[error(transparent)]
    Card(#[from] CardError),
    /// There is one already.
    #[error("there is a vehicle in the lane")]
    LaneTaken,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Barrier => "barrier",
            Self::CardReader => "card_reader",
        })
    }
}

/// There is no such device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a device is `barrier` or `card_reader`")]
pub struct DeviceError;

impl FromStr for Device {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        match text {
            "barrier" => Ok(Self::Barrier),
            "card_reader" => Ok(Self::CardReader),
            _ => Err(DeviceError),
        }
    }
}
