//! Writes down the contract for those who do not write Rust: `make contract`.
//!
//! The types of the crate `schemas` are the source; what is written here is committed, so that a
//! change of the contract shows in a diff as what it is. With `--check` nothing is written: it is
//! an error if a file is not what would be written.

use std::{env, process::ExitCode};

use anyhow::{Result, bail};
use contract::Folder;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let folder = Folder::of_the_project();
    let files = contract::files(&folder)?;

    match env::args().nth(1).as_deref() {
        None => folder.write(&files),
        Some("--check") => folder.compare(&files),
        Some(word) => bail!("`{word}` means nothing here: give `--check` or nothing"),
    }
}

#[expect(clippy::print_stderr, reason = "this is what its user reads")]
fn complain(error: &anyhow::Error) {
    eprintln!("contract: {error:#}");
}
