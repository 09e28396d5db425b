//! The pictures of a gate on disk: the newest ones, by count and by age.
//!
//! One thread waits for the disk, so that nobody else does. A picture is `IMAGE_ID.jpg` in a
//! directory of its gate: written beside its place and moved there, so that it is whole or not
//! there, whenever the power fails. Losing one is a pity and no more: what cannot be written is
//! told, and the gate works on.

mod store;

use std::{
    io,
    path::Path,
    sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError},
    thread,
    time::Duration,
};

use bytes::Bytes;
use schemas::{Body, Fault, Id};
use tokio::{sync::oneshot, time::timeout};
use tracing::{info, warn};

use crate::{config::KeepPictures, mailbox::Mailbox, voice::Voice};
use store::Store;

/// As many pictures may wait for the disk. More is a disk that hangs.
const QUEUE: usize = 16;
/// How long whoever wants a picture waits for the disk.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often old pictures are looked for when no new ones come.
const TIDY: Duration = Duration::from_secs(3600);

/// The way to the pictures; clones share one.
#[derive(Debug, Clone)]
pub(crate) struct Pictures(SyncSender<Request>);

enum Request {
    Keep(Id, Bytes),
    Find(Id, oneshot::Sender<Option<Bytes>>),
}

/// Where what goes wrong is told.
pub(crate) struct Reporter {
    pub(crate) mailbox: Mailbox,
    pub(crate) voice: Voice,
}

/// Opens the pictures in `dir`. It need not be there; if it cannot be, that is told.
///
/// # Errors
///
/// There is no thread for it.
pub(crate) fn start(dir: &Path, keep: KeepPictures, reporter: Reporter) -> io::Result<Pictures> {
    let (requests, inbox) = mpsc::sync_channel(QUEUE);
    let store = Store::new(dir.to_owned(), keep);

    thread::Builder::new()
        .name("pictures".to_owned())
        .spawn(move || Keeper { store, reporter, failing: false }.run(&inbox))?;

    Ok(Pictures(requests))
}

impl Pictures {
    /// Keeps a picture. It does not wait for the disk.
    pub(crate) fn keep(&self, image: Id, jpeg: Bytes) {
        if let Err(TrySendError::Full(_)) = self.0.try_send(Request::Keep(image, jpeg)) {
            warn!("The disk is behind: a picture is not kept");
        }
    }

    /// A picture that was kept. `None` as well where the disk does not answer in time.
    pub(crate) async fn find(&self, image: Id) -> Option<Bytes> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Request::Find(image, reply)).ok()?;

        timeout(PATIENCE, answer).await.ok()?.ok().flatten()
    }
}

struct Keeper {
    store: Store,
    reporter: Reporter,
    /// The last one could not be kept, which has been told.
    failing: bool,
}

impl Keeper {
    /// Runs until nobody has a way to it.
    fn run(mut self, inbox: &mpsc::Receiver<Request>) {
        let opened = self.store.open();
        self.report(opened);

        loop {
            match inbox.recv_timeout(TIDY) {
                Ok(Request::Keep(image, jpeg)) => {
                    let kept = self.store.keep(&image, &jpeg);
                    self.report(kept);
                }
                Ok(Request::Find(image, reply)) => {
                    // Whoever asked may have gone.
                    let _ = reply.send(self.store.find(&image));
                }
                Err(RecvTimeoutError::Timeout) => self.store.tidy(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Says what goes wrong when it begins, and that it is over.
    fn report(&mut self, outcome: io::Result<()>) {
        match outcome {
            Ok(()) if self.failing => info!("Pictures are kept again"),
            Ok(()) => {}
            Err(_) if self.failing => {}
            Err(ref error) => {
                let dir = self.store.dir().display();
                let message = format!(
                    "pictures are not kept, the gate works on: cannot write to {dir}: {error}"
                );
                warn!(message, "Pictures");
                let fault = Fault {
                    code: "pictures_failed".to_owned(),
                    message,
                    command_id: None,
                    detail: None,
                };
                let Reporter { mailbox, voice } = &self.reporter;
                mailbox.post(&voice.report(Body::Error(fault)));
            }
        }
        self.failing = outcome.is_err();
    }
}
