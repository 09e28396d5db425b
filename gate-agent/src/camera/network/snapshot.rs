//! A camera with one picture behind a URL: asked for again and again.

use std::{convert::Infallible, error::Error, io, time::Duration};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use service::tls;
use tokio::time::{self, MissedTickBehavior};

use super::http::{self, Client};
use crate::{
    camera::{CameraError, Film, FrameSource, Moment, jpeg},
    config::{Fitted, Network},
};

/// A camera with one picture behind a URL.
#[derive(Debug)]
pub(crate) struct Snapshot {
    camera: Network,
    every: Duration,
    max_bytes: usize,
}

impl Snapshot {
    pub(crate) fn new(camera: Network, fitted: &Fitted) -> Self {
        let every = Duration::from_secs(1) / fitted.wanted.fps.max(1);

        Self { camera, every, max_bytes: fitted.max_bytes }
    }

    async fn picture(&self, client: &mut Client, film: &Film) -> Result<(), CameraError> {
        let response = client.get().await?;
        let moment = Moment::now();
        if http::content_type(&response).starts_with("multipart/") {
            let reason = "the URL is that of a stream: name it `mjpeg` instead of `snapshot`";
            return Err(CameraError::Failed(reason.to_owned()));
        }

        let body = Limited::new(response.into_body(), self.max_bytes).collect().await;
        let picture = body.map_err(|error| self.unreadable(&*error))?.to_bytes();
        film.expose_at(moment, jpeg::only(&picture, self.max_bytes)?);

        Ok(())
    }

    fn unreadable(&self, error: &(dyn Error + 'static)) -> CameraError {
        if error.is::<LengthLimitError>() {
            CameraError::TooLarge { max_bytes: self.max_bytes }
        } else if broke_off(error) {
            CameraError::CutShort
        } else {
            CameraError::Failed(tls::chain(error))
        }
    }
}

/// Whether the camera sent less than it had announced.
fn broke_off(error: &(dyn Error + 'static)) -> bool {
    let io = error.downcast_ref::<io::Error>();

    io.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
        || error.downcast_ref().is_some_and(hyper::Error::is_incomplete_message)
        || error.source().is_some_and(broke_off)
}

impl FrameSource for Snapshot {
    async fn show(&mut self, film: &Film) -> Result<Infallible, CameraError> {
        let mut client = Client::new(&self.camera)?;
        let mut due = time::interval(self.every);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);

        loop {
            due.tick().await;
            self.picture(&mut client, film).await?;
        }
    }
}
