//! The frame of every `main`: arguments, the exit code, and what an operator reads when it fails.
//!
//! | exit code | name in `sysexits.h` | when |
//! |---|---|---|
//! | 0 | `EX_OK` | it was told to stop, and did |
//! | 1 | | something failed while it ran or started |
//! | 64 | `EX_USAGE` | the arguments cannot be understood |
//! | 65 | `EX_DATAERR` | what was to be checked is not as it should be |
//! | 66 | `EX_NOINPUT` | what was to be read is not there, or cannot be read |
//! | 78 | `EX_CONFIG` | the configuration cannot be used |

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use crate::config::ConfigError;

const USAGE: u8 = 64;
const DATA: u8 = 65;
const NO_INPUT: u8 = 66;
const CONFIG: u8 = 78;

/// A failure that a script is to tell from others, by its exit code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// What was to be checked is not as it should be.
    #[error("{0}")]
    Data(String),
    /// What was to be read is not there, or cannot be read.
    #[error("{0}")]
    NoInput(String),
}

/// Parses the arguments and runs `main`.
pub fn run<A: Parser>(main: impl FnOnce(A) -> anyhow::Result<()>) -> ExitCode {
    let args = match A::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Nobody is left to tell if the terminal is gone.
            let _ = error.print();
            return if error.use_stderr() { USAGE.into() } else { ExitCode::SUCCESS };
        }
    };

    match main(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = explain(&error);
            exit_code(&error)
        }
    }
}

/// What went wrong, and below it why, from the outside in.
fn explain(error: &anyhow::Error) -> io::Result<()> {
    let mut out = io::stderr().lock();
    writeln!(out, "Error: {error}")?;

    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        writeln!(out, "  because: {}", cause.trim_end().replace('\n', "\n           "))?;
    }

    Ok(())
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref::<Failure>() {
        Some(Failure::Data(_)) => return DATA.into(),
        Some(Failure::NoInput(_)) => return NO_INPUT.into(),
        None => {}
    }

    if error.chain().any(|cause| cause.is::<ConfigError>()) {
        CONFIG.into()
    } else {
        ExitCode::FAILURE
    }
}
