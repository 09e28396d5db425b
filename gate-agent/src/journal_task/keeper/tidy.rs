//! What is no longer needed goes, a little at a time.

use std::time::{Duration, Instant, SystemTime};

use journal::PruneError;
use tracing::{info, warn};

use super::{Damaged, Disk, Keeper};

const TIDY: Duration = Duration::from_secs(60);
/// Small, so that no event waits long behind it.
const TIDY_BATCH: usize = 100;
/// How long the id of a command is remembered; no command lives nearly as long.
const REMEMBER: Duration = Duration::from_secs(24 * 3600);

impl Keeper {
    pub(super) fn tidy(&mut self) -> Result<(), Damaged> {
        if self.disk != Disk::Writes || Instant::now() < self.tidy_at {
            return Ok(());
        }

        let dropped = self.drop_old();
        let Some(dropped) = self.unless_failed(dropped)? else { return Ok(()) };
        if dropped > 0 {
            info!(events = dropped, "Dropped old events that the broker has");
        }
        // As many as may be dropped at once: there may be more, after what came in meanwhile.
        let more = dropped >= TIDY_BATCH;
        self.tidy_at = Instant::now() + if more { Duration::ZERO } else { TIDY };
        if !more {
            self.look_at_size()?;
        }

        Ok(())
    }

    fn drop_old(&mut self) -> Result<usize, PruneError> {
        let now = SystemTime::now();
        if let Err(failure) = self.journal.forget_commands(now - REMEMBER) {
            warn!(%failure, "Old commands are kept");
        }

        Ok(self.journal.prune(now - self.retention.age, TIDY_BATCH)?
            + self.journal.prune_to(self.retention.bytes, TIDY_BATCH)?)
    }

    /// Only events that no broker has taken can make the journal larger than it may be.
    fn look_at_size(&mut self) -> Result<(), Damaged> {
        let size = self.journal.size();
        let Some(size) = self.unless_failed(size)? else { return Ok(()) };

        let oversized = size > self.retention.bytes;
        if oversized && !self.oversized {
            let message = format!(
                "the journal has {size} bytes, more than keep_bytes, with {} events that no broker \
                 has taken; they are kept: connect a broker, or the disk will be full",
                self.journal.unsent()
            );
            warn!(size, unsent = self.journal.unsent(), "The journal is larger than keep_bytes");
            self.tell("journal_large", message.clone(), None);
            self.figures.tell_trouble(Some(message));
        }
        self.oversized = oversized;

        Ok(())
    }
}
