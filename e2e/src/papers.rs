//! Certificates of a site, made as an operator makes them.

use std::{path::PathBuf, process::Command};

use tempfile::TempDir;

use crate::program::{Program, ours};

/// A private authority in a directory of its own, and a certificate for a broker of this machine.
#[derive(Debug)]
pub struct Papers {
    dir: TempDir,
}

impl Papers {
    /// Makes them with `manless tls init`.
    #[track_caller]
    pub fn new() -> Self {
        let papers = Self { dir: TempDir::new().expect("a temporary directory") };
        papers.tls(&["init"]);

        papers
    }

    /// Makes a certificate for a client.
    #[track_caller]
    pub fn client(&self, name: &str) {
        self.tls(&["client", name]);
    }

    #[track_caller]
    fn tls(&self, args: &[&str]) {
        let mut command = ours("manless");
        command.arg("tls").args(args).arg("--dir").arg(self.dir.path());
        let mut program = Program::start(command);

        assert_eq!(program.exit_code(), Some(0), "no papers");
    }

    /// One of the files: `ca.pem`, `server.key`, `gate_in.pem`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Has a broker show its certificate, and speak TLS alone, on any port.
    pub fn serve(&self, command: &mut Command) {
        command
            .env("MANLESS_BROKER__LISTEN", "none")
            .env("MANLESS_BROKER__LISTEN_TLS", "127.0.0.1:0")
            .env("MANLESS_BROKER__TLS__CERTIFICATE", self.path("server.pem"))
            .env("MANLESS_BROKER__TLS__KEY", self.path("server.key"))
            .env("MANLESS_BROKER__TLS__CLIENT_CA", self.path("ca.pem"));
    }

    /// Has an agent or a gateway believe this authority.
    pub fn believe(&self, command: &mut Command) {
        command.env("MANLESS_MQTT__TLS__CA", self.path("ca.pem"));
    }

    /// Has an agent or a gateway show the certificate of this client.
    pub fn show(&self, command: &mut Command, name: &str) {
        command
            .env("MANLESS_MQTT__TLS__CERTIFICATE", self.path(&format!("{name}.pem")))
            .env("MANLESS_MQTT__TLS__KEY", self.path(&format!("{name}.key")));
    }

    /// The options of mosquitto's clients: whom to believe, and who they are.
    pub fn mosquitto(&self, client: Option<&str>) -> Vec<String> {
        let path = |name: &str| self.path(name).display().to_string();
        let mut options = vec!["--cafile".to_owned(), path("ca.pem")];
        if let Some(name) = client {
            options.extend(["--cert".to_owned(), path(&format!("{name}.pem"))]);
            options.extend(["--key".to_owned(), path(&format!("{name}.key"))]);
        }

        options
    }
}

impl Default for Papers {
    fn default() -> Self {
        Self::new()
    }
}
