//! What one may be, and which topics that opens.
//!
//! | role | publishes | subscribes to |
//! |---|---|---|
//! | `agent` | everything but commands, at its gates; what Home Assistant is told of them | commands to its gates; when Home Assistant comes |
//! | `gateway` | everything below the root | the same, and `$SYS/#` |
//! | `operator`, `admin` | commands, to its gates or to all | the same gates; all: `$SYS/#`, too |
//! | `viewer`, `integrator` | nothing | its gates or everything below the root |
//!
//! `admin` differs from `operator` at the gateway alone: it may look at the channel `admin`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use mqtt_topic as topic;
use schemas::{DISCOVERY_PREFIX, GateId, MessageType, Root, Topic, birth_topic, discovery_topic};
use service::config::ConfigError;

use crate::{config::RoleConfig, rights::Rights};

const FIGURES: &str = "$SYS/#";
const USERNAME: &str = "{username}";
const CLIENT_ID: &str = "{client_id}";

/// What a user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A gate, or the computer that drives several.
    Agent,
    /// What passes messages on to browsers.
    Gateway,
    /// Somebody who sees gates and may move their booms.
    Operator,
    /// A program that reads along.
    Integrator,
    /// Somebody who sees gates, and moves nothing.
    Viewer,
    /// An operator who also sees who else is there, and what they do.
    Admin,
    /// What the configuration of the site says.
    Custom(Arc<CustomRole>),
}

/// A role of the site's own.
#[derive(Debug, PartialEq, Eq)]
pub struct CustomRole {
    name: String,
    publish: Vec<String>,
    subscribe: Vec<String>,
    except: Vec<String>,
}

/// The roles that there are on this site.
#[derive(Debug, Clone, Default)]
pub struct Roles {
    custom: BTreeMap<String, Arc<CustomRole>>,
}

/// There is no such role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no role `{name}`: the roles are {}", .known.join(", "))]
pub struct UnknownRole {
    name: String,
    known: Vec<String>,
}

impl Role {
    const BUILT_IN: [Self; 6] =
        [Self::Agent, Self::Gateway, Self::Operator, Self::Integrator, Self::Viewer, Self::Admin];

    /// Its name in the file of users.
    pub fn name(&self) -> &str {
        match self {
            Self::Agent => "agent",
            Self::Gateway => "gateway",
            Self::Operator => "operator",
            Self::Integrator => "integrator",
            Self::Viewer => "viewer",
            Self::Admin => "admin",
            Self::Custom(custom) => &custom.name,
        }
    }

    /// Whether it makes sense to say at which gates.
    pub fn has_gates(&self) -> bool {
        match self {
            Self::Agent | Self::Operator | Self::Integrator | Self::Viewer | Self::Admin => true,
            Self::Gateway | Self::Custom(_) => false,
        }
    }

