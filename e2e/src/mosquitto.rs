//! Mosquitto's own clients, as an operator uses them.

use std::{net::SocketAddr, process::Command, time::Instant};

use serde_json::Value;

use crate::{
    Listener, PATIENCE, Wanted, eventually,
    program::{Program, system},
};

/// The version of MQTT that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 3.1.1.
    V311,
    /// 5.
    V5,
}

/// Both that an operator may have.
pub const VERSIONS: [Version; 2] = [Version::V311, Version::V5];

/// How a [`Subscriber`] has each message written: topic, retain flag and payload in hexadecimal.
const FORMAT: &str = "message %t %r %x";

/// A running `mosquitto_sub`.
#[derive(Debug)]
pub struct Subscriber {
    program: Program,
    read: usize,
}

/// A message as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Where it was published.
    pub topic: String,
    /// Whether the broker had kept it.
    pub retained: bool,
    /// The payload.
    pub bytes: Vec<u8>,
}

/// The beginning of a command line: which program, which broker, which version.
///
/// What it prints is seen at once, although it is no terminal that reads it.
pub fn client(name: &str, broker: SocketAddr, version: Version) -> Command {
    let mut command = system("stdbuf");
    command.args(["-oL", name]).args([
        "-h",
        &broker.ip().to_string(),
        "-p",
        &broker.port().to_string(),
    ]);
    command.args(["-V", version.argument()]);

    command
}

/// Publishes a message, and waits until the broker has it.
#[track_caller]
pub fn publish(broker: SocketAddr, topic: &str, message: &str) {
    let complaint = publish_with(broker, Version::V5, topic, &["-m", message]);

    assert_eq!(complaint, "", "mosquitto_pub complains");
}

/// Publishes with further arguments: what `mosquitto_pub` has to complain about.
#[track_caller]
pub fn publish_with(broker: SocketAddr, version: Version, topic: &str, args: &[&str]) -> String {
    let mut command = client("mosquitto_pub", broker, version);
    command.args(["-q", "1", "-t", topic]).args(args);
    let mut program = Program::start(command);

    assert_eq!(program.exit_code(), Some(0), "mosquitto_pub failed");
    program.stderr().all().concat()
}

/// Has a command sent until a gate takes it: the answer.
///
/// A gate that has only just subscribed refuses commands that do not say when they were sent.
#[track_caller]
pub fn taken(answers: &mut Subscriber, send: impl Fn()) -> Value {
    eventually("the gate takes the command", || {
        send();
        let answer = answers.hears(&Wanted::a("gate_control_response"));
        (answer["payload"]["code"] != "expired").then_some(answer)
    })
}

impl Version {
    fn argument(self) -> &'static str {
        match self {
            Self::V311 => "mqttv311",
            Self::V5 => "5",
        }
    }
}

impl Subscriber {
    /// Subscribes, and waits until the broker has said yes.
    #[track_caller]
    pub fn start(broker: SocketAddr, version: Version, filter: &str) -> Self {
        Self::start_with(broker, version, filter, &[])
    }

    /// Subscribes with further options, such as `--cafile`.
    #[track_caller]
    pub fn start_with(
        broker: SocketAddr,
        version: Version,
        filter: &str,
        options: &[String],
    ) -> Self {
        let mut command = client("mosquitto_sub", broker, version);
        command.args(options);
        command.args(["-q", "1", "-t", filter, "-F", FORMAT, "-d"]);
        let program = Program::start(command);

        let subscribed = |line: &str| line.starts_with("Subscribed").then_some(());
        let said = program.stdout().find(Instant::now() + PATIENCE, subscribed);
        assert!(said.is_some(), "mosquitto_sub did not subscribe");
        Self { program, read: 0 }
    }

    /// The next message, if one comes in time.
    pub fn next_published(&mut self, deadline: Instant) -> Option<Published> {
        loop {
            let line = self.program.stdout().after(self.read, deadline)?;
            self.read += 1;
            if let Some(published) = Published::read(&line) {
                return Some(published);
            }
        }
    }

    /// All that has arrived until now and was not read.
    pub fn pending(&mut self) -> Vec<Published> {
        let now = Instant::now();

        std::iter::from_fn(|| self.next_published(now)).collect()
    }
}

impl Listener for Subscriber {
    fn next_message(&mut self, deadline: Instant) -> Option<Value> {
        self.next_published(deadline).map(|published| published.json())
    }
}

impl Published {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("message ")?.split(' ');
        let (topic, retained) = (words.next()?.to_owned(), words.next()? == "1");
        let hex = words.next().unwrap_or_default().as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
        let bytes = hex.chunks(2).map(byte).collect::<Option<_>>()?;

        Some(Self { topic, retained, bytes })
    }

    /// The payload as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The payload as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}
