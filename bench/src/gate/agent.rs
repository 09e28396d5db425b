//! The agent under test.

use std::{
    env, fs,
    fs::File,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::Context;

use super::Gate;

/// A port on which nothing listens.
const NOBODY: u16 = 9;

/// A running `gate-agent`; it ends with this value at the latest.
#[derive(Debug)]
pub(crate) struct Agent(Child);

impl Agent {
    /// Starts it on these lines, with its journal in `dir`: the one that was built together with
    /// this program, unless it is said which.
    pub(crate) fn start(
        program: Option<&Path>,
        dir: &Path,
        gate: &Gate,
        broker: Option<SocketAddr>,
    ) -> anyhow::Result<Self> {
        let config = dir.join("manless.toml");
        let text = format!(
            "data_dir = {:?}\n\n[gates.gate_in]\nbarrier = {{ port = {:?} }}\n\
             card_reader = {{ port = {:?} }}\nmoves_per_minute = 600\n",
            dir.join("data"),
            gate.controller.path(),
            gate.reader.path(),
        );
        fs::write(&config, text).context("cannot write the configuration")?;
        let program = match program {
            Some(program) => program.to_owned(),
            None => env::current_exe().context("no path")?.with_file_name("gate-agent"),
        };
        let log = File::create(dir.join("log")).context("cannot write the log")?;
        let port = broker.map_or(NOBODY, |address| address.port());

        let child = Command::new(&program)
            .arg("--config")
            .arg(&config)
            .arg("gate_in")
            .env_clear()
            .envs([("BACKEND_HOST", "127.0.0.1"), ("BACKEND_PORT", &port.to_string())])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        let missing = || format!("{}: cargo build --release -p gate-agent", program.display());
        Ok(Self(child.with_context(missing)?))
    }

    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
