//! What a hostile client may do.

use crate::peer::Guard;

/// The attacks, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attack {
    /// For comparison.
    Nothing,
    /// Connections that say nothing at all.
    SilentConnections,
    /// The same, where TLS is spoken.
    SilentTls,
    /// CONNECT at a byte a second.
    SlowConnect,
    /// A topic is flooded whose subscriber does not read.
    DeafSubscriber,
    /// Clients with ever new names come and go.
    Churn,
    /// Packets of 256 MB are announced and do not come.
    HugePackets,
    /// A thousand filters of a hundred levels, over and over.
    DeepFilters,
    /// Publishes that nobody may make.
    Forbidden,
    /// CONNECT with one password after the other.
    PasswordGuessing,
}

impl Attack {
    pub(super) const ALL: [Self; 10] = [
        Self::Nothing,
        Self::SilentConnections,
        Self::SilentTls,
        Self::SlowConnect,
        Self::DeafSubscriber,
        Self::Churn,
        Self::HugePackets,
        Self::DeepFilters,
        Self::Forbidden,
        Self::PasswordGuessing,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "undisturbed",
            Self::SilentConnections => "2,000 silent connections",
            Self::SilentTls => "2,000 silent connections to TLS",
            Self::SlowConnect => "CONNECT at a byte a second, 500 times",
            Self::DeafSubscriber => "flood to a subscriber that does not read",
            Self::Churn => "client ids come and go",
            Self::HugePackets => "packets of 256 MB announced",
            Self::DeepFilters => "1,000 filters of 100 levels",
            Self::Forbidden => "flood of forbidden publishes",
            Self::PasswordGuessing => "password guessing",
        }
    }

    /// What a broker is guarded with against whom it is tried.
    pub(super) fn guard(self) -> Guard {
        match self {
            Self::PasswordGuessing => Guard::Users,
            Self::SilentTls => Guard::Tls,
            Self::Nothing
            | Self::SilentConnections
            | Self::SlowConnect
            | Self::DeafSubscriber
            | Self::Churn
            | Self::HugePackets
            | Self::DeepFilters
            | Self::Forbidden => Guard::Nobody,
        }
    }
}
