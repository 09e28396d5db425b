//! Who may do what: the one place where a client, a message and a subscription are let in.
//!
//! There is one rule so far, rule 2 of the contract's section 5: a command is never retained. Who
//! a client is and what that allows it comes with logins; until then everybody is
//! [`Principal::Anonymous`], which is why the broker listens on loopback only.

use schemas::{Root, Topic};

use crate::{
    codec::{Connect, Publication, Reason, Version},
    topic,
};

/// Whom a connection belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Principal {
    /// Somebody on this machine.
    Anonymous,
}

/// The rules.
#[derive(Debug)]
pub(crate) struct Admission {
    root: Root,
}

/// Something was not let in, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error("a command is never retained")]
    RetainedCommand,
    #[error("topics that begin with `$` are the broker's own")]
    Reserved,
    #[error("the broker knows no authentication method")]
    AuthenticationMethod,
    #[error("a client without an identifier has to ask for a clean session")]
    NoClientId,
    #[error("the client identifier is too long")]
    LongClientId,
}

impl Denied {
    /// What an MQTT 5 client is told.
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::RetainedCommand | Self::Reserved => Reason::NotAuthorized,
            Self::AuthenticationMethod => Reason::BadAuthenticationMethod,
            Self::NoClientId | Self::LongClientId => Reason::ClientIdRefused,
        }
    }
}

impl Admission {
    pub(crate) fn new(root: Root) -> Self {
        Self { root }
    }

    /// Whether a client may connect, and as whom.
    pub(crate) fn connect(
        &self,
        connect: &Connect,
        client_id_bytes: usize,
    ) -> Result<Principal, Denied> {
        if connect.authentication_method.is_some() {
            return Err(Denied::AuthenticationMethod);
        }
        // 3.1.1, 3.1.3.1: without a name there is nothing that a session could be found by again.
        if connect.client_id.is_empty() && !connect.clean_start && connect.version != Version::V5 {
            return Err(Denied::NoClientId);
        }
        if connect.client_id.len() > client_id_bytes {
            return Err(Denied::LongClientId);
        }
        let principal = Principal::Anonymous;
        if let Some(will) = &connect.will {
            self.publish(&principal, &will.publication)?;
        }

        Ok(principal)
    }

    /// Whether a message may be published.
    pub(crate) fn publish(
        &self,
        _principal: &Principal,
        publication: &Publication,
    ) -> Result<(), Denied> {
        if topic::is_reserved(&publication.topic) {
            return Err(Denied::Reserved);
        }
        if publication.retain && self.is_command(&publication.topic) {
            return Err(Denied::RetainedCommand);
        }

        Ok(())
    }

    /// Whether a filter may be subscribed to.
    pub(crate) fn subscribe(&self, _principal: &Principal, _filter: &str) -> Result<(), Denied> {
        Ok(())
    }

    fn is_command(&self, topic: &str) -> bool {
        Topic::parse(&self.root, topic).is_ok_and(|topic| topic.message_type().is_command())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::codec::Qos;

    fn admission(root: &str) -> Admission {
        Admission::new(root.parse().unwrap())
    }

    fn publish(admission: &Admission, topic: &str, retain: bool) -> Result<(), Denied> {
        let publication = Publication {
            topic: topic.into(),
            payload: Bytes::from_static(b"open"),
            qos: Qos::AtLeastOnce,
            retain,
            expiry: None,
            properties: Bytes::new(),
        };
        admission.publish(&Principal::Anonymous, &publication)
    }

    #[test]
    fn a_command_may_be_published_but_never_retained() {
        for kind in ["gate_control", "camera_control", "request_status", "request_events"] {
            let topic = format!("parking/gate_in/{kind}");
            assert_eq!(publish(&admission("parking"), &topic, false), Ok(()));
            assert_eq!(publish(&admission("parking"), &topic, true), Err(Denied::RetainedCommand));
        }
    }

    #[test]
    fn a_root_may_have_several_levels() {
        let topic = "acme/site-12/parking/gate_in/gate_control";

        assert_eq!(
            publish(&admission("acme/site-12/parking"), topic, true),
            Err(Denied::RetainedCommand)
        );
        assert_eq!(publish(&admission("parking"), topic, true), Ok(()));
    }

    #[test]
    fn what_is_no_command_may_be_retained() {
        for topic in ["parking/gate_in/gate_status", "gate_in/gate_control", "anything"] {
            assert_eq!(publish(&admission("parking"), topic, true), Ok(()), "{topic}");
        }
    }

    #[test]
    fn the_brokers_own_topics_are_its_own() {
        assert_eq!(
            publish(&admission("parking"), "$SYS/broker/uptime", false),
            Err(Denied::Reserved)
        );
    }
}
