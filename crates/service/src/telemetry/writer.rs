//! Where lines go that must not wait, and what says that some were dropped.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tracing_appender::non_blocking::NonBlocking;

use super::Format;

/// Hands lines to the thread that writes them.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    lines: NonBlocking,
    format: Format,
    /// How many dropped lines the log has been told of.
    told: Arc<AtomicUsize>,
}

impl Writer {
    pub(super) fn new(lines: NonBlocking, format: Format) -> Self {
        Self { lines, format, told: Arc::default() }
    }

    /// As soon as lines get through again.
    fn tell_dropped(&mut self) -> io::Result<()> {
        let dropped = self.lines.error_counter().dropped_lines();
        let told = self.told.swap(dropped, Ordering::Relaxed);

        match dropped.saturating_sub(told) {
            0 => Ok(()),
            lines => self.lines.write_all(notice(lines, self.format).as_bytes()),
        }
    }
}

impl Write for Writer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.tell_dropped()?;
        self.lines.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.flush()
    }
}

fn notice(lines: usize, format: Format) -> String {
    let message = "Lines of the log were dropped, as it was not read";

    match format {
        Format::Text => format!(" WARN service::telemetry: {message} lines={lines}\n"),
        Format::Json => {
            format!(
                "{{\"level\":\"WARN\",\"fields\":{{\"message\":\"{message}\",\"lines\":{lines}}}}}\n"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError, mpsc};

    use tracing_appender::non_blocking::NonBlockingBuilder;

    use super::*;

    /// Takes a line when it is allowed to.
    struct Slow {
        leave: mpsc::Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Slow {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _ = self.leave.recv();
            self.written.lock().unwrap_or_else(PoisonError::into_inner).extend(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nobody_waits_for_a_log_that_is_not_read_and_it_says_what_it_misses() {
        let (leave, left) = mpsc::channel();
        let written = Arc::default();
        let slow = Slow { leave: left, written: Arc::clone(&written) };
        let (lines, guard) =
            NonBlockingBuilder::default().buffered_lines_limit(2).lossy(true).finish(slow);
        let mut writer = Writer::new(lines, Format::Text);

        for number in 0..100 {
            writeln!(writer, "line {number}").unwrap();
        }
        drop(leave);
        while writer.told.load(Ordering::Relaxed) == 0 || !has_notice(&written) {
            writeln!(writer, "more").unwrap();
            std::thread::yield_now();
        }

        drop(guard);
    }

    fn has_notice(written: &Mutex<Vec<u8>>) -> bool {
        let written = written.lock().unwrap_or_else(PoisonError::into_inner);

        String::from_utf8_lossy(&written).contains("Lines of the log were dropped")
    }
}
