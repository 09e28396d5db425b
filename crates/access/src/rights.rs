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
    /// What is granted to nobody who has these rights, whatever else is said.
    except: Arc<[String]>,
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
            except: Arc::default(),
        }
    }

    /// Everything, but what nobody may.
    pub(crate) fn everything() -> Self {
        Self { publish: Grants::All, subscribe: Grants::All, except: Arc::default() }
    }

    /// What somebody may do who is not known: nothing at all.
    pub fn nothing() -> Self {
        let all = ["#".to_owned(), "$SYS/#".to_owned()];

        Self::new([], []).except(all)
    }

    /// The same without the topics that one of these filters matches.
    pub(crate) fn except(self, filters: impl IntoIterator<Item = String>) -> Self {
        Self { except: filters.into_iter().collect(), ..self }
    }

    /// Whether a message may be published to `topic`. Nobody may where it begins with `$`.
    pub fn may_publish(&self, topic: &str) -> bool {
        !topic::is_reserved(topic)
            && self.may_receive(topic)
            && match &self.publish {
                Grants::All => true,
                Grants::Filters(granted) => granted.iter().any(|open| topic::matches(open, topic)),
            }
    }

    /// Whether `filter` may be subscribed to: one grant has to cover all that it matches, and no
    /// exception may. What is excepted of it is withheld: [`Rights::may_receive`].
    ///
    /// Of a shared subscription this is the filter within it.
    pub fn may_subscribe(&self, filter: &str) -> bool {
        !self.except.iter().any(|closed| topic::covers(closed, filter))
            && self.subscribe.cover(filter)
    }

    /// Whether a message on `topic` may be handed on to a subscription that was granted.
    pub fn may_receive(&self, topic: impl AsRef<[u8]>) -> bool {
        !self.except.iter().any(|closed| topic::matches(closed, topic.as_ref()))
    }

    /// Whether a message may be published to whatever `filter` matches.
    pub(crate) fn publishes_all(&self, filter: &str) -> bool {
        self.publish.cover(filter) && !self.excepts_any(filter)
    }

    /// Whether every message on whatever `filter` matches may be received.
    pub(crate) fn receives_all(&self, filter: &str) -> bool {
        self.subscribe.cover(filter) && !self.excepts_any(filter)
    }

    fn excepts_any(&self, filter: &str) -> bool {
        self.except.iter().any(|closed| topic::overlap(closed, filter))
    }

    /// The filters of what may be published.
    pub fn publishes(&self) -> &[String] {
        self.publish.filters()
    }

    /// The filters of what may be subscribed to.
    pub fn subscribes(&self) -> &[String] {
        self.subscribe.filters()
    }

    /// The filters of what is neither, whatever the others say.
    pub fn exceptions(&self) -> &[String] {
        &self.except
    }
}

impl Grants {
    /// Whether one of them opens all that `filter` matches.
    fn cover(&self, filter: &str) -> bool {
        match self {
            Self::All => true,
            Self::Filters(granted) => granted.iter().any(|open| topic::covers(open, filter)),
        }
    }

    fn filters(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Filters(filters) => filters,
        }
    }
}
