//! What one client may publish and subscribe to.

use std::sync::Arc;

use mqtt_topic as topic;

/// What a client may do: what is not granted is denied.
///
/// Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    publish: Grants,
    subscribe: Grants,
}

/// Topics that are open to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Grants {
    /// All that there are.
    All,
    /// Those that one of these filters matches.
    Filters(Arc<[String]>),
}

impl Rights {
    pub(crate) fn new(
        publish: impl IntoIterator<Item = String>,
        subscribe: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            publish: Grants::Filters(publish.into_iter().collect()),
            subscribe: Grants::Filters(subscribe.into_iter().collect()),
        }
    }

    /// Everything, but what nobody may.
    pub(crate) fn everything() -> Self {
        Self { publish: Grants::All, subscribe: Grants::All }
    }

    /// Whether a message may be published to `topic`. Nobody may where it begins with `$`.
    pub fn may_publish(&self, topic: &str) -> bool {
        !topic::is_reserved(topic)
            && match &self.publish {
                Grants::All => true,
                Grants::Filters(granted) => granted.iter().any(|open| topic::matches(open, topic)),
            }
    }

    /// Whether `filter` may be subscribed to: one grant has to cover all that it matches.
    ///
    /// Of a shared subscription this is the filter within it.
    pub fn may_subscribe(&self, filter: &str) -> bool {
        match &self.subscribe {
            Grants::All => true,
            Grants::Filters(granted) => granted.iter().any(|open| topic::covers(open, filter)),
        }
    }

    /// The filters of what may be published.
    pub fn publishes(&self) -> &[String] {
        self.publish.filters()
    }

    /// The filters of what may be subscribed to.
    pub fn subscribes(&self) -> &[String] {
        self.subscribe.filters()
    }
}

impl Grants {
    fn filters(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Filters(filters) => filters,
        }
    }
}
