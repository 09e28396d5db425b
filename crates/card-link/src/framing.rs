//! How a reader shows where a card begins and ends.

use std::time::Duration;

use serde::Deserialize;

/// How a reader shows where a card begins and ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// A line of text for each card.
    #[default]
    Lines,
    /// RDM6300, RDM630 and other EM4100 modules with text and a checksum.
    Rdm6300,
    /// Modules for EM and Mifare that send a length, bytes and a checksum.
    BinaryModule,
    /// 26 bits of Wiegand, in 4 bytes.
    Wiegand26,
    /// 34 bits of Wiegand, in 5 bytes.
    Wiegand34,
}

impl Framing {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Lines, Self::Rdm6300, Self::BinaryModule, Self::Wiegand26, Self::Wiegand34];

    /// The word that stands for it in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Rdm6300 => "rdm6300",
            Self::BinaryModule => "binary_module",
            Self::Wiegand26 => "wiegand26",
            Self::Wiegand34 => "wiegand34",
        }
    }

    /// A frame whose next byte comes later than this was cut.
    ///
    /// A reader sends a frame in some 20 ms. Where a checksum tells right from wrong, there is no
    /// hurry, and a busy machine may deliver the bytes late; Wiegand has nothing but the pause.
    pub const fn pause(self) -> Duration {
        match self {
            Self::Lines | Self::Rdm6300 | Self::BinaryModule => Duration::from_secs(1),
            Self::Wiegand26 | Self::Wiegand34 => Duration::from_millis(100),
        }
    }
}
