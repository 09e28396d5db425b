//! Ctrl-C and SIGTERM: somebody wants the program to stop.

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
    let mut stop = windows::ctrl_shutdown()?;

    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = stop.recv() => {}
        }
    })
}
