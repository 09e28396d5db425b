//! Figures as Prometheus reads them.

use std::fmt::{self, Write};

/// What a figure does as time goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It is what is the case now.
    Gauge,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        })
    }
}

/// Appends one figure to the text of all: what it is, of which kind, and its value.
pub fn metric(text: &mut String, name: &str, help: &str, kind: Kind, value: u64) {
    writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}\n{name} {value}")
        .expect("a string takes all that is written");
}
