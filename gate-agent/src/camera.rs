//! The camera task: takes pictures on command and of every passage, and runs streams.
//!
//! In: orders. Out: pictures and what there is to say about them, to the mailbox; the camera's
//! health, to the board. The source of the frames is behind [`FrameSource`].

mod simulated;

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use schemas::{
    Answer, AnswerCode, AnswerStatus, Body, CameraStatus, Id, ImageCaptured, MessageType, Report,
};
use service::stamp;
use sha2::{Digest, Sha256};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    board::{CameraHealth, Change},
    config::Direction,
    mailbox::Mailbox,
    voice::Voice,
};
pub(crate) use simulated::Simulated;

/// Frames a second of a stream where a command does not say.
const FRAME_RATE: u32 = 5;
const FASTEST: u32 = 15;
/// How long a stream runs that nobody renews.
const STREAM: Duration = Duration::from_secs(60);
const LONGEST_STREAM: Duration = Duration::from_secs(3600);

/// Something that the camera is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// A picture of a passage.
    Witness {
        event: Id,
        direction: Direction,
    },
}

/// A picture as it came from the camera.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) jpeg: Bytes,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The camera did not deliver a picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CameraError {
    #[error("no camera is fitted")]
    NotFitted,
    #[error("the camera fails: {0}")]
    Failed(String),
}

/// Where frames come from. One that takes too long, or for ever, is its own to end: this future
/// resolves within a few seconds.
pub(crate) trait FrameSource: Send + 'static {
    /// What the camera sees now.
    fn frame(&mut self) -> impl Future<Output = Result<Frame, CameraError>> + Send;
}

/// Where what the camera has to say goes.
#[derive(Debug)]
pub(crate) struct Outputs {
    pub(crate) board: mpsc::Sender<Change>,
    pub(crate) mailbox: Mailbox,
    pub(crate) voice: Voice,
}

/// No camera is fitted.
#[derive(Debug)]
pub(crate) struct Absent;

impl FrameSource for Absent {
    async fn frame(&mut self) -> Result<Frame, CameraError> {
        Err(CameraError::NotFitted)
    }
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    next: Instant,
    every: Duration,
    until: Instant,
}

struct CameraTask<S> {
    source: S,
    outputs: Outputs,
    stream: Option<Stream>,
    told: Option<CameraHealth>,
}

/// Runs until cancelled.
pub(crate) async fn run<S: FrameSource>(
    source: S,
    mut orders: mpsc::Receiver<CameraOrder>,
    outputs: Outputs,
    cancel: CancellationToken,
) -> Result<(), Infallible> {
    let mut task = CameraTask { source, outputs, stream: None, told: None };
    let work = async {
        if let Ok(frame) = task.look().await {
            task.publish(frame, "start", None, None);
        }
        loop {
            tokio::select! {
                biased;
                Some(order) = orders.recv() => task.perform(order).await,
                () = due(task.stream) => task.stream_frame().await,
            }
        }
    };
    cancel.run_until_cancelled(work).await;

    Ok(())
}

impl<S: FrameSource> CameraTask<S> {
    async fn perform(&mut self, order: CameraOrder) {
        match order {
            CameraOrder::Capture { id } => self.capture(id).await,
            CameraOrder::StartStream { id, frames_per_second, max_seconds } => {
                self.start_stream(id, frames_per_second, max_seconds).await;
            }
            CameraOrder::StopStream { id } => {
                self.end_stream().await;
                self.answer(id, "stop_stream", AnswerStatus::Succeeded, None, None);
            }
            CameraOrder::Witness { event, direction } => {
                let trigger = match direction {
                    Direction::Entry => "entry",
                    Direction::Exit => "exit",
                };
                if let Ok(frame) = self.look().await {
                    self.publish(frame, trigger, None, Some(event));
                }
            }
        }
    }

    async fn capture(&mut self, id: Id) {
        match self.look().await {
            Ok(frame) => {
                let image = self.publish(frame, "command", Some(id.clone()), None);
                self.answer(id, "capture", AnswerStatus::Succeeded, Some(image), None);
            }
            Err(error) => self.answer(id, "capture", AnswerStatus::Failed, None, Some(error)),
        }
    }

