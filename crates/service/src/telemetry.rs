//! Logs: to standard error, for a person at a terminal or for a collector.
//!
//! A thread of its own writes them. Whoever reads the log, or does not, holds up nobody who opens a
//! gate: beyond 10,000 lines the newest are dropped, and counted where the log goes on.

mod writer;

use std::io::{self, IsTerminal};

use serde::Deserialize;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    Layer, Registry,
    filter::{ParseError, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::config::ConfigError;
use writer::Writer;

/// Lines that wait to be written: a few MB.
const WAITING: usize = 10_000;

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

/// The log, which goes on until this is dropped. Then what waits is written, for a second at most.
#[must_use = "the log ends when this is dropped"]
#[derive(Debug)]
pub struct Log {
    _writes: WorkerGuard,
}

/// Starts logging. A second call does nothing.
///
/// `quiet` is a filter as well, which holds where that of the configuration says nothing: for
/// parts that say much that helps nobody but their authors. It may be empty.
///
/// # Errors
///
/// The filter cannot be understood.
pub fn init(config: &Config, quiet: &str) -> Result<Log, ConfigError> {
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
    let (lines, writes) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING)
        .lossy(true)
        .thread_name("log")
        .finish(io::stderr());
    let writer = Writer::new(lines, config.format);
    let lines = fmt::layer().with_writer(move || writer.clone());
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match config.format {
        Format::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        Format::Json => lines.json().boxed(),
    };

    // Whoever came first keeps the log: several programs may run in one process.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();

    Ok(Log { _writes: writes })
}
