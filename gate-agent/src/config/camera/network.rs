//! A camera on the network: its URL, and how to log in there.

use std::{fmt, path::PathBuf};

use service::{Secret, config::ConfigError, tls};
use url::Url;

/// Keys of a query by which cheap cameras take passwords.
const PASSWORD_KEYS: [&str; 5] = ["pwd", "password", "passwd", "pass", "loginpas"];

/// A camera on the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// As it was written; [`Network::url`] is what it means.
    pub(super) url: String,
    /// How to log in.
    pub login: Login,
    /// Whom to believe over TLS: the camera's own certificate, or that of its authority.
    pub ca: Option<PathBuf>,
}

/// How to log in to a camera. Whether it wants basic or digest is its to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub username: Option<String>,
    /// The file with the user's password in it. It is read at each connection, so that another
    /// password needs no restart.
    pub password_file: Option<PathBuf>,
}

impl Network {
    /// A camera that lets everybody look.
    pub(super) fn without_login(url: &str) -> Self {
        Self { url: url.to_owned(), login: Login::default(), ca: None }
    }

    /// Where it is.
    ///
    /// # Errors
    ///
    /// It is no URL: what was validated is.
    pub(crate) fn url(&self) -> Result<Url, url::ParseError> {
        self.url.parse()
    }

    pub(super) fn validate(
        &self,
        key: &str,
        name: &str,
        schemes: &[&str],
    ) -> Result<(), ConfigError> {
        let refused = |name: &str, reason: String| ConfigError::Refused {
            key: format!("{key}.{name}"),
            reason,
        };
        let url = self.url().map_err(|error| refused(name, format!("it is no URL: {error}")))?;

        self.check_url(&url, schemes).map_err(|reason| refused(name, reason))?;
        self.login.read().map_err(|(name, reason)| refused(name, reason))?;
        match (url.scheme(), &self.ca) {
            ("https", None) => Err(refused(
                "ca",
                "say whom to believe: a PEM file with the camera's own certificate, or with that \
                 of its authority (docs/cameras.md says how to get it)"
                    .to_owned(),
            )),
            ("https", Some(ca)) => {
                tls::trusting(ca).map(drop).map_err(|error| refused("ca", tls::chain(&error)))
            }
            (_, Some(_)) => Err(refused("ca", format!("{} has no TLS", url.scheme()))),
            (_, None) => Ok(()),
        }
    }

    fn check_url(&self, url: &Url, schemes: &[&str]) -> Result<(), String> {
        let secret = |key: &str| PASSWORD_KEYS.iter().any(|word| key.eq_ignore_ascii_case(word));

        if !schemes.contains(&url.scheme()) {
            Err(format!("it has to begin with {}://", schemes.join(":// or ")))
        } else if url.host_str().is_none_or(str::is_empty) {
            Err("it names no camera".to_owned())
        } else if !url.username().is_empty() || url.password().is_some() {
            Err("a login does not belong into a URL: say `username` and `password_file`".to_owned())
        } else if url.query_pairs().any(|(key, _)| secret(&key)) {
            Err("a password does not belong into a URL, where logs and proxies see it: \
                 say `username` and `password_file`, and find the camera's URL that takes them"
                .to_owned())
        } else {
            Ok(())
        }
    }
}

impl Login {
    /// The user and the password, or the key that is wrong and why.
    pub(crate) fn read(&self) -> Result<Option<(&str, Secret)>, (&'static str, String)> {
        let (name, file) = match (&self.username, &self.password_file) {
            (None, None) => return Ok(None),
            (Some(name), Some(file)) => (name, file),
            (Some(_), None) => {
                return Err(("password_file", "a user has a password: name its file".to_owned()));
            }
            (None, Some(_)) => {
                return Err(("username", "there is a password, and nobody whose it is".to_owned()));
            }
        };
        let password = Secret::read(file).map_err(|error| {
            ("password_file", format!("cannot read the password in {}: {error}", file.display()))
        })?;

        Ok(Some((name, password)))
    }
}

/// Without the query: some cameras have secrets in it.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(mut url) = self.url() else { return f.write_str("a camera on the network") };
        url.set_query(None);
        // Both only fail for URLs without a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);

        url.fmt(f)
    }
}
