//! Reason codes (2.4): what an MQTT 5 client is told, and what the log says of any client.

use std::fmt;

/// One of the standard's reason codes, as far as this broker uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Reason {
    Success = 0x00,
    GrantedQos1 = 0x01,
    GrantedQos2 = 0x02,
    NoSubscriptionExisted = 0x11,
    Malformed = 0x81,
    ProtocolError = 0x82,
    UnsupportedVersion = 0x84,
    ClientIdRefused = 0x85,
    BadUserNameOrPassword = 0x86,
    NotAuthorized = 0x87,
    ServerBusy = 0x89,
    ShuttingDown = 0x8b,
    BadAuthenticationMethod = 0x8c,
    KeepAliveTimeout = 0x8d,
    TakenOver = 0x8e,
    FilterInvalid = 0x8f,
    TopicInvalid = 0x90,
    PacketIdNotFound = 0x92,
    ReceiveMaximumExceeded = 0x93,
    AliasInvalid = 0x94,
    PacketTooLarge = 0x95,
    QuotaExceeded = 0x97,
    AdministrativeAction = 0x98,
    RateExceeded = 0x9f,
}

impl Reason {
    /// The byte on the wire of MQTT 5.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// Whether the code stands for a refusal (2.4: 0x80 and above).
    pub(crate) fn is_refusal(self) -> bool {
        self.code() >= 0x80
    }

    /// The return code of a CONNACK before MQTT 5 (3.1.1, 3.2.2.3), where five had to do for all.
    pub(crate) fn return_code(self) -> u8 {
        match self {
            Self::Success | Self::GrantedQos1 | Self::GrantedQos2 | Self::NoSubscriptionExisted => {
                0
            }
            Self::UnsupportedVersion => 1,
            Self::ClientIdRefused => 2,
            Self::ServerBusy | Self::ShuttingDown | Self::QuotaExceeded | Self::RateExceeded => 3,
            Self::BadUserNameOrPassword => 4,
            Self::Malformed
            | Self::ProtocolError
            | Self::NotAuthorized
            | Self::BadAuthenticationMethod
            | Self::KeepAliveTimeout
            | Self::TakenOver
            | Self::FilterInvalid
            | Self::TopicInvalid
            | Self::PacketIdNotFound
            | Self::ReceiveMaximumExceeded
            | Self::AliasInvalid
            | Self::PacketTooLarge
            | Self::AdministrativeAction => 5,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success | Self::GrantedQos1 | Self::GrantedQos2 => "success",
            Self::NoSubscriptionExisted => "no subscription existed",
            Self::Malformed => "malformed packet",
            Self::ProtocolError => "protocol error",
            Self::UnsupportedVersion => "unsupported protocol version",
            Self::ClientIdRefused => "client identifier not valid",
            Self::BadUserNameOrPassword => "bad user name or password",
            Self::NotAuthorized => "not authorized",
            Self::ServerBusy => "server busy",
            Self::ShuttingDown => "server shutting down",
            Self::BadAuthenticationMethod => "bad authentication method",
            Self::KeepAliveTimeout => "keep alive timeout",
            Self::TakenOver => "session taken over",
            Self::FilterInvalid => "topic filter invalid",
            Self::TopicInvalid => "topic name invalid",
            Self::PacketIdNotFound => "packet identifier not found",
            Self::ReceiveMaximumExceeded => "receive maximum exceeded",
            Self::AliasInvalid => "topic alias invalid",
            Self::PacketTooLarge => "packet too large",
            Self::QuotaExceeded => "quota exceeded",
            Self::AdministrativeAction => "administrative action",
            Self::RateExceeded => "connection rate exceeded",
        })
    }
}
