//! Who has logged in.

use std::{fmt, sync::Arc};

use crate::{access::Access, rights::Rights, role::Role, users::Account};

/// Who has logged in: a name, and what the file of users said about it then.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct User(Option<Known>);

#[derive(Clone)]
struct Known {
    name: Arc<str>,
    account: Arc<Account>,
    access: Access,
}

impl User {
    /// Whoever comes where there are no logins. May do everything, but what nobody may.
    pub fn anonymous() -> Self {
        Self(None)
    }

    pub(crate) fn known(name: &str, account: Arc<Account>, access: Access) -> Self {
        Self(Some(Known { name: name.into(), account, access }))
    }

    /// The name, for logs; `None` where there are no logins.
    pub fn name(&self) -> Option<&str> {
        self.0.as_ref().map(|known| &*known.name)
    }

    /// The role; `None` where there are no logins.
    pub fn role(&self) -> Option<&Role> {
        self.0.as_ref().map(|known| &known.account.role)
    }

    /// What a client that has logged in as this user may do.
    pub fn rights(&self, client_id: &str) -> Rights {
        match &self.0 {
            None => Rights::everything(),
            Some(Known { name, account, access }) => {
                account.role.rights(access.root(), &account.gates, name, client_id)
            }
        }
    }

    /// Whether the user is still there, with the same password, role and gates.
    pub fn is_current(&self) -> bool {
        self.0.as_ref().is_none_or(|Known { name, account, access }| {
            access.account(name).is_some_and(|current| current == *account)
        })
    }

    /// Returns when the user is not there any more, or is another than it was.
    pub async fn revoked(&self) {
        let Some(known) = &self.0 else { return std::future::pending().await };
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
