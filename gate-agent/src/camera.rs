//! The camera task: takes pictures on command and of every passage, and runs streams.
//!
//! In: orders, and shots that the lane took. Out: pictures and what there is to say about them, to
//! the mailbox and the disk; the camera's health, to the board. What the camera sees comes through
//! an [`Eye`], whatever kind of camera it is; who drives it is in [`feed`].

mod driver;
mod feed;
mod jpeg;
mod local;
mod network;
mod shot;
mod stream;
mod witness;
mod worker;

use std::convert::Infallible;

use schemas::{
    Answer, AnswerCode, AnswerStatus, Body, CameraStatus, Id, ImageCaptured, MessageType, Report,
};
use service::stamp;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    board::{CameraHealth, Change},
    mailbox::Mailbox,
    pictures::Pictures,
    voice::Voice,
};
pub(crate) use driver::open;
pub(crate) use feed::{Eye, Film, FrameSource};
use local::Local;
use network::{Mjpeg, Rtsp, Snapshot};
pub(crate) use shot::{CameraError, Frame, Moment, Shot};
use stream::Stream;
pub(crate) use witness::Witness;
pub use worker::camera_worker;

/// Something that the camera is to do.
#[derive(Debug, Clone)]
pub(crate) enum CameraOrder {
    Capture {
        id: Id,
    },
    StartStream {
        id: Id,
        frames_per_second: Option<u32>,
        max_seconds: Option<u32>,
    },
    StopStream {
        id: Id,
    },
    /// To publish a picture again that was kept.
    Fetch {
        id: Id,
        image: Id,
    },
    /// To keep what the lane has seen.
    Keep(Sighting),
}

/// A shot that has a name before it is a picture.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    pub(crate) image: Id,
    pub(crate) shot: Shot,
    /// What it was taken for: a word of the contract.
    pub(crate) trigger: &'static str,
    pub(crate) event: Option<Id>,
}

/// Where what the camera has to say goes.
#[derive(Debug)]
pub(crate) struct Outputs {
    pub(crate) board: mpsc::Sender<Change>,
    pub(crate) mailbox: Mailbox,
    pub(crate) pictures: Pictures,
    pub(crate) voice: Voice,
}

struct CameraTask {
    eye: Eye,
    outputs: Outputs,
    stream: Option<Stream>,
    told: Option<CameraHealth>,
    /// There has been a picture since the start.
    started: bool,
}

/// Runs until cancelled.
pub(crate) async fn run(
    eye: Eye,
    mut orders: mpsc::Receiver<CameraOrder>,
    outputs: Outputs,
    cancel: CancellationToken,
) -> Result<(), Infallible> {
    let mut changes = eye.clone();
    let mut task = CameraTask { eye, outputs, stream: None, told: None, started: false };
    let work = async {
        loop {
            task.tell_health().await;
            tokio::select! {
                biased;
                Some(order) = orders.recv() => task.perform(order).await,
                () = changes.health_changed() => {}
                () = stream::due(task.stream.as_ref()) => task.stream_frame().await,
            }
        }
    };
    cancel.run_until_cancelled(work).await;

    Ok(())
}

impl CameraTask {
    async fn perform(&mut self, order: CameraOrder) {
        match order {
            CameraOrder::Capture { id } => self.capture(id).await,
            CameraOrder::StartStream { id, frames_per_second, max_seconds } => {
                match self.eye.look() {
                    Ok(_) => {
                        let stream = Stream::start(frames_per_second, max_seconds);
                        self.stream = Some(stream);
                        self.tell_health().await;
                        self.answer(id, "start_stream", Ok(None));
                    }
                    Err(error) => self.answer(id, "start_stream", Err(error)),
                }
            }
            CameraOrder::StopStream { id } => {
                self.stream = None;
                self.tell_health().await;
                self.answer(id, "stop_stream", Ok(None));
            }
            CameraOrder::Fetch { id, image } => self.fetch(id, image).await,
            CameraOrder::Keep(sighting) => {
                if let Err(error) = self.publish(sighting, None).await {
                    warn!(%error, "A picture could not be made");
                }
            }
        }
    }

    async fn capture(&mut self, id: Id) {
        let image = match self.eye.look() {
            Ok(shot) => self.publish(Sighting::new(shot, "command"), Some(id.clone())).await,
            Err(error) => Err(error),
        };

        self.answer(id, "capture", image.map(Some));
    }

