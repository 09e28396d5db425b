//! Who has logged in.

use std::{collections::BTreeSet, fmt, sync::Arc};

use crate::{access::Access, reach::Reach, rights::Rights, role::Role, users::Account};

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
    access: Access,
}

impl User {
    /// Whoever comes where there are no logins. May do everything, but what nobody may.
    pub fn anonymous() -> Self {
        Self(Who::Anybody)
    }

    pub(crate) fn visitor(role: Role, access: Access) -> Self {
        Self(Who::Visitor(role, access))
    }

    pub(crate) fn known(name: &str, account: Arc<Account>, access: Access) -> Self {
        Self(Who::Known(Known { name: name.into(), account, access }))
    }

    /// The name, for logs; `None` for who has not logged in.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Who::Anybody | Who::Visitor(..) => None,
            Who::Known(known) => Some(&known.name),
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
            Who::Known(Known { name, account, access }) => {
                account.role.rights(access.root(), &account.gates, name, client_id)
            }
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

    /// Whether the user is still there, with the same password, role and gates.
    pub fn is_current(&self) -> bool {
        match &self.0 {
            Who::Anybody | Who::Visitor(..) => true,
            Who::Known(Known { name, account, access }) => {
                access.account(name).is_some_and(|current| current == *account)
            }
        }
    }

    /// Returns when the user is not there any more, or is another than it was.
    pub async fn revoked(&self) {
        let Who::Known(known) = &self.0 else { return std::future::pending().await };
        let mut changes = known.access.changes();

        // What holds the sender is kept by ourselves: the changes never end.
        while self.is_current() && changes.changed().await.is_ok() {}
    }
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
