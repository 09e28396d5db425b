//! Open files: a socket is one, and ten thousand of them are more than most shells allow.

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit as far as it goes, for the brokers as well, which inherit it: what it is then.
pub(crate) fn raise() -> anyhow::Result<Option<u64>> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);

    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .context("cannot raise the limit of open files")?;
    Ok(maximum)
}
