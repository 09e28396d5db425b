//! Who has logged in.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use schemas::GateId;
use tokio::time;

use crate::{
    access::Access, reach::Reach, rights::Rights, role::Role, token::Token, users::Account,
};

/// Who has logged in: a name, and what the file of users said about it then.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct User(Who);

#[derive(Clone)]
enum Who {
    /// Anybody who is on this machine.
    Anybody,
    /// Somebody who has not logged in, and need not.
    Visitor(Role, Access),
    Known(Known),
}

#[derive(Clone)]
struct Known {
    name: Arc<str>,
    account: Arc<Account>,
    /// By which he has logged in.
    token: Option<Arc<Token>>,
    access: Access,
}

/// How long one trusts in a clock that somebody may set.
const CLOCK: Duration = Duration::from_secs(30);

impl User {
    /// Whoever comes where there are no logins. May do everything, but what nobody may.
    pub fn anonymous() -> Self {
        Self(Who::Anybody)
    }

    pub(crate) fn visitor(role: Role, access: Access) -> Self {
        Self(Who::Visitor(role, access))
    }

    pub(crate) fn known(name: &str, account: Arc<Account>, access: Access) -> Self {
        Self(Who::Known(Known { name: name.into(), account, token: None, access }))
    }

    pub(crate) fn with_token(
        name: &str,
        account: Arc<Account>,
        token: Arc<Token>,
        access: Access,
    ) -> Self {
        Self(Who::Known(Known { name: name.into(), account, token: Some(token), access }))
    }

    /// The name, for logs; `None` for who has not logged in.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Who::Anybody | Who::Visitor(..) => None,
            Who::Known(known) => Some(&known.name),
        }
    }

    /// The name of the token that was shown, where it was one.
    pub fn token(&self) -> Option<&str> {
        match &self.0 {
            Who::Anybody | Who::Visitor(..) => None,
            Who::Known(known) => known.token.as_ref().map(|token| &token.name[..]),
        }
    }

    /// Until when the token that was shown is good.
    pub fn expires(&self) -> Option<Timestamp> {
        match &self.0 {
            Who::Anybody | Who::Visitor(..) => None,
            Who::Known(known) => known.token.as_ref()?.expires,
        }
    }

    /// The role; `None` where there are none.
    pub fn role(&self) -> Option<&Role> {
        match &self.0 {
            Who::Anybody => None,
            Who::Visitor(role, _) => Some(role),
            Who::Known(known) => Some(&known.account.role),
        }
    }

    /// What a client of this user may do.
    pub fn rights(&self, client_id: &str) -> Rights {
        match &self.0 {
            Who::Anybody => Rights::everything(),
            Who::Visitor(role, access) => {
                role.rights(access.root(), &BTreeSet::new(), "", client_id)
            }
            Who::Known(known) => known.rights(client_id),
        }
    }

    /// What this user may do at the gateway.
    pub fn reach(&self) -> Reach {
        match &self.0 {
            Who::Anybody => Reach::everything(),
            Who::Visitor(_, access) | Who::Known(Known { access, .. }) => {
                Reach::of(&self.rights(""), access.root())
            }
        }
    }

    /// Whether this user may see who else is there, and what they do.
    pub fn is_admin(&self) -> bool {
        self.role().is_none_or(|role| *role == Role::Admin)
    }

    /// Whether the user is still there, with the same password, role and gates; and the token, if he
    /// has shown one.
    pub fn is_current(&self) -> bool {
        match &self.0 {
            Who::Anybody | Who::Visitor(..) => true,
            Who::Known(Known { name, account, token, access }) => {
                access.account(name).is_some_and(|current| current == *account)
                    && token.as_ref().is_none_or(|token| {
                        access.has_token(token) && !token.has_expired(Timestamp::now())
                    })
            }
        }
    }

    /// Returns when the user is not there any more, or is another than it was; or the token is not
    /// good any more.
    pub async fn revoked(&self) {
        let Who::Known(known) = &self.0 else { return std::future::pending().await };
        let mut changes = known.access.changes();

        while self.is_current() {
            tokio::select! {
                // What holds the sender is kept by ourselves: the changes never end.
                _ = changes.changed() => {}
                () = self.token_expires() => {}
            }
        }
    }

    /// Returns when it is worth looking whether the token has expired.
    async fn token_expires(&self) {
        let Some(expires) = self.expires() else { return std::future::pending().await };
        let left = Timestamp::now().duration_until(expires);

        time::sleep(Duration::try_from(left).unwrap_or_default().min(CLOCK)).await;
    }
}

impl Known {
    fn rights(&self, client_id: &str) -> Rights {
        let Self { name, account, token, access } = self;
        let asked = token.as_ref().map(|token| &token.gates).filter(|gates| !gates.is_empty());
        let Some(gates) = common(&account.role, &account.gates, asked) else {
            return Rights::nothing();
        };

        account.role.rights(access.root(), &gates, name, client_id)
    }
}

/// The gates of an account that a token opens. `None` where that is none at all.
fn common(
    role: &Role,
    has: &BTreeSet<GateId>,
    asked: Option<&BTreeSet<GateId>>,
) -> Option<BTreeSet<GateId>> {
    let Some(asked) = asked else { return Some(has.clone()) };
    let gates = match has.is_empty() {
        true => asked.clone(),
        false => has & asked,
    };

    // A role without gates would take no notice of them.
    (role.has_gates() && !gates.is_empty()).then_some(gates)
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().unwrap_or("anonymous"))
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.name()).finish()
    }
}
