//! Where there are no pseudo-terminals: the same names, and a clear answer.
//!
//! There is no value of these types, so what they would do need not be said.

use std::{
    convert::Infallible,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use barrier_link::{Contact, Position, State};

use crate::{
    Cable, CardError, Device, Drive, DriveError, Loops, Scene, SimConfig, StartError, Tally,
    Vehicle, Visit,
};

/// One simulated gate.
#[derive(Debug)]
pub struct Gate(Infallible);

/// How things are at a simulated gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateState {
    /// What the barrier's controller knows.
    pub barrier: State,
    /// The vehicle in the lane.
    pub visit: Visit,
    /// The drive of the barrier.
    pub drive: Drive,
    /// The cable of the barrier's controller.
    pub barrier_cable: Cable,
    /// The cable of the card reader.
    pub card_reader_cable: Cable,
}

/// A socket that is served until this is dropped.
#[derive(Debug)]
pub struct Control(Infallible);

/// The socket cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("simulated gates cannot run on this system")]
pub struct ServeError;

/// A request was not done.
#[derive(Debug, thiserror::Error)]
#[error("simulated gates cannot run on this system, so there is none to ask at {path}", path = .0.display())]
pub struct RequestError(PathBuf);

#[expect(missing_docs, reason = "the documentation is that of the other systems")]
impl Gate {
    pub fn start(_dir: &Path, _name: &str, _config: SimConfig) -> Result<Self, StartError> {
        Err(StartError::Unsupported)
    }

    pub fn name(&self) -> &str {
        match self.0 {}
    }

    pub fn barrier_path(&self) -> &Path {
        match self.0 {}
    }

    pub fn card_reader_path(&self) -> &Path {
        match self.0 {}
    }

    pub fn tally(&self) -> Tally {
        match self.0 {}
    }

    pub fn present_card(&self, _card: &str) -> Result<(), CardError> {
        match self.0 {}
    }

    pub fn vehicle(&self, _vehicle: Vehicle) {
        match self.0 {}
    }

    pub fn vehicle_in_front(&self, _vehicle: Vehicle) {
        match self.0 {}
    }

    pub fn fit(&self, _loops: Loops) {
        match self.0 {}
    }

    pub fn drive_through(&self, _card: &str) -> Result<(), DriveError> {
        match self.0 {}
    }

    pub fn unplug(&self, _device: Device) {
        match self.0 {}
    }

    pub fn plug(&self, _device: Device) -> io::Result<()> {
        match self.0 {}
    }

    pub fn jam(&self, _drive: Drive) {
        match self.0 {}
    }

    pub fn open_by_hand(&self) {
        match self.0 {}
    }

    pub fn fire_alarm(&self, _contact: Contact) {
        match self.0 {}
    }

    pub fn state(&self) -> GateState {
        match self.0 {}
    }

    pub fn position(&self) -> Position {
        match self.0 {}
    }

    pub fn wait_until(
        &self,
        _time: Duration,
        _condition: impl Fn(&GateState) -> bool,
    ) -> Option<GateState> {
        match self.0 {}
    }

    pub fn scene(&self, _time: &str) -> Scene {
        match self.0 {}
    }
}

#[expect(missing_docs, reason = "the documentation is that of the other systems")]
impl Control {
    pub fn serve(_path: &Path, _gates: Vec<Arc<Gate>>) -> Result<Self, ServeError> {
        Err(ServeError)
    }
}

/// Asks the site at `path` for something.
pub fn request(path: &Path, _line: &str) -> Result<String, RequestError> {
    Err(RequestError(path.to_owned()))
}
