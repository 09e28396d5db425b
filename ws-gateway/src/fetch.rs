//! Pictures that the gateway does not have: asked of the agents that keep them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use schemas::{Answer, CameraAction, CameraControl, Command, CommandBody, GateId, Id};
use service::stamp;
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

use crate::{
    command,
    relay::{Relay, is_running},
};

/// How long an agent and its disk may take, however many wait.
const PATIENCE: Duration = Duration::from_secs(5);
/// Who asks for more waits for those before. Agents refuse what is too much for them.
const AT_ONCE: usize = 4;

/// What agents were asked for and have not answered.
#[derive(Debug)]
pub(crate) struct Fetches {
    waiting: Mutex<HashMap<Id, oneshot::Sender<Option<String>>>>,
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
        Self { waiting: Mutex::default(), turns: Semaphore::new(AT_ONCE) }
    }
}

impl Fetches {
    /// An agent has answered a `camera_control`; perhaps one of ours.
    pub(crate) fn answered(&self, answer: &Answer) {
        if answer.status.is_final()
            && let Some(asker) = self.waiting().remove(&answer.command_id)
        {
            // Whoever asked may have gone.
            let _ = asker.send(answer.sha256.clone().filter(|_| answer.success));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Id, oneshot::Sender<Option<String>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relay {
    /// Asks the agent of a gate for a picture.
    pub(crate) async fn fetch(&self, gate: &GateId, image: Id) -> Result<Bytes, FetchError> {
        let is_online = self.hub.system_status(gate).is_some_and(|status| is_running(status.state));
        if !is_online {
            return Err(FetchError::Offline);
        }
        let command_id = stamp::new_id();

        let fetched = timeout(PATIENCE, self.ask(gate, image, command_id.clone())).await;
        self.fetches.waiting().remove(&command_id);

        fetched.unwrap_or(Err(FetchError::NoAnswer))
    }

    async fn ask(&self, gate: &GateId, image: Id, id: Id) -> Result<Bytes, FetchError> {
        let _turn = self.fetches.turns.acquire().await.map_err(|_| FetchError::NoAnswer)?;
        let (reply, answer) = oneshot::channel();
        self.fetches.waiting().insert(id.clone(), reply);

        let command = command::stamp(
            wanted(gate, image.clone(), id),
            self.config.name.to_string(),
            stamp::now(),
        );
        self.publish_bytes(&command.topic(), command.encode()).map_err(|_| FetchError::Offline)?;
        let sha256 = answer.await.ok().flatten().ok_or(FetchError::NotKept)?;

        let picture = self.pictures.fetched(gate, &sha256).await;
        self.pictures.name_as(gate, image, sha256);

        Ok(picture)
    }
}

fn wanted(gate: &GateId, image: Id, command_id: Id) -> Command {
    Command {
        body: CommandBody::CameraControl(CameraControl {
            action: CameraAction::Fetch,
            gate_id: Some(gate.clone()),
            command_id: Some(command_id),
            image_id: Some(image),
            fps: None,
            max_seconds: None,
            requested_by: None,
            expires_at: None,
            extra: serde_json::Map::new(),
        }),
        gate: gate.clone(),
        timestamp: None,
        id: None,
        cause: None,
        extra: serde_json::Map::new(),
    }
}
