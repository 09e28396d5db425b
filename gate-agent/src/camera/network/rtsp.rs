//! A camera with an RTSP stream that has an MJPEG track.
//!
//! Other tracks would have to be decoded to make stills of them, which nothing here does.

use std::convert::Infallible;

use futures_util::StreamExt;
use retina::{
    client::{Credentials, PlayOptions, Session, SessionOptions, SetupOptions, TeardownPolicy},
    codec::CodecItem,
};

use crate::{
    camera::{CameraError, Film, FrameSource, jpeg::Inspector},
    config::{Fitted, Network},
};

/// A camera with an RTSP stream.
#[derive(Debug)]
pub(crate) struct Rtsp {
    camera: Network,
    max_bytes: usize,
}

impl Rtsp {
    pub(crate) fn new(camera: Network, fitted: &Fitted) -> Self {
        Self { camera, max_bytes: fitted.max_bytes }
    }

    fn options(&self) -> Result<SessionOptions, CameraError> {
        let login = self.camera.login.read().map_err(|(_, reason)| CameraError::Failed(reason))?;
        let login = login.map(|(name, password)| Credentials {
            username: name.to_owned(),
            password: password.expose().to_owned(),
        });

        Ok(SessionOptions::default()
            .creds(login)
            .user_agent(concat!("manless/", env!("CARGO_PKG_VERSION")).to_owned())
            .teardown(TeardownPolicy::Auto))
    }

    fn reason(&self, error: &retina::Error) -> CameraError {
        match error.status_code() {
            Some(401) if self.camera.login.username.is_none() => CameraError::LoginWanted,
            Some(401 | 403) => CameraError::LoginRefused,
            Some(404) => CameraError::Failed("it has no such stream: is the URL right?".to_owned()),
            _ => CameraError::Unreachable(first_line(&error.to_string())),
        }
    }
}

impl FrameSource for Rtsp {
    async fn show(&mut self, film: &Film) -> Result<Infallible, CameraError> {
        let url = self.camera.url().map_err(|error| CameraError::Failed(error.to_string()))?;
        let failed = |error: retina::Error| self.reason(&error);

        let mut session = Session::describe(url, self.options()?).await.map_err(failed)?;
        let tracks = session.streams();
        let Some(track) = tracks.iter().position(|track| track.encoding_name() == "jpeg") else {
            let names: Vec<&str> = tracks.iter().map(|track| track.encoding_name()).collect();
            return Err(CameraError::Failed(format!(
                "its stream has no MJPEG track, only {}: set one of its streams to MJPEG, \
                 or use its `snapshot` URL",
                names.join(", ")
            )));
        };
        session.setup(track, SetupOptions::default()).await.map_err(failed)?;
        let playing = session.play(PlayOptions::default()).await.map_err(failed)?;
        let mut items = playing.demuxed().map_err(failed)?;

        let mut inspector = Inspector::new(self.max_bytes);
        while let Some(item) = items.next().await {
            match item.map_err(failed)? {
                CodecItem::VideoFrame(frame) => {
                    if let Some(frame) = inspector.pass(&frame.into_data().into())? {
                        film.expose(frame);
                    }
                }
                CodecItem::AudioFrame(_) | CodecItem::MessageFrame(_) | CodecItem::Rtcp(_) => {}
                _ => {}
            }
        }

        Err(CameraError::Failed("it has ended its stream".to_owned()))
    }
}

/// The library explains itself at length below.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
