//! The commands task: what arrives on the command topics is checked, noted and handed on.
//!
//! In: what the uplink received. Out: commands for the lane, the camera, the board and the replay;
//! answers to those that are refused.

mod admission;

use std::convert::Infallible;

use bytes::Bytes;
use journal::CommandRecord;
use lane::{Input, LaneCommand};
use schemas::{
    Answer, AnswerCode, AnswerStatus, CameraAction, CameraControl, Command, CommandBody,
    GateAction, GateControl, Id, MessageType, RequestEvents, Root, Salvaged, Timestamp, Topic,
};
use service::stamp;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    board::Change, camera::CameraOrder, journal_task::JournalHandle, mailbox::Mailbox, voice::Voice,
};
pub(crate) use admission::Admission;
use admission::Refusal;

/// What arrived on a topic of the gate.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) topic: String,
    pub(crate) bytes: Bytes,
    pub(crate) delivery: Delivery,
    pub(crate) at: Timestamp,
    /// When the agent subscribed on this connection.
    pub(crate) subscribed: Instant,
}

/// Whether a message was sent just now or kept by the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Live,
    Retained,
}

/// Where commands go.
#[derive(Debug, Clone)]
pub(crate) struct Outputs {
    pub(crate) lane: mpsc::Sender<Input>,
    pub(crate) camera: mpsc::Sender<CameraOrder>,
    pub(crate) board: mpsc::Sender<Change>,
    pub(crate) replay: mpsc::Sender<RequestEvents>,
}

#[derive(Debug)]
pub(crate) struct Commands {
    pub(crate) root: Root,
    pub(crate) admission: Admission,
    pub(crate) journal: JournalHandle,
    pub(crate) voice: Voice,
    pub(crate) mailbox: Mailbox,
    pub(crate) outputs: Outputs,
}

impl Commands {
    /// Runs until cancelled.
    pub(crate) async fn run(
        self,
        mut arrivals: mpsc::Receiver<Arrival>,
        cancel: CancellationToken,
    ) -> Result<(), Infallible> {
        let work = async {
            while let Some(arrival) = arrivals.recv().await {
                self.take(&arrival).await;
            }
        };
        cancel.run_until_cancelled(work).await;

        Ok(())
    }

    async fn take(&self, arrival: &Arrival) {
        let Ok(topic) = Topic::parse(&self.root, &arrival.topic) else {
            return warn!(topic = arrival.topic, "Not a topic of the contract");
        };
        let kind = topic.message_type();

        match self.admission.admit(&topic, arrival) {
            Ok(command) => self.perform(command).await,
            Err(refusal) => {
                let salvaged = Salvaged::from(&arrival.bytes);
                let id = salvaged.command_id.unwrap_or_else(stamp::new_id);
                let action = salvaged.action.unwrap_or_else(|| kind.to_string());
                self.refuse(kind, id, action, refusal);
            }
        }
    }

    async fn perform(&self, command: Command) {
        let kind = command.body.message_type();
        let action = command.body.action();
        let id = match command.command_id() {
            None => stamp::new_id(),
            Some(id) if changes_nothing(&command.body) => id.clone(),
            Some(id) => match self.journal.remember(id).await {
                Ok(CommandRecord::New) => id.clone(),
                Ok(CommandRecord::Seen { outcome }) => {
                    return self.answer_again(kind, id.clone(), action, outcome);
                }
                Err(silent) if comes_first(&command.body) => {
                    warn!(%silent, %id, "Carried out all the same");
                    id.clone()
                }
                Err(silent) => {
                    warn!(%silent, %id, "Cannot note that a command was seen");
                    return self.refuse(kind, id.clone(), action, Refusal::no_record());
                }
            },
        };

        info!(%id, action, requested_by = command.body.requested_by(), "Command");
        self.hand_on(command.body, id).await;
    }

    async fn hand_on(&self, body: CommandBody, id: Id) {
        // A task that is gone takes the process with it.
        match body {
            CommandBody::GateControl(control) => {
                let _ = self.outputs.lane.send(Input::Command(lane_command(id, &control))).await;
            }
            CommandBody::CameraControl(control) => {
                let action = control.action.to_string();
                let Some(order) = camera_order(id.clone(), &control) else {
                    let refusal = Refusal::invalid("`fetch` needs an `image_id`");
                    return self.refuse(MessageType::CameraControl, id, action, refusal);
                };
                if self.outputs.camera.try_send(order).is_err() {
                    self.refuse(MessageType::CameraControl, id, action, Refusal::busy());
                }
            }
            CommandBody::RequestStatus(_) => {
                let _ = self.outputs.board.send(Change::Asked).await;
            }
            CommandBody::RequestEvents(request) => {
                if self.outputs.replay.try_send(request).is_err() {
                    let action = MessageType::RequestEvents.to_string();
                    self.refuse(MessageType::RequestEvents, id, action, Refusal::busy());
                }
            }
        }
    }

    /// The same command again moves nothing and is told how the first one ended.
    fn answer_again(&self, kind: MessageType, id: Id, action: String, outcome: Option<Vec<u8>>) {
        let first = outcome.and_then(|bytes| serde_json::from_slice::<Answer>(&bytes).ok());
        info!(%id, action, "Command seen before");

        match first {
            Some(first) => {
                let code = first.code.or(Some(AnswerCode::Duplicate));
                self.mailbox.post(&self.voice.answer(kind, Answer { code, ..first }));
            }
            None => self.refuse(kind, id, action, Refusal::duplicate()),
        }
    }

    fn refuse(&self, kind: MessageType, id: Id, action: String, refusal: Refusal) {
        warn!(%id, action, code = %refusal.code, reason = refusal.message, "Command refused");

        self.mailbox.post(&self.voice.answer(
            kind,
            Answer {
                command_id: id,
                action,
                status: refusal.status,
                success: false,
                code: Some(refusal.code),
                message: Some(refusal.message),
                gate_status: None,
                image_id: None,
                sha256: None,
                elapsed_ms: None,
            },
        ));
    }
}

/// To ask for a picture once more is no command that was seen before, and worth no write.
fn changes_nothing(body: &CommandBody) -> bool {
    matches!(body, CommandBody::CameraControl(control) if control.action == CameraAction::Fetch)
}

/// Stop and emergency do not wait for a disk that fails.
fn comes_first(body: &CommandBody) -> bool {
    matches!(
        body,
        CommandBody::GateControl(GateControl {
            action: GateAction::Stop | GateAction::EmergencyOpen,
            ..
        })
    )
}

fn lane_command(id: Id, control: &GateControl) -> LaneCommand {
    LaneCommand {
        id,
        action: control.action,
        open_for: control.duration.map(|seconds| seconds.duration()),
        card: control.card_id.clone(),
        until: control.until,
        requested_by: control.requested_by.clone(),
        reason: control.reason.clone(),
    }
}

/// `None`: it does not say which picture it wants.
fn camera_order(id: Id, control: &CameraControl) -> Option<CameraOrder> {
    Some(match control.action {
        CameraAction::Capture => CameraOrder::Capture { id },
        CameraAction::StartStream => CameraOrder::StartStream {
            id,
            frames_per_second: control.fps,
            max_seconds: control.max_seconds,
        },
        CameraAction::StopStream => CameraOrder::StopStream { id },
        CameraAction::Fetch => CameraOrder::Fetch { id, image: control.image_id.clone()? },
    })
}

/// The status that belongs to a refusal by its code.
pub(crate) fn status_of(code: AnswerCode) -> AnswerStatus {
    if code == AnswerCode::Expired { AnswerStatus::Expired } else { AnswerStatus::Rejected }
}
