//! The pictures of a lane: before its boom goes up, and of each vehicle that passes.
//!
//! The lane's task takes the shot itself, at the moment of the order, because that costs nothing;
//! to make a picture of it, to publish and to store it, is left to the camera task.

use lane::BarrierOrder;
use schemas::Id;
use tokio::sync::mpsc;
use tracing::{debug, warn};

use super::{CameraError, CameraOrder, Eye, Sighting};
use crate::config::Direction;

/// Takes the pictures of a lane.
#[derive(Debug)]
pub(crate) struct Witness {
    eye: Eye,
    camera: mpsc::Sender<CameraOrder>,
    direction: Direction,
    /// The picture of the vehicle that the boom was last raised for.
    before: Option<Id>,
}

impl Witness {
    pub(crate) fn new(eye: Eye, camera: mpsc::Sender<CameraOrder>, direction: Direction) -> Self {
        Self { eye, camera, direction, before: None }
    }

    /// The barrier is about to get an order.
    pub(crate) fn see_order(&mut self, order: BarrierOrder) {
        if order == BarrierOrder::Open {
            self.before = self.take("open", None);
        }
    }

    /// A vehicle has passed. The picture that shows it: the one from before the boom went up, or
    /// else the one of now.
    pub(crate) fn see_passage(&mut self, event: &Id) -> Option<Id> {
        let trigger = match self.direction {
            Direction::Entry => "entry",
            Direction::Exit => "exit",
        };
        let now = self.take(trigger, Some(event.clone()));

        self.before.take().or(now)
    }

    fn take(&self, trigger: &'static str, event: Option<Id>) -> Option<Id> {
        let shot = match self.eye.look() {
            Ok(shot) => shot,
            Err(CameraError::NotFitted) => return None,
            Err(error) => {
                debug!(%error, trigger, "No picture");
                return None;
            }
        };
        let sighting = Sighting { event, ..Sighting::new(shot, trigger) };
        let image = sighting.image.clone();

        if self.camera.try_send(CameraOrder::Keep(sighting)).is_err() {
            warn!(trigger, "The camera task is behind: no picture");
            return None;
        }
        Some(image)
    }
}
