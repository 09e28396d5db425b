//! Keeps DTR up when a port is closed, so that opening it again does not reset what is behind it.
//!
//! An Arduino starts anew when DTR rises. Linux and macOS raise it when a port is opened, and let it
//! fall when it is closed, unless HUPCL is cleared. So the first opening after plugging in resets the
//! controller whatever one does, and later ones, by an agent that was restarted, do not.

/// Opens `path` beside its user and clears HUPCL, which stays so until the cable is pulled. To be dropped
/// when the user has it open.
///
/// A port where that cannot be done resets its device more often; nothing else depends on it.
#[cfg(unix)]
pub(super) fn keep_up(path: &str) -> Option<std::os::fd::OwnedFd> {
    use rustix::{
        fs::{Mode, OFlags, open},
        termios::{ControlModes, OptionalActions, tcgetattr, tcsetattr},
    };

    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let port = open(path, flags, Mode::empty()).ok()?;
    let mut settings = tcgetattr(&port).ok()?;
    settings.control_modes.remove(ControlModes::HUPCL);
    tcsetattr(&port, OptionalActions::Now, &settings).ok()?;

    Some(port)
}

/// Elsewhere the driver decides.
#[cfg(not(unix))]
pub(super) fn keep_up(_path: &str) -> Option<()> {
    None
}
