//! What a process writes, line by line, for whoever waits for it.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

/// The lines of one pipe, kept from the first to the last.
#[derive(Debug, Clone)]
pub struct Lines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    written: Mutex<Written>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Written {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    /// Reads `pipe` to its end, in a thread of its own.
    pub(crate) fn of(pipe: impl Read + Send + 'static) -> Self {
        let lines = Self(Arc::default());
        let shared = Arc::clone(&lines.0);
        thread::spawn(move || shared.fill(pipe));

        lines
    }

    /// All that was written until now.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().lines.clone()
    }

    /// The line after the first `read` ones, as soon as it is there.
    pub fn after(&self, read: usize, deadline: Instant) -> Option<String> {
        let written = self.0.wait(deadline, |written| written.lines.len() > read || written.ended);

        written.lines.get(read).cloned()
    }

    /// Waits for a line in which `pick` finds something.
    pub fn find<T>(&self, deadline: Instant, mut pick: impl FnMut(&str) -> Option<T>) -> Option<T> {
        let mut read = 0;

        while let Some(line) = self.after(read, deadline) {
            if let Some(found) = pick(&line) {
                return Some(found);
            }
            read += 1;
        }
        None
    }

    /// Waits until the pipe is closed; whether it was.
    pub(crate) fn end(&self, deadline: Instant) -> bool {
        self.0.wait(deadline, |written| written.ended).ended
    }
}

impl Shared {
    fn fill(&self, pipe: impl Read) {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            self.lock().lines.push(String::from_utf8_lossy(&line).into_owned());
            self.news.notify_all();
        }

        self.lock().ended = true;
        self.news.notify_all();
    }

    fn wait(
        &self,
        deadline: Instant,
        enough: impl Fn(&Written) -> bool,
    ) -> MutexGuard<'_, Written> {
        let patience = deadline.saturating_duration_since(Instant::now());

        self.news
            .wait_timeout_while(self.lock(), patience, |written| !enough(written))
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
