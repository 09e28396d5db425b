//! What a broker is guarded with: users, or TLS.

use std::{fs, net::SocketAddr, path::Path};

use anyhow::Context;

use crate::wire::Login;

/// How a broker is got into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// By anybody, in the clear.
    Nobody,
    /// With a login.
    Users,
    /// As with [`Guard::Nobody`]; there is a listener with TLS besides.
    Tls,
}

/// A guard with what it needs: files in the directory of the broker, and a port.
#[derive(Debug, Clone, Copy)]
pub(super) struct Post<'a> {
    pub(super) guard: Guard,
    pub(super) dir: &'a Path,
    /// Where TLS is spoken, if it is.
    pub(super) tls: SocketAddr,
}

pub(super) const USER: &str = "bench";
const PASSWORD: &str = "the password of the benchmark";
/// Of that password, as `manless user add` makes it.
pub(super) const ARGON2: &str = "$argon2id$v=19$m=19456,t=2,p=1$zU0hKNmZ+cgKCQ/zsZ9ADA$\
                                 sIxHdBMm3g07sIw2ZqRapPNQDX+pBDkSPrHIYdrAfp4";
/// Of that password, as `mosquitto_passwd` makes it.
pub(super) const PBKDF2: &str = "$7$101$1uHvq9eM39EpCfqt$\
                                 9GpeuDm1fU+ruPSy0fDRoz6b7EWS3N0LOXZGg5OdkStYIP/AsJsIUORBr6lpRVEF\
                                 Z6ZPliVBAl2Ft7nJAsMYtg==";
pub(super) const CERTIFICATE: &str = "certificate.pem";
pub(super) const KEY: &str = "key.pem";

impl Guard {
    /// What a client that may come in says.
    pub(crate) fn login(self) -> Login<'static> {
        match self {
            Self::Nobody | Self::Tls => None,
            Self::Users => Some((USER, PASSWORD)),
        }
    }
}

/// Makes a certificate for this machine.
pub(super) fn certify(dir: &Path) -> anyhow::Result<()> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).context("cannot make a certificate")?;

    for (name, text) in [(CERTIFICATE, made.cert.pem()), (KEY, made.signing_key.serialize_pem())] {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
