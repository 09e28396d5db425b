//! What an operator can set.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use access::Access;
use schemas::BridgeId;
use serde::Deserialize;
use service::config::ConfigError;

use crate::{http::Network, logins::LoginConfig, rate::Rate};

/// The section `[gateway]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where browsers connect. As long as there are no users this has to be a loopback address. Port 0
    /// takes any that is free.
    pub listen: SocketAddr,
    /// What the gateway is called among the gates. Give each its own where several run.
    pub name: BridgeId,
    /// Web pages of other hosts that may connect, such as `https://dashboard.example.org`. Pages
    /// from this host and from this machine always may.
    pub allowed_origins: Vec<String>,
    /// Further names under which browsers know this gateway, such as one in `/etc/hosts`. Where there
    /// are users and none is named, any name will do.
    pub allowed_hosts: Vec<String>,
    /// The certificate of the gateway; with it, it speaks HTTPS and nothing else.
    pub tls: Tls,
    /// Reverse proxies that say truly for whom they ask, in `X-Forwarded-For` and
    /// `X-Forwarded-Proto`. What others say there is not believed.
    pub trusted_proxies: Vec<Network>,
    /// How long logins of browsers last.
    pub logins: LoginConfig,
    /// What the gateway hears from the broker.
    pub subscribe: Subscribe,
    /// With [`Subscribe::Demand`]: how long a gate is still heard when nobody listens to it any more.
    #[serde(with = "humantime_serde")]
    pub linger: Duration,
    /// How often a client is asked whether it is still there. One that is silent twice as long
    /// is dropped.
    #[serde(with = "humantime_serde")]
    pub ping_every: Duration,
    /// How long a gate may take to answer a command at all.
    #[serde(with = "humantime_serde")]
    pub answer_within: Duration,
    /// Where commands and logins are recorded, `none` where they are not. Without it,
    /// `audit-NAME.jsonl` in the data directory.
    pub audit_file: AuditFile,
    /// A file of the audit log that is larger is left, and the next one begun.
    pub audit_file_bytes: u64,
    /// Files of the audit log that are kept besides the current one; 0 keeps all.
    pub audit_files: usize,
    /// Over how much time at most clients are sent away when the gateway stops, so that those of a
    /// large site do not all come to another one at once. Few are gone at once.
    #[serde(with = "humantime_serde")]
    pub drain: Duration,
    /// What clients, and all of them, may take up.
    pub limits: Limits,
}

/// What the gateway hears from the broker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subscribe {
    /// All that is said.
    #[default]
    Everything,
    /// Of each gate, whether it is there; all of it, while somebody listens.
    Demand,
}

/// Where the audit log is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "PathBuf")]
pub enum AuditFile {
    /// In the data directory, once it is said where that is; without one, nowhere.
    #[default]
    InDataDir,
    /// Nowhere.
    None,
    /// There.
    At(PathBuf),
}

/// The section `[gateway.tls]`.
///
/// The files are PEM. They are looked at every second and read again when they change; nobody is
/// disconnected for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The certificate, followed by those between it and its authority.
    pub certificate: PathBuf,
    /// The key of the certificate, without a password.
    pub key: PathBuf,
}

/// Bounds: what is beyond them is refused or forgotten, counted, and nobody else's problem.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections, WebSocket or not.
    pub connections: usize,
    /// Those of one address. Lower it where clients come from many addresses; behind a proxy all come
    /// from one.
    pub connections_per_address: usize,
    /// Connections that have not asked for anything yet. When there are more, the one that has been
    /// silent for longest is closed.
    pub handshakes: usize,
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
            tls: Tls::default(),
            trusted_proxies: Vec::new(),
            logins: LoginConfig::default(),
            subscribe: Subscribe::default(),
            linger: Duration::from_secs(30),
            ping_every: Duration::from_secs(20),
            answer_within: Duration::from_secs(2),
            audit_file: AuditFile::default(),
            audit_file_bytes: 10_000_000,
            audit_files: 100,
            drain: Duration::from_secs(5),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 12_000,
            connections_per_address: 12_000,
            handshakes: 1_000,
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
    /// Says where what has to outlive the gateway is kept, unless that is said for itself.
    #[must_use]
    pub fn in_data_dir(mut self, dir: &Path) -> Self {
        if self.audit_file == AuditFile::InDataDir {
            self.audit_file = AuditFile::At(dir.join(format!("audit-{}.jsonl", self.name)));
        }

        self
    }

    pub(crate) fn is_by_demand(&self) -> bool {
        self.subscribe == Subscribe::Demand
    }

    pub(crate) fn audit_limits(&self) -> audit::Limits {
        audit::Limits { file_bytes: self.audit_file_bytes, files: self.audit_files }
    }

    /// Checks what a type cannot say.
    ///
    /// # Errors
    ///
    /// The address is not a loopback one and there are no logins, or nobody could stay logged in.
    pub fn validate(&self, access: &Access) -> Result<(), ConfigError> {
        self.limits.validate()?;
        if !self.listen.ip().is_loopback() && !access.has_logins() {
            let reason = format!(
                "{} can be reached from other machines, and there are no users in {}: whoever \
                 reached it could open the gates. Use a loopback address such as 127.0.0.1:8000, or \
                 make logins: `manless user add NAME --role ROLE`",
                self.listen,
                access.file().display()
            );
            return Err(refused("gateway.listen", reason));
        }
        self.tls.validate()?;
        for (key, time) in [("idle", self.logins.idle), ("lifetime", self.logins.lifetime)] {
            if time.is_zero() {
                let reason = "a login that ends at once lets nobody in".to_owned();
                return Err(refused(&format!("gateway.logins.{key}"), reason));
            }
        }

        Ok(())
    }
}

impl AuditFile {
    /// The file, once it is known.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::InDataDir | Self::None => None,
            Self::At(path) => Some(path),
        }
    }
}

impl From<PathBuf> for AuditFile {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == "none" { Self::None } else { Self::At(path) }
    }
}

impl Tls {
    /// Whether there is to be TLS.
    pub(crate) fn is_wanted(&self) -> bool {
        *self != Self::default()
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let is_missing = |path: &PathBuf| self.is_wanted() && path.as_os_str().is_empty();
        if is_missing(&self.certificate) {
            let reason = "a key needs its certificate: name a PEM file, or make one with \
                          `manless tls init`";
            return Err(refused("gateway.tls.certificate", reason.to_owned()));
        }
        if is_missing(&self.key) {
            let reason = "a certificate needs its key: name a PEM file".to_owned();
            return Err(refused("gateway.tls.key", reason));
        }

        Ok(())
    }
}

impl Limits {
    fn validate(&self) -> Result<(), ConfigError> {
        let counts = [
            ("connections", self.connections),
            ("connections_per_address", self.connections_per_address),
            ("handshakes", self.handshakes),
        ];
        if let Some((key, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            let reason = "with 0 nothing works; 1 is the least".to_owned();
            return Err(refused(&format!("gateway.limits.{key}"), reason));
        }
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

fn refused(key: &str, reason: String) -> ConfigError {
    ConfigError::Refused { key: key.to_owned(), reason }
}
