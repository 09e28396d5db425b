//! The devices of a gate that are not there: barrier, card reader, camera and vehicles.
//!
//! A [`Gate`] puts its barrier and its card reader behind pseudo-terminals, which the drivers
//! of an agent open by path like any serial port; they could not tell. Its camera is a picture
//! ([`Scene`]) of how things are. What happens there is told to the [`Gate`], or from
//! another process to its [`Control`] socket.
//!
//! The barrier speaks [`barrier_link`] and takes its time; its port resets it when it is opened, as an
//! Arduino's does. Each gate has one thread, which sleeps until something happens: about two wake-ups
//! a second, twenty while nobody has one of its ports open.
//!
//! Without pseudo-terminals (Windows), a gate cannot be started and says so; the rest works.

#![cfg_attr(
    not(unix),
    allow(dead_code, reason = "nothing drives the cores where there are no pseudo-terminals")
)]

mod barrier;
mod config;
#[cfg(unix)]
mod control;
mod device;
#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod gate;
mod plant;
#[cfg(unix)]
mod pty;
mod scene;
mod tally;
mod visit;
#[cfg(unix)]
mod waker;

pub use barrier::{Barrier, Drive, Input};
pub use config::SimConfig;
#[cfg(unix)]
pub use control::{Control, RequestError, ServeError, request};
pub use device::{Cable, CardError, Device, DeviceError, DriveError, StartError};
#[cfg(not(unix))]
pub use elsewhere::{Control, Gate, GateState, RequestError, ServeError, request};
#[cfg(unix)]
pub use gate::{Gate, GateState};
pub use scene::Scene;
pub use tally::Tally;
pub use visit::{Loops, Vehicle, Visit};
