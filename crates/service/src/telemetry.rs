//! Logs: to standard error, for a person at a terminal or for a collector.

use std::io::{self, IsTerminal};

use serde::Deserialize;
use tracing_subscriber::{
    Layer, Registry,
    filter::{ParseError, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::config::ConfigError;

/// The `[log]` section.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which lines are written: `info`, `debug`, or by part, `info,gate_agent=debug`.
    pub filter: String,
    /// How they look.
    pub format: Format,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For a person.
    Text,
    /// One JSON object a line, for a collector.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: Format::Text }
    }
}

/// Starts logging. A second call does nothing.
///
/// `quiet` is a filter as well, which holds where that of the configuration says nothing: for
/// parts that say much that helps nobody but their authors. It may be empty.
///
/// # Errors
///
/// The filter cannot be understood.
pub fn init(config: &Config, quiet: &str) -> Result<(), ConfigError> {
    let filter: Targets =
        format!("{quiet},{}", config.filter).parse().map_err(|error: ParseError| {
            ConfigError::Refused {
                key: "log.filter".to_owned(),
                reason: format!(
                    "`{}` is not a filter like `info,gate_agent=debug`: {error}",
                    config.filter
                ),
            }
        })?;
    let lines = fmt::layer().with_writer(io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match config.format {
        Format::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        Format::Json => lines.json().boxed(),
    };

    // Whoever came first keeps the log: several programs may run in one process.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();

    Ok(())
}
