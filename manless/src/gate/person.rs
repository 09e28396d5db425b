//! The person at the gate: questions on standard output, answers from standard input.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    thread,
};

use anyhow::{Context, Result};
use tokio::sync::mpsc;

/// More lines than this wait in the terminal or in the pipe.
const LINES: usize = 1;

/// Somebody who answers.
#[derive(Debug)]
pub(crate) struct Person {
    lines: mpsc::Receiver<String>,
    is_at_terminal: bool,
}

/// What somebody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// There is nobody who answers.
    Nobody,
}

impl Person {
    /// Listens from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        let (sender, lines) = mpsc::channel(LINES);
        // It ends with the process: a read from a terminal cannot be given up.
        thread::Builder::new().name("answers".to_owned()).spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { return };
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        })?;

        Ok(Self { lines, is_at_terminal: io::stdin().is_terminal() })
    }

    /// Asks until the answer is yes or no. What was typed before the question is no answer to it.
    pub(crate) async fn ask(&mut self, question: &str) -> Result<Answer> {
        if self.is_at_terminal {
            self.forget().await;
        }

        loop {
            say(&format!("{question} [y/n] "))?;
            let Some(line) = self.lines.recv().await else {
                say("\n")?;
                return Ok(Answer::Nobody);
            };
            if !self.is_at_terminal {
                say(&format!("{line}\n"))?;
            }
            match line.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(Answer::Yes),
                "n" | "no" => return Ok(Answer::No),
                _ => {}
            }
        }
    }

    async fn forget(&mut self) {
        #[cfg(unix)]
        let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
        // One line may have been read, and one more may be about to be handed over.
        while self.lines.try_recv().is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

/// Writes to standard output, at once.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();

    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}
