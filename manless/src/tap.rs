//! `manless tap`: everything that is said at a site, as it is said, line by line.
//!
//! ```text
//! broker ──▶ subscription ──▶ feed ──heard──▶ a thread that writes: who does not read stops the feed, not Ctrl-C
//! ```

mod feed;
mod lines;

use std::{
    env,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, Result};
use clap::ValueEnum;
use schemas::{GateId, Kind, MessageType, Root, Topic};
use service::{config::Settings, signal};
use tokio::sync::{mpsc, oneshot};

use crate::subscription::{Subscription, broker_of};
use feed::{Feed, Heard};
use lines::Style;

/// More messages than this wait with the broker.
const QUEUE: usize = 256;

/// What is listened to.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    manless tap                                  all that is said at the site\n  \
    manless tap gate_in --direction to           what is commanded at one gate\n  \
    manless tap --type gate_status --json | jq .message.payload.status\n\n\
    Colours: on a terminal, unless NO_COLOR is set")]
pub(crate) struct Args {
    /// One gate; without it, all of them, and the gateways.
    gate: Option<GateId>,
    /// Messages of this type alone, such as gate_status; may be said several times.
    #[arg(long = "type", value_name = "TYPE", value_parser = message_type)]
    types: Vec<MessageType>,
    /// What gates say, or what is said to them.
    #[arg(long)]
    direction: Option<Direction>,
    /// One JSON object a line: the topic, when it came, and the message as it was.
    #[arg(long)]
    json: bool,
    /// The configuration of the site, which says where the broker is.
    #[arg(long, env = "MANLESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Direction {
    /// States, events, answers and pictures.
    From,
    /// Commands.
    To,
}

/// Which messages are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    gate: Option<GateId>,
    types: Vec<MessageType>,
    direction: Option<Direction>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let wanted = Wanted { gate: args.gate, types: args.types, direction: args.direction };

    listen(wanted, args.json, args.config.as_deref())
}

#[tokio::main(flavor = "current_thread")]
async fn listen(wanted: Wanted, json: bool, config: Option<&Path>) -> Result<()> {
    let settings = Settings::load(config, env::vars())?;
    let stop = signal::shutdown().context("cannot listen for signals")?;
    let mqtt = broker_of(&settings)?;
    mqtt.validate()?;
    let root: Root = settings.read("root")?;
    let subscription = Subscription { mqtt, name: "tap", filters: feed::filters(&root, &wanted) };
    let mut feed = Feed { root, wanted, broker: subscription.broker(), is_lost: false };
    let style = match json {
        true => Style::Json,
        false if has_colours() => Style::Coloured,
        false => Style::Plain,
    };

    let (heard, lines) = mpsc::channel(QUEUE);
    let (done, written) = oneshot::channel();
    thread::Builder::new()
        .name("lines".to_owned())
        .spawn(move || {
            write(lines, style);
            // Whoever was told to stop does not listen any more.
            let _ = done.send(());
        })
        .context("cannot start a thread")?;

    tokio::select! {
        written = written => written.context("nobody writes any more"),
        () = subscription.run(heard, |news| feed.sort(news)) => Ok(()),
        () = stop => Ok(()),
    }
}

/// Writes until there is nobody left who reads.
fn write(mut lines: mpsc::Receiver<Heard>, style: Style) {
    while let Some(heard) = lines.blocking_recv() {
        let text = match &heard {
            Heard::Link(said) => {
                // What a program reads are messages, and nothing else.
                let _ = writeln!(io::stderr(), "{said}");
                continue;
            }
            Heard::Message(message) => style.line(message),
        };
        let mut out = io::stdout().lock();
        // Whoever has read enough, such as `head`, is no failure.
        if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

fn has_colours() -> bool {
    let is_unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());

    io::stdout().is_terminal() && !is_unwanted
}

fn message_type(text: &str) -> Result<MessageType, String> {
    let all = || MessageType::ALL.map(|kind| kind.as_str()).join(", ");

    text.parse().map_err(|_| format!("the types are {}", all()))
}

impl Direction {
    pub(crate) fn of(kind: MessageType) -> Self {
        match kind.kind() {
            Kind::Command => Self::To,
            Kind::State | Kind::Event | Kind::Answer | Kind::Picture => Self::From,
        }
    }
}

impl Wanted {
    /// What cannot be sorted is shown as long as nothing is said about sorts.
    fn wants(&self, topic: Option<&Topic>) -> bool {
        let Some(topic) = topic else {
            return self.gate.is_none() && self.types.is_empty() && self.direction.is_none();
        };
        let is_gate = self
            .gate
            .as_ref()
            .is_none_or(|gate| matches!(topic, Topic::Gate(found, _) if found == gate));

        is_gate && self.wants_type(topic.message_type())
    }

    fn wants_type(&self, kind: MessageType) -> bool {
        let is_type = self.types.is_empty() || self.types.contains(&kind);

        is_type && self.direction.is_none_or(|direction| direction == Direction::of(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_can_be_narrowed() {
        let state = topic("gate_in", MessageType::GateStatus);
        let command = topic("gate_in", MessageType::GateControl);
        let wants = |gate: Option<&str>, types: &[MessageType], direction| Wanted {
            gate: gate.map(|gate| gate.parse().unwrap()),
            types: types.to_vec(),
            direction,
        };

        for (wanted, expected) in [
            (wants(None, &[], None), (true, true, true)),
            (wants(Some("gate_in"), &[], None), (true, true, false)),
            (wants(Some("gate_out"), &[], None), (false, false, false)),
            (wants(None, &[MessageType::GateStatus], None), (true, false, false)),
            (wants(None, &[], Some(Direction::To)), (false, true, false)),
            (wants(None, &[], Some(Direction::From)), (true, false, false)),
        ] {
            let found =
                (wanted.wants(Some(&state)), wanted.wants(Some(&command)), wanted.wants(None));
            assert_eq!(found, expected, "{wanted:?}");
        }
    }

    fn topic(gate: &str, kind: MessageType) -> Topic {
        Topic::Gate(gate.parse().unwrap(), kind)
    }
}
