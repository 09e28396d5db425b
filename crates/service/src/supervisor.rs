//! The tasks of one process: started together, stopped together.
//!
//! A task that meets a broken device or broker recovers by itself and keeps running. A task that
//! *ends* is a task this process cannot do without, so its end stops the process and whoever
//! started it starts it afresh. There is no third case.

use std::{collections::HashMap, error::Error, time::Duration};

use tokio::{
    task::{Id, JoinError, JoinSet},
    time,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

type BoxError = Box<dyn Error + Send + Sync>;
type End = Result<(Id, Result<(), BoxError>), JoinError>;

/// Owns every task of the process.
///
/// Tasks stop in the reverse order of the stages in which they were started: what was started
/// first, such as a broker, is there until everything that needs it is gone.
#[derive(Debug)]
pub struct Supervisor {
    tasks: JoinSet<Result<(), BoxError>>,
    names: HashMap<Id, (String, usize)>,
    stages: Vec<CancellationToken>,
}

/// Why the process stopped without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// It returned, which it should not.
    #[error("task `{0}` ended early")]
    Ended(String),
    /// It gave up.
    #[error("task `{0}` failed")]
    Failed(String, #[source] BoxError),
    /// It has a bug.
    #[error("task `{0}` panicked")]
    Panicked(String, #[source] JoinError),
}

impl Default for Supervisor {
    fn default() -> Self {
        let stages = vec![CancellationToken::new()];

        Self { tasks: JoinSet::new(), names: HashMap::new(), stages }
    }
}

impl Supervisor {
    /// What is started from here on is stopped before what was started until here.
    pub fn next_stage(&mut self) {
        self.stages.push(CancellationToken::new());
    }

    /// Starts a task. It is to return soon after its token is cancelled.
    pub fn spawn<E, F>(
        &mut self,
        name: impl Into<String>,
        task: impl FnOnce(CancellationToken) -> F,
    ) where
        E: Into<BoxError>,
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let name = name.into();
        let stage = self.stages.len() - 1;
        let task = task(self.stages[stage].child_token());
        let span = info_span!("task", name);
        let handle =
            self.tasks.spawn(async move { task.await.map_err(Into::into) }.instrument(span));

        self.names.insert(handle.id(), (name, stage));
    }

    /// Runs until `stop` resolves or a task ends, then winds the others down.
    ///
    /// Whoever is still running `grace` after its stage was told to stop is left behind.
    ///
    /// # Errors
    ///
    /// A task ended although nobody wanted it to, or failed as it stopped: what it had to do at the
    /// end is not done.
    pub async fn run(
        mut self,
        stop: impl Future<Output = ()>,
        grace: Duration,
    ) -> Result<(), TaskError> {
        let mut outcome = tokio::select! {
            () = stop => Ok(()),
            Some(end) = self.tasks.join_next_with_id() => Err(self.explain(end)),
        };

        info!("Stopping");
        for stage in (0..self.stages.len()).rev() {
            self.stages[stage].cancel();
            match time::timeout(grace, self.drain(stage)).await {
                Ok(drained) => outcome = outcome.and(drained),
                Err(_elapsed) => {
                    warn!(left = self.running(stage), ?grace, "Some tasks did not stop in time");
                }
            }
        }

        outcome
    }

    /// Waits for all tasks of a stage; the first error of any of them.
    async fn drain(&mut self, stage: usize) -> Result<(), TaskError> {
        let mut outcome = Ok(());

        while self.running(stage) > 0 {
            let Some(end) = self.tasks.join_next_with_id().await else { break };
            if matches!(end, Ok((_, Ok(())))) {
                self.forget(&end);
            } else {
                let error = self.explain(end);
                warn!(error = &error as &dyn Error, "Task did not stop cleanly");
                outcome = outcome.and(Err(error));
            }
        }
        outcome
    }

    fn running(&self, stage: usize) -> usize {
        self.names.values().filter(|(_, of)| *of == stage).count()
    }

    fn forget(&mut self, end: &End) -> String {
        let id = match end {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };

        self.names.remove(&id).map_or_else(|| "?".to_owned(), |(name, _)| name)
    }

    fn explain(&mut self, end: End) -> TaskError {
        let name = self.forget(&end);

        match end {
            Ok((_, Ok(()))) => TaskError::Ended(name),
            Ok((_, Err(error))) => TaskError::Failed(name, error),
            Err(error) => TaskError::Panicked(name, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        future, io,
        sync::{Arc, Mutex},
    };

    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn what_was_started_first_is_stopped_last() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut supervisor = Supervisor::default();
        for name in ["broker", "gateway", "gate"] {
            let order = Arc::clone(&order);
            supervisor.spawn(name, |cancel| async move {
                cancel.cancelled().await;
                order.lock().unwrap().push(name);
                Ok::<_, Infallible>(())
            });
            supervisor.next_stage();
        }

        supervisor.run(future::ready(()), GRACE).await.unwrap();

        assert_eq!(*order.lock().unwrap(), ["gate", "gateway", "broker"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ends_stops_the_process_and_is_named() {
        let mut supervisor = Supervisor::default();
        supervisor.spawn("lasting", |cancel| async move {
            cancel.cancelled().await;
            Ok::<_, Infallible>(())
        });
        supervisor.spawn("failing", |_| async { Err(io::Error::other("no disk")) });

        let error = supervisor.run(future::pending(), GRACE).await.unwrap_err();

        assert_eq!(error.to_string(), "task `failing` failed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_fails_as_it_stops_is_named_and_keeps_nobody_from_stopping() {
        let mut supervisor = Supervisor::default();
        let (stopped, has_stopped) = tokio::sync::oneshot::channel();
        supervisor.spawn("first", |cancel| async move {
            cancel.cancelled().await;
            let _ = stopped.send(());
            Ok::<_, Infallible>(())
        });
        supervisor.next_stage();
        supervisor.spawn("full", |cancel| async move {
            cancel.cancelled().await;
            Err(io::Error::other("the disk is full"))
        });

        let error = supervisor.run(future::ready(()), GRACE).await.unwrap_err();

        assert_eq!(error.to_string(), "task `full` failed");
        has_stopped.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_stop_is_left_behind() {
        let mut supervisor = Supervisor::default();
        supervisor.spawn("stubborn", |_| future::pending::<Result<(), Infallible>>());

        supervisor.run(future::ready(()), GRACE).await.unwrap();
    }
}
