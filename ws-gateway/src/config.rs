//! What an operator can set.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use schemas::BridgeId;
use serde::Deserialize;
use service::config::ConfigError;

use crate::rate::Rate;

/// The section `[gateway]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where browsers connect. As long as the gateway knows no logins this has to be a loopback
    /// address. Port 0 takes any that is free.
    pub listen: SocketAddr,
    /// What the gateway is called among the gates. Give each its own where several run.
    pub name: BridgeId,
    /// Web pages of other hosts that may connect, such as `https://dashboard.example.org`. Pages
    /// from this host and from this machine always may.
    pub allowed_origins: Vec<String>,
    /// Further names under which browsers know this gateway, such as one in `/etc/hosts`.
    pub allowed_hosts: Vec<String>,
    /// How often a client is asked whether it is still there. One that is silent twice as long
    /// is dropped.
    #[serde(with = "humantime_serde")]
    pub ping_every: Duration,
    /// How long a gate may take to answer a command at all.
    #[serde(with = "humantime_serde")]
    pub answer_within: Duration,
    /// What clients, and all of them, may take up.
    pub limits: Limits,
}

/// Bounds: what is beyond them is refused or forgotten, counted, and nobody else's problem.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections, WebSocket or not.
    pub connections: usize,
    /// Bytes of events that wait for one client. One that lets more wait is closed with 4008.
    pub queued_bytes: usize,
    /// Recent events that each channel keeps for clients that come back.
    pub recent_events: usize,
    /// Bytes of them.
    pub recent_bytes: usize,
    /// Recent pictures that are kept of each gate.
    pub pictures: usize,
    /// Bytes of them.
    pub picture_bytes: usize,
    /// Gates that are kept account of.
    pub gates: usize,
    /// Commands that one client may send. As many again that are urgent: `stop`, `emergency_open`.
    pub session_commands: Rate,
    /// Commands that all clients may send to one gate: so many that move it, and as many that ask
    /// for pictures, states or events. What is urgent is not counted.
    pub gate_commands: Rate,
    /// Who may watch streams at once.
    pub stream_viewers: usize,
    /// Who of them may come from one address. Behind a proxy, all may.
    pub stream_viewers_per_address: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8000).into(),
            name: BridgeId::default(),
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            ping_every: Duration::from_secs(20),
            answer_within: Duration::from_secs(2),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 12_000,
            queued_bytes: 1 << 20,
            recent_events: 10_000,
            recent_bytes: 8 << 20,
            pictures: 20,
            picture_bytes: 8 << 20,
            gates: 4_096,
            session_commands: Rate { per_second: 5.0, burst: 20 },
            gate_commands: Rate { per_second: 10.0, burst: 40 },
            stream_viewers: 100,
            stream_viewers_per_address: 20,
        }
    }
}

impl Config {
    /// Checks what a type cannot say.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.limits.validate()?;
        if self.listen.ip().is_loopback() {
            return Ok(());
        }

        Err(ConfigError::Refused {
            key: "gateway.listen".to_owned(),
            reason: format!(
                "{} can be reached from other machines, and the gateway knows no logins yet: \
                 whoever reaches it could open the gates. Use a loopback address such as 127.0.0.1:8000",
                self.listen
            ),
        })
    }
}

impl Limits {
    fn validate(&self) -> Result<(), ConfigError> {
        let rates =
            [("session_commands", self.session_commands), ("gate_commands", self.gate_commands)];

        match rates.into_iter().find(|(_, rate)| !rate.is_possible()) {
            None => Ok(()),
            Some((key, _)) => Err(ConfigError::Refused {
                key: format!("gateway.limits.{key}"),
                reason: "nobody could send a command: use numbers above 0, such as \
                         { per_second = 5, burst = 20 }"
                    .to_owned(),
            }),
        }
    }
}
