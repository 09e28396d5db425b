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
        } else if order == BarrierOrder::Close {
            // Whoever it was has passed or gone away: it is no picture of the next one.
            self.before = None;
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use service::stamp;

    use super::*;
    use crate::camera::{Film, Frame, feed::feed};

    #[test]
    fn the_picture_of_a_passage_is_the_one_from_before_the_boom_went_up() {
        let mut rig = Rig::new();

        rig.witness.see_order(BarrierOrder::Open);
        let passed = rig.passes();

        assert!(passed.is_some());
        let kept = rig.kept();
        assert_eq!(kept[0], ("open", passed.clone()));
        assert_eq!(kept[1].0, "entry");
        let second = rig.passes();
        assert_ne!(second, passed, "it shows somebody else");
        assert_eq!(rig.kept(), [("entry", second)]);
    }

    #[test]
    fn who_went_away_is_not_taken_for_who_comes_next() {
        let mut rig = Rig::new();
        rig.witness.see_order(BarrierOrder::Open);
        rig.witness.see_order(BarrierOrder::Close);
        rig.kept();

        let opened_by_hand = rig.passes();

        assert_eq!(rig.kept(), [("entry", opened_by_hand)]);
    }

    #[test]
    fn an_event_names_no_picture_that_there_is_not() {
        let mut rig = Rig::new();
        while rig.witness.take("open", None).is_some() {}
        assert_eq!(rig.passes(), None, "the camera task is behind");

        let mut witness = Witness { eye: Eye::NotFitted, ..rig.witness };
        witness.see_order(BarrierOrder::Open);
        assert_eq!(witness.see_passage(&stamp::new_id()), None);
    }

    struct Rig {
        witness: Witness,
        orders: mpsc::Receiver<CameraOrder>,
        _film: Film,
    }

    impl Rig {
        fn new() -> Self {
            let (film, eye) = feed();
            film.expose(Frame { jpeg: Bytes::new(), width: 1, height: 1 });
            let (camera, orders) = mpsc::channel(8);

            Self { witness: Witness::new(eye, camera, Direction::Entry), orders, _film: film }
        }

        fn passes(&mut self) -> Option<Id> {
            self.witness.see_passage(&stamp::new_id())
        }

        /// What for, and the names of those that an event may name.
        fn kept(&mut self) -> Vec<(&'static str, Option<Id>)> {
            let orders = std::iter::from_fn(|| self.orders.try_recv().ok());

            orders
                .filter_map(|order| match order {
                    CameraOrder::Keep(sighting) => Some((sighting.trigger, Some(sighting.image))),
                    CameraOrder::Capture { .. }
                    | CameraOrder::StartStream { .. }
                    | CameraOrder::StopStream { .. }
                    | CameraOrder::Fetch { .. } => None,
                })
                .collect()
        }
    }
}