    async fn stream_frame(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        if !stream.goes_on() {
            self.stream = None;
            return;
        }

        let Ok(shot) = self.eye.look() else { return };
        if stream.is_news(&shot)
            && let Ok(frame) = shot.develop().await
        {
            self.outputs.mailbox.post_picture(MessageType::Stream, frame.jpeg);
        }
    }

    /// Tells the board how the camera is, where that has changed.
    async fn tell_health(&mut self) {
        // Whoever hears that there is a camera has its first picture.
        self.show_start().await;
        let health = match self.eye.health() {
            Ok(()) if self.stream.is_some() => CameraHealth::of(CameraStatus::Streaming, None),
            Ok(()) => CameraHealth::of(CameraStatus::Ready, None),
            Err(CameraError::NotFitted) => return,
            Err(error) => {
                let is_away = matches!(error, CameraError::Starting | CameraError::Unreachable(_));
                let status = if is_away { CameraStatus::Disconnected } else { CameraStatus::Error };
                CameraHealth::of(status, Some(error.to_string()))
            }
        };

        if self.told.as_ref() != Some(&health) {
            self.told = Some(health.clone());
            // Fails only when the board is gone, and with it the process.
            let _ = self.outputs.board.send(Change::Camera(health)).await;
        }
    }

    /// Publishes the first picture that there is, so that dashboards have one.
    async fn show_start(&mut self) {
        if self.started {
            return;
        }
        let Ok(shot) = self.eye.look() else { return };

        self.started = self.publish(Sighting::new(shot, "start"), None).await.is_ok();
    }

    /// Publishes a picture and what there is to say about it.
    async fn publish(&self, sighting: Sighting, cause: Option<Id>) -> Result<Id, CameraError> {
        let Outputs { mailbox, pictures, voice, .. } = &self.outputs;
        let Sighting { image, shot, trigger, event } = sighting;
        let timestamp = shot.moment.time;
        let frame = shot.develop().await?;
        let captured = ImageCaptured {
            image_id: image.clone(),
            content_type: "image/jpeg".to_owned(),
            width: frame.width,
            height: frame.height,
            size: frame.jpeg.len() as u64,
            sha256: hex(&Sha256::digest(&frame.jpeg)),
            trigger: trigger.to_owned(),
            event_id: event,
            url: format!("/gates/{}/images/{image}.jpg", voice.gate()),
        };

        pictures.keep(image.clone(), frame.jpeg.clone());
        mailbox.post_picture(MessageType::Image, frame.jpeg);
        let report = voice.report(Body::ImageCaptured(captured));
        mailbox.post(&Report { cause, timestamp, ..report });

        Ok(image)
    }

    /// The picture leaves before the answer, which says by its SHA-256 which one it was.
    async fn fetch(&self, id: Id, image: Id) {
        let Outputs { mailbox, pictures, .. } = &self.outputs;

        let (code, message) = match pictures.find(image.clone()).await {
            Some(jpeg) => {
                let sha256 = hex(&Sha256::digest(&jpeg));
                if mailbox.post_fetched(jpeg) {
                    return self.post(Answer {
                        image_id: Some(image),
                        sha256: Some(sha256),
                        ..answer(id, "fetch", AnswerStatus::Succeeded)
                    });
                }
                (AnswerCode::RateLimited, "other pictures wait to be published".to_owned())
            }
            None => (AnswerCode::Invalid, format!("picture {image} is not kept, or not any more")),
        };
        self.post(Answer {
            code: Some(code),
            message: Some(message),
            ..answer(id, "fetch", AnswerStatus::Failed)
        });
    }

    fn answer(&self, id: Id, action: &str, outcome: Result<Option<Id>, CameraError>) {
        self.post(match outcome {
            Ok(image_id) => Answer { image_id, ..answer(id, action, AnswerStatus::Succeeded) },
            Err(error) => Answer {
                code: Some(AnswerCode::HardwareOffline),
                message: Some(error.to_string()),
                ..answer(id, action, AnswerStatus::Failed)
            },
        });
    }

    fn post(&self, answer: Answer) {
        let report = self.outputs.voice.answer(MessageType::CameraControl, answer);

        self.outputs.mailbox.post(&report);
    }
}

fn answer(command_id: Id, action: &str, status: AnswerStatus) -> Answer {
    Answer {
        command_id,
        action: action.to_owned(),
        status,
        success: status.is_success(),
        code: None,
        message: None,
        gate_status: None,
        image_id: None,
        sha256: None,
        elapsed_ms: None,
    }
}

impl Sighting {
    /// With a name of its own.
    pub(crate) fn new(shot: Shot, trigger: &'static str) -> Self {
        Self { image: stamp::new_id(), shot, trigger, event: None }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
