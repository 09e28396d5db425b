//! Who has come, and what that opens.

use std::net::IpAddr;

use access::{Rights, User};
use schemas::{Root, Topic};

/// How somebody is called in `hello` where there are no logins: what he may do.
const ROLE: &str = "operator";

/// Somebody at the door: who, from where, and what he may do, as it was when he came in.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    user: User,
    address: IpAddr,
    rights: Rights,
}

impl Visitor {
    pub(crate) fn new(user: User, address: IpAddr) -> Self {
        // Roles of the site's own may name a client identifier, which nobody has here.
        let rights = user.rights("");

        Self { user, address, rights }
    }

    /// How he is called in commands: `anna@192.0.2.7`.
    pub(crate) fn name(&self) -> String {
        format!("{}@{}", self.user, self.address)
    }

    /// What he is, as `hello` says it.
    pub(crate) fn role(&self) -> &str {
        self.user.role().map_or(ROLE, access::Role::name)
    }

    /// Whether he may send a command to this topic, as he might over MQTT.
    pub(crate) fn may_command(&self, topic: &Topic, root: &Root) -> bool {
        self.rights.may_publish(&topic.below(root))
    }
}
