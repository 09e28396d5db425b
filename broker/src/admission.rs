//! Who may do what: the one place where a client, a message and a subscription are let in.
//!
//! Who somebody is, and what that opens, says the crate `access`. Here are the rules that hold for
//! everybody (a command is never retained: contract, section 5, rule 2; topics that begin with `$`
//! are the broker's own), and what a client is told.
//!
//! A client that sends a password is known by it; one that sends none, by the certificate of its
//! connection, if there is one. Who has neither has the role of those who do not log in, if there
//! is one.

use std::{net::IpAddr, sync::Arc, time::Duration};

use access::{Access, Refused, Rights, User};
use schemas::{MessageType, Root, Topic};

use crate::{
    codec::{Connect, Publication, Reason, Version, Will},
    limits::Limits,
    topic,
};

/// Whom a connection belongs to, and what that allows it. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    pub(crate) user: User,
    pub(crate) rights: Arc<Rights>,
}

impl Principal {
    fn of(user: User, client_id: &str) -> Self {
        Self { rights: Arc::new(user.rights(client_id)), user }
    }

    /// The rights, where there is something to withhold from subscriptions.
    pub(crate) fn sight(&self) -> Option<Arc<Rights>> {
        (!self.rights.exceptions().is_empty()).then(|| Arc::clone(&self.rights))
    }
}

/// The rules.
#[derive(Debug)]
pub(crate) struct Admission {
    access: Access,
    root: Root,
    client_id_bytes: usize,
    topic_levels: usize,
}

/// Something was not let in, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error("a command is never retained")]
    RetainedCommand,
    #[error("topics that begin with `$` are the broker's own")]
    Reserved,
    #[error("the topic has too many levels")]
    Levels,
    #[error("the user may not publish there")]
    Publish,
    #[error("the user may not subscribe to that")]
    Subscribe,
    #[error("the filter is not valid")]
    Filter,
    #[error("the broker knows no authentication method")]
    AuthenticationMethod,
    #[error("there is neither a user name with a password nor a certificate")]
    NoLogin,
    #[error("the user name or the password is wrong")]
    BadLogin,
    #[error("the name in the certificate is not a user, or not the user name that was sent")]
    Certificate,
    #[error("too many logins from this address have failed: the next may be tried in {0:?}")]
    TooOften(Duration),
    #[error("a client without an identifier has to ask for a clean session")]
    NoClientId,
    #[error("the client identifier is too long")]
    LongClientId,
}

impl Denied {
    /// What an MQTT 5 client is told.
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::Reserved | Self::Levels => Reason::TopicInvalid,
            Self::RetainedCommand
            | Self::Publish
            | Self::Subscribe
            | Self::NoLogin
            | Self::Certificate => Reason::NotAuthorized,
            Self::Filter => Reason::FilterInvalid,
            Self::AuthenticationMethod => Reason::BadAuthenticationMethod,
            Self::BadLogin => Reason::BadUserNameOrPassword,
            Self::TooOften(_) => Reason::RateExceeded,
            Self::NoClientId | Self::LongClientId => Reason::ClientIdRefused,
        }
    }
}

impl Denied {
    /// What the reason code does not say, for people to read.
    pub(crate) fn text(self) -> &'static str {
        if self == Self::RetainedCommand { "a command is never retained" } else { "" }
    }
}

impl From<Refused> for Denied {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::BadLogin => Self::BadLogin,
            Refused::TooOften(wait) => Self::TooOften(wait),
            Refused::NoSuchUser => Self::Certificate,
        }
    }
}

impl Admission {
    pub(crate) fn new(access: Access, root: Root, limits: &Limits) -> Self {
        let &Limits { client_id_bytes, topic_levels, .. } = limits;

        Self { access, root, client_id_bytes, topic_levels }
    }