    async fn start_stream(&mut self, id: Id, frames: Option<u32>, seconds: Option<u32>) {
        if let Err(error) = self.look().await {
            return self.answer(id, "start_stream", AnswerStatus::Failed, None, Some(error));
        }

        let frames = frames.unwrap_or(FRAME_RATE).clamp(1, FASTEST);
        let length = seconds.map_or(STREAM, |seconds| Duration::from_secs(seconds.into()));
        let now = Instant::now();
        self.stream = Some(Stream {
            next: now,
            every: Duration::from_secs(1) / frames,
            until: now + length.min(LONGEST_STREAM),
        });
        info!(frames, ?length, "Stream");
        self.tell(CameraHealth::of(CameraStatus::Streaming, None)).await;
        self.answer(id, "start_stream", AnswerStatus::Succeeded, None, None);
    }

    async fn end_stream(&mut self) {
        if self.stream.take().is_some() {
            self.tell(CameraHealth::of(CameraStatus::Ready, None)).await;
        }
    }

    async fn stream_frame(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        let now = Instant::now();
        // A slow camera skips frames instead of falling behind.
        stream.next = (stream.next + stream.every).max(now);
        if now >= stream.until {
            return self.end_stream().await;
        }

        if let Ok(frame) = self.look().await {
            self.outputs.mailbox.post_picture(MessageType::Stream, frame.jpeg);
        }
    }

    /// One frame; how that went is told to the board.
    async fn look(&mut self) -> Result<Frame, CameraError> {
        let frame = self.source.frame().await;

        match &frame {
            Ok(_) if self.stream.is_some() => {
                self.tell(CameraHealth::of(CameraStatus::Streaming, None)).await;
            }
            Ok(_) => self.tell(CameraHealth::of(CameraStatus::Ready, None)).await,
            Err(CameraError::NotFitted) => {}
            Err(CameraError::Failed(reason)) => {
                warn!(reason, "Camera");
                self.tell(CameraHealth::of(CameraStatus::Error, Some(reason.clone()))).await;
            }
        }

        frame
    }

    async fn tell(&mut self, health: CameraHealth) {
        if self.told.as_ref() != Some(&health) {
            self.told = Some(health.clone());
            // Fails only when the board is gone, and with it the process.
            let _ = self.outputs.board.send(Change::Camera(health)).await;
        }
    }

    /// Publishes a picture and what there is to say about it.
    fn publish(&self, frame: Frame, trigger: &str, cause: Option<Id>, event: Option<Id>) -> Id {
        let Outputs { mailbox, voice, .. } = &self.outputs;
        let image_id = stamp::new_id();
        let captured = ImageCaptured {
            image_id: image_id.clone(),
            content_type: "image/jpeg".to_owned(),
            width: frame.width,
            height: frame.height,
            size: frame.jpeg.len() as u64,
            sha256: hex(&Sha256::digest(&frame.jpeg)),
            trigger: trigger.to_owned(),
            event_id: event,
            url: format!("/gates/{}/images/{image_id}.jpg", voice.gate()),
        };

        mailbox.post_picture(MessageType::Image, frame.jpeg);
        mailbox.post(&Report { cause, ..voice.report(Body::ImageCaptured(captured)) });

        image_id
    }

    fn answer(
        &self,
        id: Id,
        action: &str,
        status: AnswerStatus,
        image_id: Option<Id>,
        error: Option<CameraError>,
    ) {
        let answer = Answer {
            command_id: id,
            action: action.to_owned(),
            status,
            success: status.is_success(),
            code: error.is_some().then_some(AnswerCode::HardwareOffline),
            message: error.map(|error| error.to_string()),
            gate_status: None,
            image_id,
            elapsed_ms: None,
        };
        let report = self.outputs.voice.answer(MessageType::CameraControl, answer);

        self.outputs.mailbox.post(&report);
    }
}

async fn due(stream: Option<Stream>) {
    match stream {
        Some(stream) => sleep_until(stream.next).await,
        None => std::future::pending().await,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
