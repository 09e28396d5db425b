//! What the broker is opened with.

use std::{
    num::NonZeroU16,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use access::{Access, Config, Role, Roles, UsersFile};
use broker::{Limits, fuzzing::Bare};
use schemas::Root;
use tempfile::TempDir;

use crate::scenario;

/// Where the broker keeps what outlives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    Nothing,
    File,
}

/// Everybody who may come in, where somebody has to say who they are.
pub(super) struct Users {
    access: Access,
    /// Operator, integrator and agent: name and password.
    pub(super) logins: Vec<(String, String)>,
    _dir: TempDir,
}

/// The name in a certificate; it is a gateway.
pub(super) const CERTIFICATE: &str = "gateway";
/// No session outlives its connection for longer.
pub(super) const SESSION_SECONDS: u64 = 20;
/// The longest delay that a scenario gives a will; a will waits longer than `return_within`.
pub(super) const WILL_WAITS: Duration = Duration::from_secs(15);

/// How the users are numbered in scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Person {
    Nobody,
    Operator,
    Integrator,
    Agent,
    Gateway,
}

impl Person {
    const ALL: [Self; 5] =
        [Self::Gateway, Self::Operator, Self::Integrator, Self::Agent, Self::Nobody];

    pub(super) fn of(index: u8) -> Self {
        scenario::pick(&Self::ALL, index)
    }

    /// Whether what it publishes may reach anybody; said again here, not asked of the broker.
    pub(super) fn may_publish(self, logins: bool, topic: &str, retain: bool) -> bool {
        let is_command = topic.ends_with("/gate_control");
        if topic.starts_with('$') || (is_command && retain) {
            return false;
        }
        match self {
            _ if !logins => true,
            Self::Nobody | Self::Integrator => false,
            Self::Operator => is_command,
            Self::Agent => topic.starts_with("parking/gate_1/") && !is_command,
            Self::Gateway => topic.starts_with("parking/"),
        }
    }
}

/// The same for all runs: making them takes longer than a run.
pub(super) fn users() -> &'static Users {
    static USERS: OnceLock<Users> = OnceLock::new();

    USERS.get_or_init(|| {
        let dir = tempfile::tempdir().expect("there is a disk");
        let path = dir.path().join("users.toml");
        let mut file = UsersFile::open(&path, &Roles::default()).expect("it is not there");
        let name = CERTIFICATE.parse().expect("a name");
        file.add(&name, &Role::Gateway, [].into(), None).expect("it is new");
        file.save().expect("there is a disk");
        let access = Access::open(&Config::default(), dir.path(), &Root::default())
            .expect("it was just written");
        let gates = ["gate_1".parse().expect("a gate")];
        let logins = [
            access.house_user("operator", Role::Operator, []),
            access.house_user("integrator", Role::Integrator, []),
            access.house_user("agent", Role::Agent, gates),
        ];
        let logins = logins.map(|(name, secret)| (name, secret.expose().to_owned()));

        Users { access, logins: logins.into(), _dir: dir }
    })
}

pub(super) async fn open(house: &scenario::House, store: Option<&Path>) -> Bare {
    let root = Root::default();
    let access = match house.logins {
        true => users().access.clone(),
        false => Access::without_logins(&root),
    };

    Bare::open(&limits(house), store.map(PathBuf::from), root, access)
        .await
        .unwrap_or_else(|error| panic!("the broker does not start: {error}"))
}

fn limits(house: &scenario::House) -> Limits {
    let limits = Limits {
        session_expiry: Duration::from_secs(SESSION_SECONDS),
        publishes_per_second: if house.paced { 20 } else { 0 },
        packet_size: 8 * 1024,
        return_within: Duration::from_secs(3),
        ..Limits::default()
    };
    if !house.tight {
        return limits;
    }

    Limits {
        connections: 4,
        connections_per_user: 3,
        handshakes: 3,
        subscriptions: 4,
        topic_levels: 3,
        in_flight: NonZeroU16::MIN.saturating_add(2),
        receive_maximum: NonZeroU16::MIN.saturating_add(2),
        queued_messages: 12,
        queued_bytes: 4 * 1024,
        topic_aliases: 2,
        client_id_bytes: 64,
        sessions: 2,
        retained_messages: 4,
        retained_bytes: 2 * 1024,
        ..limits
    }
}