    /// Whether a client may connect, and as whom.
    ///
    /// `certificate` is the name in the certificate by which the connection has proved itself.
    /// Passwords take their time; nothing is lost if the future is dropped meanwhile.
    pub(crate) async fn admit(
        &self,
        connect: &Connect,
        peer: IpAddr,
        certificate: Option<&str>,
    ) -> Result<Principal, Denied> {
        if connect.authentication_method.is_some() {
            return Err(Denied::AuthenticationMethod);
        }
        // 3.1.1, 3.1.3.1: without a name there is nothing that a session could be found by again.
        if connect.client_id.is_empty() && !connect.clean_start && connect.version != Version::V5 {
            return Err(Denied::NoClientId);
        }
        if connect.client_id.len() > self.client_id_bytes {
            return Err(Denied::LongClientId);
        }
        let user = self.log_in(connect, peer, certificate).await?;
        let principal = Principal::of(user, &connect.client_id);
        if let Some(will) = &connect.will {
            self.publish(&principal, &will.publication)?;
        }

        Ok(principal)
    }

    /// Whose session it is that was stored, if that is somebody who is known.
    pub(crate) fn recall(&self, user: &str, client_id: &str) -> Option<Principal> {
        let user = match user {
            "" => self.access.anonymous(),
            name => self.access.recall(name),
        };

        user.map(|user| Principal::of(user, client_id))
    }

    /// Whether a message may be published.
    pub(crate) fn publish(
        &self,
        principal: &Principal,
        publication: &Publication,
    ) -> Result<(), Denied> {
        if topic::is_reserved(&publication.topic) {
            return Err(Denied::Reserved);
        }
        if topic::depth(&publication.topic) > self.topic_levels {
            return Err(Denied::Levels);
        }
        if publication.retain && self.is_command(&publication.topic) {
            return Err(Denied::RetainedCommand);
        }
        if !principal.rights.may_publish(&publication.topic) {
            return Err(Denied::Publish);
        }

        Ok(())
    }

    /// Whether a filter may be subscribed to. Of a shared one that is the filter within it.
    pub(crate) fn subscribe(&self, principal: &Principal, filter: &str) -> Result<(), Denied> {
        let filter = match topic::is_shared(filter) {
            true => topic::shared(filter).ok_or(Denied::Filter)?.1,
            false => filter,
        };
        if !topic::is_filter(filter) {
            return Err(Denied::Filter);
        }
        if !principal.rights.may_subscribe(filter) {
            return Err(Denied::Subscribe);
        }

        Ok(())
    }

    /// Whether a will may be published of a user that was removed or changed meanwhile: that a
    /// gate is gone is true all the same, but nobody leaves a command behind.
    pub(crate) fn outlives_its_user(&self, will: &Will) -> bool {
        !self.is_command(&will.publication.topic)
    }

    async fn log_in(
        &self,
        connect: &Connect,
        peer: IpAddr,
        certificate: Option<&str>,
    ) -> Result<User, Denied> {
        if !self.access.has_logins() {
            return self.without_logins(connect).ok_or(Denied::NoLogin);
        }

        match (&connect.username, &connect.password, certificate) {
            (Some(name), Some(password), _) => {
                Ok(self.access.authenticate(name, password, peer).await?)
            }
            (Some(name), None, Some(certificate)) if name != certificate => {
                Err(Denied::Certificate)
            }
            (_, None, Some(certificate)) => Ok(self.access.certificate(certificate)?),
            (None, None, None) => self.access.anonymous().ok_or(Denied::NoLogin),
            (None, Some(_), _) | (Some(_), None, None) => Err(Denied::NoLogin),
        }
    }

    /// Where nobody is known by name, what a client says of itself does not matter, unless it is a
    /// part of this process and others may do less.
    fn without_logins(&self, connect: &Connect) -> Option<User> {
        let anonymous = self.access.anonymous()?;
        if anonymous.role().is_none() {
            return Some(anonymous);
        }

        let login = connect.username.as_ref().zip(connect.password.as_ref());
        login
            .and_then(|(name, password)| self.access.of_the_house(name, password))
            .or(Some(anonymous))
    }

    /// Whether a message there has something moved, or done.
    pub(crate) fn is_command(&self, topic: &str) -> bool {
        is_command(&self.root, topic)
    }
}

/// Whether a message there has something moved, or done: it is never retained or stored, and never
/// waits for somebody who is away (contract, section 2).
pub(crate) fn is_command(root: &Root, topic: &str) -> bool {
    // Asked of every message: most say at their last level that they are none.
    let last = topic.rsplit('/').next().and_then(|level| level.parse::<MessageType>().ok());

    last.is_some_and(MessageType::is_command) && Topic::parse(root, topic).is_ok()
}

#[cfg(test)]
mod tests;
