//! What the gateway itself asked of gates, until they answer.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use schemas::{Answer, Id};
use tokio::sync::oneshot;

/// All that is open.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    waiting: Mutex<HashMap<Id, oneshot::Sender<Answer>>>,
}

/// One command of the gateway, whose answer somebody waits for. Dropped, nobody waits any more.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    questions: &'a Questions,
    id: Id,
    answer: oneshot::Receiver<Answer>,
}

impl Questions {
    /// Waits for the answer to a command that is about to be sent.
    pub(crate) fn open(&self, id: Id) -> Question<'_> {
        let (reply, answer) = oneshot::channel();
        self.waiting().insert(id.clone(), reply);

        Question { questions: self, id, answer }
    }

    /// A gate has answered a command; perhaps one of ours.
    pub(crate) fn answered(&self, answer: &Answer) {
        if answer.status.is_final()
            && let Some(asker) = self.waiting().remove(&answer.command_id)
        {
            // Whoever asked may have gone.
            let _ = asker.send(answer.clone());
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Id, oneshot::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question<'_> {
    /// The final answer, as soon as it is here.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.questions.waiting().remove(&self.id);
    }
}
