//! The latest frame of a camera, between whoever drives it and whoever wants a picture.
//!
//! The driver exposes every frame on the [`Film`] as it comes and never waits for anybody, so that
//! no frame grows old in a queue. Whoever wants a picture looks through an [`Eye`], and never waits
//! for the camera.

use std::{convert::Infallible, sync::Arc, time::Duration};

use jiff::Timestamp;
use service::Backoff;
use site_sim::Gate;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::shot::{CameraError, Frame, Moment, Shot};

/// How long a camera may take for a frame, its first one included, before it is opened anew.
const PATIENCE: Duration = Duration::from_secs(5);
/// The oldest frame that is shown for the present.
const STALE: Duration = Duration::from_secs(3);
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Cameras shut out whoever tries wrong passwords too often.
const AFTER_REFUSED_LOGIN: Duration = Duration::from_secs(60);

/// Something that delivers frames.
pub(crate) trait FrameSource: Send + 'static {
    /// Opens the camera and exposes its frames until it fails. Whoever calls it may give up at
    /// any time, and call it again: then the camera is closed first.
    fn show(&mut self, film: &Film)
    -> impl Future<Output = Result<Infallible, CameraError>> + Send;
}

/// Where a driver puts what its camera sees.
#[derive(Debug)]
pub(crate) struct Film {
    latest: watch::Sender<Option<Shot>>,
    health: watch::Sender<Result<(), CameraError>>,
}

/// Looks at what a camera sees.
#[derive(Debug, Clone)]
pub(crate) enum Eye {
    NotFitted,
    Simulated(Arc<Gate>),
    Open { latest: watch::Receiver<Option<Shot>>, health: watch::Receiver<Result<(), CameraError>> },
}

/// A camera that nobody drives yet.
pub(crate) fn feed() -> (Film, Eye) {
    let latest = watch::Sender::new(None);
    let health = watch::Sender::new(Err(CameraError::Starting));
    let eye = Eye::Open { latest: latest.subscribe(), health: health.subscribe() };

    (Film { latest, health }, eye)
}

/// Keeps a camera open until cancelled.
pub(crate) async fn drive<S: FrameSource>(
    mut source: S,
    film: Film,
    cancel: CancellationToken,
) -> Result<(), Infallible> {
    let keep_open = async {
        let mut backoff = Backoff::new(SHORTEST_WAIT, LONGEST_WAIT);
        loop {
            let opened = Instant::now();
            let error = tokio::select! {
                Err(error) = source.show(&film) => error,
                () = film.stalls(opened) => CameraError::Stalled(PATIENCE),
            };
            if film.last_exposed().is_some_and(|at| at > opened) {
                backoff.reset();
            }

            let wait = if error == CameraError::LoginRefused {
                AFTER_REFUSED_LOGIN
            } else {
                backoff.delay()
            };
            film.tear(error);
            sleep(wait).await;
        }
    };
    cancel.run_until_cancelled(keep_open).await;

    Ok(())
}

impl Film {
    /// The camera sees this now.
    pub(crate) fn expose(&self, frame: Frame) {
        self.expose_at(Moment::now(), frame);
    }

    pub(crate) fn expose_at(&self, moment: Moment, frame: Frame) {
        let (width, height) = (frame.width, frame.height);
        self.latest.send_replace(Some(Shot::of_frame(moment, frame)));
        self.health.send_if_modified(|health| {
            let is_news = health.is_err();
            if is_news {
                info!(width, height, "Camera");
                *health = Ok(());
            }
            is_news
        });
    }

    /// The camera fails.
    fn tear(&self, error: CameraError) {
        self.health.send_if_modified(|health| {
            let is_news = health.as_ref() != Err(&error);
            if is_news {
                warn!(reason = %error, "No camera: trying again until it is there");
                *health = Err(error);
            } else {
                debug!(reason = %error, "Still no camera");
            }
            is_news
        });
    }

    fn last_exposed(&self) -> Option<Instant> {
        self.latest.borrow().as_ref().map(|shot| shot.moment.at)
    }

    /// Resolves when no frame has come for too long since `opened`.
    async fn stalls(&self, opened: Instant) {
        let due = || self.last_exposed().map_or(opened, |at| at.max(opened)) + PATIENCE;

        while due() > Instant::now() {
            sleep_until(due()).await;
        }
    }
}

impl Eye {
    /// What the camera sees. It never waits: not for the camera, nor for anything else.
    pub(crate) fn look(&self) -> Result<Shot, CameraError> {
        match self {
            Self::NotFitted => Err(CameraError::NotFitted),
            Self::Simulated(gate) => {
                let moment = Moment::now();
                let time = Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();

                Ok(Shot::of_scene(moment, gate.scene(&time)))
            }
            Self::Open { latest, health } => {
                health.borrow().clone()?;
                let shot = latest.borrow().clone().ok_or(CameraError::Starting)?;
                match shot.moment.at.elapsed() {
                    age if age > STALE => Err(CameraError::Stalled(age)),
                    _ => Ok(shot),
                }
            }
        }
    }

    pub(crate) fn health(&self) -> Result<(), CameraError> {
        match self {
            Self::NotFitted => Err(CameraError::NotFitted),
            Self::Simulated(_) => Ok(()),
            Self::Open { health, .. } => health.borrow().clone(),
        }
    }

    /// Resolves when [`Eye::health`] may have changed since this was last called. Cancel-safe.
    pub(crate) async fn health_changed(&mut self) {
        let changed = match self {
            Self::NotFitted | Self::Simulated(_) => false,
            Self::Open { health, .. } => health.changed().await.is_ok(),
        };

        // Nothing changes any more where there is no driver.
        if !changed {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests;
