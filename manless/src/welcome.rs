//! What runs where, and what to try.

use std::{
    fmt,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
};

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
    pub(crate) has_logins: bool,
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
        let login = if self.has_logins { "-u NAME -P PASSWORD " } else { "" };

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
        match self.has_logins {
            false => writeln!(f, "\nFor this machine alone: there are no logins.")?,
            true => writeln!(f, "\nWhoever comes has to log in.")?,
        }

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
