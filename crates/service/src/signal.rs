//! Ctrl-C and SIGTERM, or a window that is closed: somebody wants the program to stop. SIGHUP: to read
//! its files again.

use std::io;

/// Listens from now on; the future resolves when somebody wants the program to stop.
#[cfg(unix)]
pub fn shutdown() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;

    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Listens from now on; the future resolves when somebody wants the program to stop.
#[cfg(windows)]
pub fn shutdown() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::windows;

    let mut interrupt = windows::ctrl_c()?;
    let mut pause = windows::ctrl_break()?;
    // Windows gives a program 5 s after these two.
    let mut close = windows::ctrl_close()?;
    let mut stop = windows::ctrl_shutdown()?;

    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = pause.recv() => {}
            _ = close.recv() => {}
            _ = stop.recv() => {}
        }
    })
}

/// Somebody wants files to be read again: SIGHUP, where there is such a thing.
#[derive(Debug)]
pub struct Hangup {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Hangup {
    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// The system does not let us.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        if self.signal.recv().await.is_some() {
            return;
        }
        std::future::pending().await
    }
}
