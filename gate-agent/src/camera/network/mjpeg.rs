//! A camera with pictures one after the other behind a URL: `multipart/x-mixed-replace`.

use std::convert::Infallible;

use http_body_util::BodyExt;
use service::tls;

use super::http::{self, Client};
use crate::{
    camera::{CameraError, Film, FrameSource, jpeg::Finder},
    config::{Fitted, Network},
};

/// A camera with pictures one after the other behind a URL.
#[derive(Debug)]
pub(crate) struct Mjpeg {
    camera: Network,
    max_bytes: usize,
}

impl Mjpeg {
    pub(crate) fn new(camera: Network, fitted: &Fitted) -> Self {
        Self { camera, max_bytes: fitted.max_bytes }
    }
}

impl FrameSource for Mjpeg {
    async fn show(&mut self, film: &Film) -> Result<Infallible, CameraError> {
        let mut client = Client::new(&self.camera)?;
        let response = client.get().await?;
        let content_type = http::content_type(&response);
        if !content_type.starts_with("multipart/") {
            let reason = if content_type.starts_with("image/") {
                "the URL is that of one picture: name it `snapshot` instead of `mjpeg`".to_owned()
            } else {
                format!("the URL is no MJPEG stream but {content_type}")
            };
            return Err(CameraError::Failed(reason));
        }

        // Cameras differ in how they write the parts, but not in what a picture begins with.
        let mut finder = Finder::new(self.max_bytes);
        let mut body = response.into_body();
        while let Some(chunk) = body.frame().await {
            let chunk = chunk.map_err(|error| CameraError::Failed(tls::chain(&error)))?;
            let Ok(bytes) = chunk.into_data() else { continue };
            finder.feed(&bytes);
            // Where several have come at once, only the last is the present.
            let mut latest = None;
            while let Some(frame) = finder.next_frame()? {
                latest = Some(frame);
            }
            if let Some(frame) = latest {
                film.expose(frame);
            }
        }

        Err(CameraError::Failed("it has ended its stream".to_owned()))
    }
}
