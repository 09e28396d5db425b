//! One TOML file for all programs, then the environment; unknown keys are errors.
//!
//! Each program reads the sections that it needs. A variable `MANLESS_BROKER__LISTEN` sets the
//! key `listen` of the section `broker`. The names of the old system keep working:
//!
//! | variable | sets |
//! |---|---|
//! | `BACKEND_HOST`, `BACKEND_PORT` | `mqtt.host`, `mqtt.port` |
//! | `WEBSOCKET_HOST`, `WEBSOCKET_PORT` | the two parts of `gateway.listen` |
//!
//! `GATE_ID` belongs to the arguments of `gate-agent`.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

const PREFIX: &str = "MANLESS_";
/// Belongs to the arguments: it names the file.
const FILE: &str = "MANLESS_CONFIG";
/// Everything that may stand at the top of the file.
const KEYS: [&str; 9] =
    ["root", "data_dir", "log", "access", "mqtt", "broker", "gateway", "gates", "home_assistant"];
const GATEWAY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8000);

const DATA_DIR: &str = "manless-data";

/// What the file and the environment say, before anybody has read his section.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    origin: String,
    table: Table,
}

/// The configuration cannot be used. A program that meets it exits with 78 (`EX_CONFIG` of
/// `sysexits.h`).
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration {path} is not TOML")]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A key at the top that no program knows.
    #[error("unknown key `{key}` in {origin}: the keys are {}", KEYS.join(", "))]
    UnknownKey {
        /// Where it was read from.
        origin: String,
        /// The key.
        key: String,
    },
    /// A variable points into something that is not a section.
    #[error("the variable {variable} points into `{parent}`, which is not a section")]
    NotASection {
        /// The variable.
        variable: String,
        /// What it points into.
        parent: String,
    },
    /// A variable of the old system has a value that it cannot have.
    #[error("the variable {variable} cannot be `{value}`: {reason}")]
    Variable {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        reason: &'static str,
    },
    /// A section has an unknown key, or a value that it cannot have.
    #[error("`{key}` in {origin} is not valid")]
    Invalid {
        /// Where it was read from.
        origin: String,
        /// The section or key.
        key: String,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },
    /// Each value is possible, and what they mean is refused.
    #[error("`{key}` is refused: {reason}")]
    Refused {
        /// The key.
        key: String,
        /// Why, and what to do.
        reason: String,
    },
}

impl Settings {
    /// Reads `file`, if there is one, and then the environment.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is not TOML, or a key at its top is unknown.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let (origin, mut table) = match file {
            Some(path) => (path.display().to_string(), read(path)?),
            None => ("the environment".to_owned(), Table::new()),
        };

        let env: Vec<(String, String)> = env.into_iter().collect();
        take_old_names(&mut table, &env)?;
        for (variable, text) in &env {
            if let Some(path) = variable.strip_prefix(PREFIX).filter(|_| variable != FILE) {
                set(&mut table, variable, &path.to_lowercase(), literal(text))?;
            }
        }
        if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(ConfigError::UnknownKey { origin, key: key.clone() });
        }

        Ok(Self { origin, table })
    }

    /// Whether somebody has said anything about `key`.
    pub fn mentions(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Reads one section or value; its default, where nobody has said anything.
    ///
    /// # Errors
    ///
    /// It has an unknown key or a value of the wrong shape.
    pub fn read<T: DeserializeOwned + Default>(&self, key: &str) -> Result<T, ConfigError> {
        let Some(value) = self.table.get(key) else { return Ok(T::default()) };

        value.clone().try_into().map_err(|source| ConfigError::Invalid {
            origin: self.origin.clone(),
            key: key.to_owned(),
            source: Box::new(source),
        })
    }

    /// Where what has to outlive the process is kept: `data_dir`, or `manless-data` here.
    ///
    /// # Errors
    ///
    /// `data_dir` is not a path.
    pub fn data_dir(&self) -> Result<PathBuf, ConfigError> {
        let dir: PathBuf = self.read("data_dir")?;

        Ok(if dir.as_os_str().is_empty() { DATA_DIR.into() } else { dir })
    }
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;

    toml::from_str(&text)
        .map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) })
}

fn take_old_names(table: &mut Table, env: &[(String, String)]) -> Result<(), ConfigError> {
    let of = |name: &str| env.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());

    if let Some(host) = of("BACKEND_HOST") {
        set(table, "BACKEND_HOST", "mqtt__host", Value::from(host))?;
    }
    if let Some(port) = of("BACKEND_PORT") {
        let port = i64::from(parse_port("BACKEND_PORT", port)?);
        set(table, "BACKEND_PORT", "mqtt__port", Value::from(port))?;
    }
    if of("WEBSOCKET_HOST").is_some() || of("WEBSOCKET_PORT").is_some() {
        let mut listen = listen_of(table);
        if let Some(host) = of("WEBSOCKET_HOST") {
            listen.set_ip(parse_host(host)?);
        }
        if let Some(port) = of("WEBSOCKET_PORT") {
            listen.set_port(parse_port("WEBSOCKET_PORT", port)?);
        }
        set(table, "WEBSOCKET_HOST", "gateway__listen", Value::from(listen.to_string()))?;
    }

    Ok(())
}

fn listen_of(table: &Table) -> SocketAddr {
    table
        .get("gateway")
        .and_then(|gateway| gateway.get("listen"))
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok())
        .unwrap_or(GATEWAY)
}

fn parse_host(text: &str) -> Result<IpAddr, ConfigError> {
    if text == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }

    text.parse().map_err(|_| ConfigError::Variable {
        variable: "WEBSOCKET_HOST",
        value: text.to_owned(),
        reason: "an IP address of this machine, or localhost",
    })
}

fn parse_port(variable: &'static str, text: &str) -> Result<u16, ConfigError> {
    text.parse().map_err(|_| ConfigError::Variable {
        variable,
        value: text.to_owned(),
        reason: "a port is a number from 1 to 65535",
    })
}

fn set(table: &mut Table, variable: &str, path: &str, value: Value) -> Result<(), ConfigError> {
    let Some((parent, rest)) = path.split_once("__") else {
        table.insert(path.to_owned(), value);
        return Ok(());
    };

    match table.entry(parent).or_insert_with(|| Value::Table(Table::new())).as_table_mut() {
        Some(inner) => set(inner, variable, rest, value),
        None => Err(ConfigError::NotASection {
            variable: variable.to_owned(),
            parent: parent.to_owned(),
        }),
    }
}

/// Reads `1884`, `true` and `'42'` as TOML does; what is not TOML is plain text.
fn literal(text: &str) -> Value {
    let document = toml::from_str::<Table>(&format!("value = {text}"));

    document
        .ok()
        .filter(|table| table.len() == 1)
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::from(text))
}

#[cfg(test)]
mod tests;
