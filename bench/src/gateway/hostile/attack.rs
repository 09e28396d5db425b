//! What a hostile client of a gateway may do.

/// The attacks, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attack {
    /// For comparison.
    Nothing,
    /// Connections that say nothing at all.
    SilentConnections,
    /// Requests at a byte a second.
    SlowHandshake,
    /// Clients that listen and never read nor answer.
    HalfOpen,
    /// Clients come and go.
    Churn,
    /// Pings without a pause, whose pongs are read.
    Pings,
    /// The same, and no pong is ever read.
    PingsUnread,
    /// Frames of 2^62 bytes are announced and do not come.
    HugeFrames,
    /// A message in fragments of one byte that never ends.
    Fragments,
    /// Messages that are none of the contract.
    Nonsense,
}

impl Attack {
    pub(super) const ALL: [Self; 10] = [
        Self::Nothing,
        Self::SilentConnections,
        Self::SlowHandshake,
        Self::HalfOpen,
        Self::Churn,
        Self::Pings,
        Self::PingsUnread,
        Self::HugeFrames,
        Self::Fragments,
        Self::Nonsense,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "undisturbed",
            Self::SilentConnections => "2,000 silent connections",
            Self::SlowHandshake => "handshake at a byte a second, 500 times",
            Self::HalfOpen => "500 clients that neither read nor answer",
            Self::Churn => "clients come and go",
            Self::Pings => "4 floods of pings",
            Self::PingsUnread => "4 floods of pings, pongs unread",
            Self::HugeFrames => "frames of 2^62 bytes announced",
            Self::Fragments => "4 messages of endless fragments",
            Self::Nonsense => "4 floods of nonsense",
        }
    }

    /// What is counted.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::Nothing => "attacks",
            Self::SilentConnections | Self::SlowHandshake | Self::HalfOpen => "connections made",
            Self::Churn => "clients came and went",
            Self::Pings | Self::PingsUnread => "pings sent",
            Self::HugeFrames => "frames announced",
            Self::Fragments => "fragments sent",
            Self::Nonsense => "messages sent",
        }
    }
}
