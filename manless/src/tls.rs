//! `manless tls`: a private authority for a site, and the certificates that it vouches for.

mod authority;
mod files;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::Subcommand;

use authority::Authority;
use files::Files;

/// What is made.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a private authority, and a certificate for the broker.
    Init {
        /// Where the files go; nothing that is there is overwritten.
        #[arg(long, default_value = "tls", value_name = "DIR")]
        dir: PathBuf,
        /// The names and addresses by which the broker is reached; those of this machine itself
        /// are always among them.
        #[arg(long = "name", num_args = 1.., value_name = "HOST")]
        names: Vec<String>,
    },
    /// Makes a certificate for a client, which is then known by this name.
    Client {
        /// The name: letters, digits, `.`, `_` and `-`.
        #[arg(value_parser = name)]
        name: String,
        /// Where the authority is.
        #[arg(long, default_value = "tls", value_name = "DIR")]
        dir: PathBuf,
    },
}

pub(crate) fn run(args: Args) -> Result<()> {
    let said = match args.command {
        Command::Init { dir, names } => init(&dir, &names)?,
        Command::Client { name, dir } => client(&dir, &name)?,
    };

    io::stdout().write_all(said.as_bytes()).context("cannot write to standard output")
}

fn init(dir: &Path, names: &[String]) -> Result<String> {
    let files = Files::create(dir)?;
    let [ca, ca_key, server, server_key] =
        files.free(["ca.pem", "ca.key", "server.pem", "server.key"])?;
    let authority = Authority::new().context("cannot make an authority")?;
    let papers = authority
        .server(names)
        .with_context(|| format!("cannot make a certificate for {}", names.join(", ")))?;

    ca.write_public(&authority.certificate)?;
    ca_key.write_secret(&authority.key)?;
    server.write_public(&papers.certificate)?;
    server_key.write_secret(&papers.key)?;

    Ok(format!(
        r#"Made an authority and a certificate for the broker in {dir}.

Put into the configuration of the broker:

  [broker]
  listen_tls = "127.0.0.1:8883"

  [broker.tls]
  certificate = {server:?}
  key = {server_key:?}
  client_ca = {ca:?}
  client_certificates = "optional"

and into that of gates and gateways, with a copy of {ca} beside it:

  [mqtt]
  host = "{host}"
  tls = {{ ca = {ca:?} }}

`manless tls client NAME` makes a certificate for a client. Whoever has {ca_key} can make one for
himself: keep it where the broker does not run, and bring it back when you need another certificate.
"#,
        dir = files.dir().display(),
        host = names.first().map_or("127.0.0.1", String::as_str),
    ))
}

fn client(dir: &Path, name: &str) -> Result<String> {
    let files = Files::open(dir)?;
    let (certificate, key) = (files.read("ca.pem")?, files.read("ca.key")?);
    let [client, client_key] = files.free([&format!("{name}.pem"), &format!("{name}.key")])?;
    let papers = Authority::client(&certificate, &key, name)
        .with_context(|| format!("cannot make a certificate for {name}"))?;

    client.write_public(&papers.certificate)?;
    client_key.write_secret(&papers.key)?;

    Ok(format!(
        r#"Made a certificate for {name}. Put into the configuration of this client:

  [mqtt]
  tls = {{ ca = {ca:?}, certificate = {client:?}, key = {client_key:?} }}

or give it to another one: mosquitto_pub --cafile {ca_file} --cert {client} --key {client_key}
"#,
        ca = files.path("ca.pem"),
        ca_file = files.path("ca.pem").display(),
    ))
}

/// A name that can be that of a file.
fn name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&c);

    if text.is_empty() || text.starts_with(['.', '-']) || !text.chars().all(fits) {
        return Err("use letters, digits, `.`, `_` and `-`".to_owned());
    }
    if ["ca", "server"].contains(&text) {
        return Err("the files of this name are those of the authority and the broker".to_owned());
    }

    Ok(text.to_owned())
}
