//! What runs where, and what to try.

use std::{
    fmt,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
};

use access::Access;
use broker::Transport;
use schemas::{GateId, Root};
use service::mqtt;

/// What is printed once everything runs. Programs read the lines `MQTT`, `MQTTS`,
/// `WS` and `Dashboard`.
#[derive(Debug)]
pub(crate) struct Welcome {
    pub(crate) broker: Vec<(Transport, SocketAddr)>,
    /// How the broker is reached from here.
    pub(crate) mqtt: mqtt::Config,
    pub(crate) dashboard: String,
    pub(crate) root: Root,
    pub(crate) data_dir: PathBuf,
    pub(crate) logins: Logins,
    pub(crate) gates: Vec<(GateId, String)>,
    pub(crate) simulated: Vec<String>,
    /// How this program was called.
    pub(crate) program: String,
}

impl Welcome {
    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();

        write!(out, "{self}")?;
        out.flush()
    }

    /// The options of `mosquitto_pub` that lead into this broker.
    fn address(&self) -> String {
        let port = match self.mqtt.port() {
            1883 => String::new(),
            port => format!("-p {port} "),
        };
        let login = if self.logins == Logins::None { "" } else { "-u NAME -P PASSWORD " };

        match &self.mqtt.tls {
            Some(tls) => {
                format!("-h {} {port}--cafile {} {login}", self.mqtt.host, tls.ca.display())
            }
            None => format!("{port}{login}"),
        }
    }
}

/// What MQTT over this is called for short.
fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "MQTT",
        Transport::Tls => "MQTTS",
        Transport::WebSocket => "WS",
        Transport::WebSocketTls => "WSS",
    }
}

/// Whether clients have to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logins {
    None,
    Optional,
    Needed,
}

impl Logins {
    pub(crate) fn of(access: &Access) -> Self {
        match (access.has_logins(), access.anonymous()) {
            (false, _) => Self::None,
            (true, Some(_)) => Self::Optional,
            (true, None) => Self::Needed,
        }
    }
}

impl fmt::Display for Welcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { broker, dashboard, root, .. } = self;

        writeln!(f, "Manless runs.\n")?;
        for (transport, address) in broker {
            writeln!(f, "  {:<9}  {address}", name(*transport))?;
        }
        writeln!(f, "  Dashboard  {dashboard}")?;
        for (gate, devices) in &self.gates {
            writeln!(f, "  Gate       {gate}: {devices}")?;
        }
        writeln!(f, "  Data       {}", self.data_dir.display())?;
        let who = match self.logins {
            Logins::None => "For this machine alone: there are no logins.",
            Logins::Optional => "Whoever does not log in has the role of `access.anonymous`.",
            Logins::Needed => "Whoever comes has to log in.",
        };
        writeln!(f, "\n{who}")?;

        let Some((gate, _)) = self.gates.first() else { return Ok(()) };
        let at = self.address();
        writeln!(f, "\nTry, in another terminal:\n")?;
        writeln!(f, "  mosquitto_sub {at}-t '{root}/+/gate_status' -v")?;
        writeln!(f, "  mosquitto_pub {at}-t {root}/{gate}/gate_control -q 1 -m open")?;
        if let Some(gate) = self.simulated.first() {
            writeln!(f, "  {} sim {gate} drive 04A1B2C3", self.program)?;
        }

        writeln!(f, "\nCtrl-C stops it.")
    }
}
