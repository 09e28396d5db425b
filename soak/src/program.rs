//! A process that is started, and killed as a power cut does it.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::Context;

/// A program that runs, or does not at the moment. It ends with this process at the latest.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    args: Vec<String>,
    variables: Vec<(&'static str, String)>,
    log: PathBuf,
    child: Option<Child>,
}

impl Program {
    /// One that is not started yet; what it writes goes to the file `log`.
    pub(crate) fn new(
        path: &Path,
        args: &[&str],
        variables: Vec<(&'static str, String)>,
        log: PathBuf,
    ) -> Self {
        let args = args.iter().map(ToString::to_string).collect();

        Self { path: path.to_owned(), args, variables, log, child: None }
    }

    pub(crate) fn start(&mut self) -> anyhow::Result<()> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("cannot write to {}", self.log.display()))?;
        let child = Command::new(&self.path)
            .args(&self.args)
            .env_clear()
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", self.path.display()))?;
        self.child = Some(child);

        Ok(())
    }

    /// It is gone when this returns. Whether it was there.
    pub(crate) fn kill(&mut self) -> bool {
        let Some(mut child) = self.child.take() else { return false };
        let ran = matches!(child.try_wait(), Ok(None));

        // It may have ended by itself, which is told by the answer.
        let _ = child.kill();
        let _ = child.wait();
        ran
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
