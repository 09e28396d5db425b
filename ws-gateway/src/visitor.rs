//! Who has come, and what that opens.

use std::net::IpAddr;

use access::{Reach, Rights, User};
use schemas::{Root, Topic};

use crate::{
    hub::{Channel, Sight},
    logins::{self, Stay},
    session::End,
};

/// What somebody is called where there are no logins: by what he may do.
const ROLE: &str = "operator";

/// Somebody who was let in: who, from where, and what he may do, as it was when he came.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    user: User,
    address: IpAddr,
    rights: Rights,
    reach: Reach,
    /// The login of his browser, which is in use as long as he is there.
    stay: Option<Stay>,
}

impl Visitor {
    pub(crate) fn new(user: User, address: IpAddr) -> Self {
        // Roles of the site's own may name a client identifier, which nobody has here.
        let (rights, reach) = (user.rights(""), user.reach());

        Self { user, address, rights, reach, stay: None }
    }

    /// Somebody whose browser has logged in.
    pub(crate) fn logged_in(stay: Stay, address: IpAddr) -> Self {
        let visitor = Self::new(stay.user().clone(), address);

        Self { stay: Some(stay), ..visitor }
    }

    /// How he is called in commands: `anna@192.0.2.7`.
    pub(crate) fn name(&self) -> String {
        format!("{}@{}", self.user, self.address)
    }

    /// Where he is.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    pub(crate) fn stay(&self) -> Option<&Stay> {
        self.stay.as_ref()
    }

    /// What he is, as `hello` says it.
    pub(crate) fn role(&self) -> &str {
        self.user.role().map_or(ROLE, access::Role::name)
    }

    /// Which gates he sees, and which he commands.
    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// How much of a channel he is told.
    pub(crate) fn sight(&self) -> Sight {
        match &self.reach.sees {
            access::Gates::All => Sight::All,
            access::Gates::Only(gates) => Sight::Gates(gates.clone()),
        }
    }

    /// Whether he may listen to a channel.
    pub(crate) fn may_listen(&self, channel: &Channel) -> bool {
        match channel {
            Channel::Gate(gate) => self.reach.sees.contains(gate),
            Channel::All => !self.reach.sees.is_empty(),
            Channel::Admin => self.user.is_admin(),
        }
    }

    /// Whether he may send a command to this topic, as he might over MQTT.
    pub(crate) fn may_command(&self, topic: &Topic, root: &Root) -> bool {
        self.rights.may_publish(&topic.below(root))
    }

    /// Returns when he has to go, with why.
    pub(crate) async fn sent_away(&self) -> End {
        tokio::select! {
            () = self.user.revoked() => End::NotLoggedIn(
                "the login is not good any more: it was changed, taken away, or has expired".to_owned(),
            ),
            () = logins::over(self.stay.as_ref()) => {
                End::NotLoggedIn("the login has ended: log in again".to_owned())
            }
        }
    }
}
