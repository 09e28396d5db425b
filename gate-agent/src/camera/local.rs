//! A camera of this machine, in a process of its own.
//!
//! Drivers and what they are reached through block for ever, panic, and leave memory behind; a
//! process can be killed. What it says comes through its standard output ([`pipe`]); its
//! standard input is only there to end, with the agent, so that no worker outlives it.

use std::{convert::Infallible, ffi::OsString, io, process::Stdio};

use futures_util::StreamExt;
use tokio::process::Command;
use tokio_util::codec::{FramedRead, LengthDelimitedCodecError};
use tracing::info;

use super::{
    CameraError, Film, FrameSource,
    jpeg::Inspector,
    worker::{self, pipe},
};
use crate::config::{Device, Fitted};

/// A camera of this machine.
#[derive(Debug)]
pub(crate) struct Local {
    program: OsString,
    args: Vec<OsString>,
    max_bytes: usize,
}

impl Local {
    pub(crate) fn new(device: &Device, fitted: &Fitted) -> Self {
        Self {
            program: this_program(),
            args: worker::args(device, fitted.wanted),
            max_bytes: fitted.max_bytes,
        }
    }

    fn unreadable(&self, error: io::Error) -> CameraError {
        if error.get_ref().is_some_and(|error| error.is::<LengthDelimitedCodecError>()) {
            CameraError::TooLarge { max_bytes: self.max_bytes }
        } else {
            CameraError::Failed(error.to_string())
        }
    }
}

impl FrameSource for Local {
    async fn show(&mut self, film: &Film) -> Result<Infallible, CameraError> {
        let failed = |error: io::Error| CameraError::Failed(format!("no worker process: {error}"));
        let mut command = Command::new(&self.program);
        // Ctrl-C is for the agent, which ends its workers itself.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command
            .args(&self.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Whoever stops waiting for frames drops this future, and with it the process.
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let output = child.stdout.take().expect("it is piped");
        let mut words = FramedRead::new(output, pipe::codec(self.max_bytes));
        let mut inspector = Inspector::new(self.max_bytes);

        while let Some(word) = words.next().await {
            match pipe::Word::decode(word.map_err(|error| self.unreadable(error))?.freeze()) {
                Some(pipe::Word::Frame(picture)) => {
                    if let Some(frame) = inspector.pass(&picture)? {
                        film.expose(frame);
                    }
                }
                Some(pipe::Word::Opened(mode)) => info!(mode, "Camera opened"),
                Some(pipe::Word::Missing(reason)) => return Err(CameraError::Unreachable(reason)),
                Some(pipe::Word::Failed(reason)) => return Err(CameraError::Failed(reason)),
                None => return Err(CameraError::Failed("its worker talks nonsense".to_owned())),
            }
        }

        let status = child.wait().await.map_err(failed)?;
        Err(CameraError::Failed(format!("its worker ended: {status}")))
    }
}

/// On Linux the one that runs, even where another version has been installed over it.
fn this_program() -> OsString {
    if cfg!(target_os = "linux") {
        "/proc/self/exe".into()
    } else {
        std::env::current_exe().map_or_else(|_| "gate-agent".into(), Into::into)
    }
}

#[cfg(test)]
mod tests;