    pub(crate) fn rights(
        &self,
        root: &Root,
        gates: &BTreeSet<GateId>,
        username: &str,
        client_id: &str,
    ) -> Rights {
        let everything = root.everything();

        match self {
            Self::Agent => Rights::new(
                at(root, gates, |kind| !kind.is_command()).chain(introductions(root, gates)),
                at(root, gates, MessageType::is_command).chain([birth_topic(DISCOVERY_PREFIX)]),
            ),
            Self::Gateway => Rights::new([everything.clone()], [everything, FIGURES.to_owned()]),
            Self::Operator | Self::Admin if gates.is_empty() => {
                let commands = MessageType::ALL.into_iter().filter(|kind| kind.is_command());
                Rights::new(
                    commands.map(|kind| format!("{root}/+/{kind}")),
                    [everything, FIGURES.to_owned()],
                )
            }
            Self::Operator | Self::Admin => {
                Rights::new(at(root, gates, MessageType::is_command), all_of(root, gates))
            }
            Self::Viewer | Self::Integrator if gates.is_empty() => Rights::new([], [everything]),
            Self::Viewer | Self::Integrator => Rights::new([], all_of(root, gates)),
            Self::Custom(custom) => Rights::new(
                custom.publish.iter().filter_map(|filter| filled(filter, username, client_id)),
                custom.subscribe.iter().filter_map(|filter| filled(filter, username, client_id)),
            )
            .except(custom.except.iter().cloned()),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Roles {
    /// Those of every site, and those of the configuration.
    ///
    /// # Errors
    ///
    /// A role has a name that is taken, or a filter that is none.
    pub fn new(custom: &BTreeMap<String, RoleConfig>) -> Result<Self, ConfigError> {
        let mut roles = Self::default();

        for (name, config) in custom {
            let key = format!("access.roles.{name}");
            if Role::BUILT_IN.iter().any(|role| role.name() == name) {
                let reason = "a role of this name is built in: choose another".to_owned();
                return Err(ConfigError::Refused { key, reason });
            }
            check(&key, "publish", &config.publish)?;
            check(&key, "subscribe", &config.subscribe)?;
            check(&key, "except", &config.except)?;
            let custom = CustomRole {
                name: name.clone(),
                publish: config.publish.clone(),
                subscribe: config.subscribe.clone(),
                except: config.except.clone(),
            };
            roles.custom.insert(name.clone(), Arc::new(custom));
        }
        Ok(roles)
    }

    /// The role of this name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn find(&self, name: &str) -> Result<Role, UnknownRole> {
        let built_in = Role::BUILT_IN.into_iter().find(|role| role.name() == name);
        let custom = || self.custom.get(name).map(|custom| Role::Custom(Arc::clone(custom)));

        built_in.or_else(custom).ok_or_else(|| UnknownRole {
            name: name.chars().take(64).collect(),
            known: self.names(),
        })
    }

    fn names(&self) -> Vec<String> {
        let built_in = Role::BUILT_IN.iter().map(|role| role.name().to_owned());

        built_in.chain(self.custom.keys().cloned()).collect()
    }
}

/// The topics of some types at some gates.
fn at(
    root: &Root,
    gates: &BTreeSet<GateId>,
    wanted: impl Fn(MessageType) -> bool,
) -> impl Iterator<Item = String> {
    let kinds: Vec<MessageType> =
        MessageType::ALL.into_iter().filter(|kind| wanted(*kind)).collect();

    gates.iter().flat_map(move |gate| {
        kinds
            .iter()
            .map(|kind| Topic::Gate(gate.clone(), *kind).below(root))
            .collect::<Vec<String>>()
    })
}

/// Where gates make themselves known to Home Assistant.
fn introductions(root: &Root, gates: &BTreeSet<GateId>) -> impl Iterator<Item = String> {
    gates.iter().map(move |gate| discovery_topic(DISCOVERY_PREFIX, root, gate))
}

/// All that is said at some gates, and to them.
fn all_of(root: &Root, gates: &BTreeSet<GateId>) -> impl Iterator<Item = String> {
    gates.iter().map(move |gate| format!("{root}/{gate}/#"))
}

/// The filter for one client; `None` where its name or identifier would make another one of it.
fn filled(filter: &str, username: &str, client_id: &str) -> Option<String> {
    let mut filter = filter.to_owned();

    for (place, value) in [(USERNAME, username), (CLIENT_ID, client_id)] {
        if filter.contains(place) {
            if value.is_empty() || value.starts_with('$') || value.contains(['+', '#', '/']) {
                return None;
            }
            filter = filter.replace(place, value);
        }
    }
    Some(filter)
}

fn check(key: &str, list: &str, filters: &[String]) -> Result<(), ConfigError> {
    for filter in filters {
        let example = filter.replace(USERNAME, "x").replace(CLIENT_ID, "x");
        let reason = if list == "except" && filter.contains(['{', '}']) {
            "what a role does not see is the same for all who have it: leave out the braces"
        } else if example.contains(['{', '}']) {
            "only `{username}` and `{client_id}` may stand in braces"
        } else if !topic::is_filter(&example) {
            "it is not a filter: `+` and `#` fill a whole level, and `#` the last one"
        } else if topic::is_shared(&example) {
            "leave out `$share/…`: it counts for shared subscriptions as well"
        } else if list == "publish" && topic::is_reserved(&example) {
            "nobody publishes to topics that begin with `$`"
        } else {
            continue;
        };

        let reason = format!("`{filter}`: {reason}");
        return Err(ConfigError::Refused { key: format!("{key}.{list}"), reason });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
