//! Which reader is meant.

use std::path::Path;

use anyhow::{Result, bail};
use card_link::Settings;
use gate_agent::{CardReader, ReaderPort};

use crate::{devices::serial, site};

/// A reader to listen to.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) reader: CardReader,
    /// What the configuration says that it sends, where it says anything.
    pub(crate) configured: Option<Settings>,
}

impl Place {
    pub(crate) fn find(
        place: Option<&str>,
        baud: Option<u32>,
        config: Option<&Path>,
    ) -> Result<Self> {
        let mut found = match place {
            Some(port) if is_port(port) => Self::at(port),
            Some(name) => Self::of_gate(name, config)?,
            None => Self::only(config)?,
        };
        if let Some(baud) = baud {
            found.reader.baud = baud;
        }

        Ok(found)
    }

    fn at(port: &str) -> Self {
        let port = match port.starts_with("/dev/input/") {
            true => ReaderPort::Hid(port.to_owned()),
            false => ReaderPort::Serial(port.to_owned()),
        };

        Self { reader: CardReader::at(port), configured: None }
    }

    fn of_gate(name: &str, config: Option<&Path>) -> Result<Self> {
        let Some(reader) = site::gate(config, &name.parse()?)?.card_reader else {
            bail!(
                "{name} has no card reader in the configuration: name a port, such as /dev/ttyUSB0"
            );
        };
        if reader.port == ReaderPort::Simulated {
            bail!(
                "the card reader of {name} is simulated: it sends lines, and `manless sim` shows it cards"
            );
        }

        Ok(Self { configured: Some(reader.settings()), reader })
    }

    /// The one of the configuration, or the one that is plugged in.
    fn only(config: Option<&Path>) -> Result<Self> {
        let gates = site::gates(config)?;
        let readers: Vec<CardReader> = gates
            .into_values()
            .filter_map(|gate| gate.card_reader)
            .filter(|reader| reader.port != ReaderPort::Simulated)
            .collect();
        if let [reader] = readers.as_slice() {
            return Ok(Self { configured: Some(reader.settings()), reader: reader.clone() });
        }

        match serial::plugged_in().as_slice() {
            [port] => Ok(Self::at(port)),
            [] => bail!(
                "no serial port is plugged in: name the reader, such as /dev/input/by-id/…; `manless devices` lists what there is"
            ),
            ports => {
                bail!("there are several serial ports: name one of {}", ports.join(", "))
            }
        }
    }
}

/// A gate's name has no slash, colon or capital letter.
fn is_port(text: &str) -> bool {
    text.contains(['/', '\\', ':']) || text.starts_with("COM")
}
