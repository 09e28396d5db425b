//! Why a session ends.
//!
//! | code | when |
//! |---|---|
//! | 1001 | the gateway stops |
//! | 1002, 1007 | the client breaks the WebSocket protocol, sends what is not UTF-8 |
//! | 1008 | more than 20 bad frames in 10 s |
//! | 1009 | a message over 64 KiB |
//! | 4008 | the client reads too slowly: it comes back with `?after=` |
//! | 4401 | nobody is known by what was sent, or the login is not good any more |
//! | 4403 | who is known may not listen here, or an agent of the gate is online, so that a controller may not speak for it |
//! | 4409 | a newer connection of the same controller replaced this one |

use std::fmt;

use tokio_tungstenite::tungstenite::{
    Error,
    error::ProtocolError,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Left,
    Broken,
    Silent,
    Slow,
    GoingAway,
    Oversize,
    Flood,
    NotText,
    Protocol,
    Replaced,
    NotLoggedIn(String),
    NotAllowed(String),
}

impl End {
    /// What an error of the connection means.
    pub(crate) fn of(error: &Error) -> Self {
        if matches!(error, Error::ConnectionClosed | Error::AlreadyClosed) {
            Self::Left
        } else if matches!(error, Error::Capacity(_)) {
            Self::Oversize
        } else if matches!(error, Error::Utf8(_)) {
            Self::NotText
        } else if matches!(error, Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) {
            Self::Broken
        } else if matches!(error, Error::Protocol(_)) {
            Self::Protocol
        } else {
            Self::Broken
        }
    }

    /// What the client is told. `None`: there is nobody left to tell.
    pub(crate) fn close_frame(&self) -> Option<CloseFrame> {
        let code = match self {
            Self::Left | Self::Broken | Self::Silent => return None,
            Self::Slow => CloseCode::from(4008),
            Self::GoingAway => CloseCode::Away,
            Self::Oversize => CloseCode::Size,
            Self::Flood => CloseCode::Policy,
            Self::NotText => CloseCode::Invalid,
            Self::Protocol => CloseCode::Protocol,
            Self::Replaced => CloseCode::from(4409),
            Self::NotLoggedIn(_) => CloseCode::from(4401),
            Self::NotAllowed(_) => CloseCode::from(4403),
        };

        Some(CloseFrame { code, reason: self.to_string().into() })
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "the client left",
            Self::Broken => "the connection broke",
            Self::Silent => "the client went silent",
            Self::Slow => "too far behind: connect again with ?after= the last id you saw",
            Self::GoingAway => "the gateway stops",
            Self::Oversize => "a message may have at most 65536 bytes",
            Self::Flood => "too many frames that are not valid",
            Self::NotText => "a text frame that is not UTF-8",
            Self::Protocol => "a frame against the WebSocket protocol",
            Self::Replaced => "replaced by a newer connection of this controller",
            Self::NotLoggedIn(reason) | Self::NotAllowed(reason) => reason,
        })
    }
}
