//! The person at the gate: questions on standard output, answers from standard input.

use std::{
    io::{self, IsTerminal, Write},
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use anyhow::{Context, Result};
use tokio::sync::oneshot;

/// Somebody who answers.
#[derive(Debug)]
pub(crate) struct Person {
    /// Each takes one line, when there is one; `None` when there are no more.
    questions: SyncSender<oneshot::Sender<Option<String>>>,
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
    /// Somebody at standard input. Nothing is read before something is asked.
    pub(crate) fn at_hand() -> io::Result<Self> {
        let (questions, asked) = sync_channel::<oneshot::Sender<Option<String>>>(1);
        // It ends with the process: a read from a terminal cannot be given up.
        thread::Builder::new().name("answers".to_owned()).spawn(move || {
            for answer in asked {
                let mut line = String::new();
                let read = io::stdin().read_line(&mut line).is_ok_and(|count| count > 0);
                // Whoever has asked may have given up.
                let _ = answer.send(read.then_some(line));
            }
        })?;

        Ok(Self { questions, is_at_terminal: io::stdin().is_terminal() })
    }

    /// Asks until the answer is yes or no. What was typed before the question is no answer to it.
    pub(crate) async fn ask(&mut self, question: &str) -> Result<Answer> {
        loop {
            self.forget();
            say(&format!("{question} [y/n] "))?;
            let Some(line) = self.line().await else {
                say("\n")?;
                return Ok(Answer::Nobody);
            };
            if !self.is_at_terminal {
                say(&format!("{}\n", line.trim_end()))?;
            }
            match line.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(Answer::Yes),
                "n" | "no" => return Ok(Answer::No),
                _ => {}
            }
        }
    }

    async fn line(&self) -> Option<String> {
        let (answer, line) = oneshot::channel();
        self.questions.try_send(answer).ok()?;

        line.await.ok()?
    }

    /// A terminal hands out one line at a time, so that all others are still in it. The answers in
    /// a pipe are meant for the questions to come.
    fn forget(&self) {
        #[cfg(unix)]
        if self.is_at_terminal {
            // Without it, the next line is taken for the answer.
            let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
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
