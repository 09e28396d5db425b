//! Another broker in place of ours: Mosquitto, where it is installed.

use std::{env, fs, path::PathBuf, process::Command};

use crate::{Port, Program, eventually};

/// A running `mosquitto`.
#[derive(Debug)]
pub struct ForeignBroker {
    /// The process.
    pub program: Program,
}

impl ForeignBroker {
    /// Starts one on `port`, and waits until it listens. `None`: it is not installed, which the test
    /// says and passes.
    #[track_caller]
    pub fn start(port: &Port) -> Option<Self> {
        let mosquitto = installed()?;
        let file = port.data().join("mosquitto.conf");
        // As docs/operate.md has it, but for what needs certificates and passwords.
        let configuration = format!(
            "listener {} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n\
             max_queued_messages 10000\n",
            port.address().port()
        );
        fs::write(&file, configuration).expect("there is room for a file");

        let mut command = Command::new(mosquitto);
        command.arg("-c").arg(file);
        let program = Program::start(command);
        eventually("mosquitto listens", || {
            std::net::TcpStream::connect(port.address()).ok().map(drop)
        });
        Some(Self { program })
    }
}

/// Debian has it where the path of a user does not lead.
#[expect(clippy::print_stderr, reason = "whoever runs the tests should know what they did not try")]
fn installed() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|dir| dir.join("mosquitto"))
        .find(|file| file.is_file());

    if found.is_none() {
        eprintln!("skipped: mosquitto, the broker, is not installed");
    }
    found
}
