//! Pictures that the gateway does not have: asked of the agents that keep them.

use std::time::Duration;

use audit::Via;
use bytes::Bytes;
use schemas::{CameraAction, CameraControl, GateId, Id};
use service::stamp;
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    audit::Who,
    command,
    relay::{Relay, is_running},
};

/// How long an agent and its disk may take, however many wait.
const PATIENCE: Duration = Duration::from_secs(5);
/// Who asks for more waits for those before. Agents refuse what is too much for them.
const AT_ONCE: usize = 4;

/// How many pictures may be asked for at once.
#[derive(Debug)]
pub(crate) struct Fetches {
    turns: Semaphore,
}

/// There is no such picture to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("there is no such picture: the gate does not keep it, or not any more")]
    NotKept,
    #[error("there is no such picture here, and the gate that may keep it is offline")]
    Offline,
    #[error("there is no such picture here, and the gate that may keep it does not answer")]
    NoAnswer,
}

impl Default for Fetches {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE) }
    }
}

impl Relay {
    /// Asks the agent of a gate for a picture.
    pub(crate) async fn fetch(&self, gate: &GateId, image: Id) -> Result<Bytes, FetchError> {
        let is_online = self.hub.system_status(gate).is_some_and(|status| is_running(status.state));
        if !is_online {
            return Err(FetchError::Offline);
        }

        timeout(PATIENCE, self.ask(gate, image)).await.unwrap_or(Err(FetchError::NoAnswer))
    }

    async fn ask(&self, gate: &GateId, image: Id) -> Result<Bytes, FetchError> {
        let _turn = self.fetches.turns.acquire().await.map_err(|_| FetchError::NoAnswer)?;
        let command_id = stamp::new_id();
        let mut question = self.questions.open(command_id.clone());

        let control = CameraControl {
            image_id: Some(image.clone()),
            ..command::camera_control(CameraAction::Fetch, command_id)
        };
        let command = command::to_camera(gate, control);
        let command = command::stamp(command, self.config.name.to_string(), stamp::now());
        let requested_by = Some(self.config.name.to_string());
        self.audit.commanded(&command, &Who { requested_by, ..Who::anybody(Via::Http) });
        self.publish_bytes(&command.topic(), command.encode()).map_err(|_| FetchError::Offline)?;
        let answer = question.answer().await.filter(|answer| answer.success);
        let sha256 = answer.and_then(|answer| answer.sha256).ok_or(FetchError::NotKept)?;

        let picture = self.pictures.fetched(gate, &sha256).await;
        self.pictures.name_as(gate, image, sha256);

        Ok(picture)
    }
}
