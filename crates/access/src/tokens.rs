//! The tokens of a site, as their file names them.
//!
//! ```toml
//! [tokens.grafana]
//! user = "anna"
//! sha256 = "…"                       # of the token, which is nowhere
//! created = "2026-01-20T10:30:00Z"
//! expires = "2026-04-20T10:30:00Z"   # without it: never
//! gates = ["gate_in"]                # without it: all that the user has
//! ```
//!
//! A token whose user is not there opens nothing, and is no error: users come and go.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use schemas::GateId;
use serde::Deserialize;
use service::config::ConfigError;
use toml::Spanned;

use crate::{
    name::UserName,
    token::{Digest, Token},
};

/// All tokens, by what they are known by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tokens(HashMap<Digest, Arc<Token>>);

/// The file of tokens cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It cannot be read.
    #[error("cannot read the tokens in {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something in it is not right.
    #[error("the tokens in {path} are not valid: line {line}: {reason}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Where in it.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
}

impl From<TokensError> for ConfigError {
    fn from(error: TokensError) -> Self {
        let mut reason = error.to_string();
        if let TokensError::Read { source, .. } = error {
            reason = format!("{reason}: {source}");
        }

        Self::Refused { key: "access.tokens".to_owned(), reason }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    tokens: BTreeMap<String, Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    user: String,
    sha256: String,
    /// For people.
    #[serde(rename = "created")]
    _created: Option<Timestamp>,
    expires: Option<Timestamp>,
    #[serde(default)]
    gates: BTreeSet<GateId>,
}

/// What is wrong, and where in the text.
struct Fault(usize, String);

impl Tokens {
    /// Reads the file; one that is not there has no tokens.
    pub(crate) fn load(path: &Path) -> Result<Self, TokensError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(TokensError::Read { path: path.to_owned(), source }),
        }
    }

    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, TokensError> {
        read(text).map(Self).map_err(|Fault(at, reason)| {
            let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;

            TokensError::Invalid { path: path.to_owned(), line, reason }
        })
    }

    pub(crate) fn get(&self, digest: Digest) -> Option<&Arc<Token>> {
        self.0.get(&digest)
    }
}

fn read(text: &str) -> Result<HashMap<Digest, Arc<Token>>, Fault> {
    let file: File = toml::from_str(text).map_err(|error| {
        Fault(error.span().map_or(0, |span| span.start), error.message().to_owned())
    })?;
    let mut tokens = HashMap::new();

    for (name, entry) in file.tokens {
        let at = entry.span().start;
        let token = token(&name, entry.into_inner())
            .map_err(|reason| Fault(at, format!("token `{name}`: {reason}")))?;
        if let Some(before) = tokens.insert(token.digest, Arc::new(token)) {
            return Err(Fault(at, format!("token `{name}`: it is the same as `{}`", before.name)));
        }
    }
    Ok(tokens)
}

fn token(name: &str, entry: Entry) -> Result<Token, String> {
    name.parse::<UserName>().map_err(|_| "this cannot be the name of a token")?;
    entry.user.parse::<UserName>().map_err(|error| error.to_string())?;
    let digest = Digest::parse(&entry.sha256).ok_or(
        "`sha256` is not the hash of a token: make one with `manless token add NAME --user USER`",
    )?;

    Ok(Token {
        name: name.to_owned(),
        user: entry.user,
        digest,
        expires: entry.expires,
        gates: entry.gates,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_line_and_the_reason_and_shows_no_token() {
        let hash = Digest::of(b"sesame").to_string();
        for (text, line, reason) in [
            (
                "[tokens.a]\nuser = 'anna'\nsha256 = 'manless_sesame'\n".to_owned(),
                1,
                "not the hash",
            ),
            (format!("\n[tokens.a]\nsha256 = '{hash}'\n"), 2, "missing field `user`"),
            (format!("[tokens.a]\nuser = '@anna'\nsha256 = '{hash}'\n"), 1, "cannot be the name"),
            (format!("[tokens.'@a']\nuser = 'anna'\nsha256 = '{hash}'\n"), 1, "cannot be the name"),
            (
                format!("[tokens.a]\nuser = 'a'\nsha256 = '{hash}'\nrole = 'x'\n"),
                4,
                "unknown field",
            ),
            (
                format!("[tokens.a]\nuser = 'a'\nsha256 = '{hash}'\nexpires = 'soon'\n"),
                4,
                "expires",
            ),
            (
                format!(
                    "[tokens.a]\nuser = 'a'\nsha256 = '{hash}'\n[tokens.b]\nuser = 'b'\nsha256 = '{hash}'\n"
                ),
                4,
                "the same as `a`",
            ),
        ] {
            let error = Tokens::parse(&text, Path::new("/x/tokens.toml")).unwrap_err().to_string();

            let expected = format!("/x/tokens.toml are not valid: line {line}: ");
            assert!(error.contains(&expected), "{error}");
            assert!(error.contains(reason) || reason == "expires", "{error}");
            assert!(!error.contains("sesame") && !error.contains(&hash), "{error}");
        }
    }
}
