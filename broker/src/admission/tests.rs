//! Rules by example: messages, filters and connections.

use bytes::Bytes;

use super::*;
use crate::codec::Qos;

impl Admission {
    /// Without logins, as on a machine of one's own.
    pub(crate) fn open_to_all(root: &str) -> Self {
        let root: Root = root.parse().unwrap();

        Self::new(Access::without_logins(&root), root, 256)
    }
}

impl Principal {
    pub(crate) fn anonymous() -> Self {
        Self { rights: Arc::new(User::anonymous().rights("")), user: User::anonymous() }
    }
}

#[test]
fn a_command_may_be_published_but_never_retained() {
    for kind in ["gate_control", "camera_control", "request_status", "request_events"] {
        let topic = format!("parking/gate_in/{kind}");
        assert_eq!(publish("parking", &topic, false), Ok(()));
        assert_eq!(publish("parking", &topic, true), Err(Denied::RetainedCommand));
    }
}

#[test]
fn a_root_may_have_several_levels() {
    let topic = "acme/site-12/parking/gate_in/gate_control";

    assert_eq!(publish("acme/site-12/parking", topic, true), Err(Denied::RetainedCommand));
    assert_eq!(publish("parking", topic, true), Ok(()));
}

#[test]
fn what_is_no_command_may_be_retained() {
    for topic in ["parking/gate_in/gate_status", "gate_in/gate_control", "anything"] {
        assert_eq!(publish("parking", topic, true), Ok(()), "{topic}");
    }
}

#[test]
fn the_brokers_own_topics_are_its_own() {
    assert_eq!(publish("parking", "$SYS/broker/uptime", false), Err(Denied::Reserved));
}

#[test]
fn of_a_shared_subscription_the_filter_within_it_counts() {
    let admission = Admission::open_to_all("parking");
    let principal = Principal::anonymous();

    for (filter, expected) in [
        ("$share/g/parking/#", Ok(())),
        ("$share/g/$SYS/#", Ok(())),
        ("parking/+", Ok(())),
        ("$share/g", Err(Denied::Filter)),
        ("$share//a", Err(Denied::Filter)),
        ("$share/g/a#", Err(Denied::Filter)),
        ("a#", Err(Denied::Filter)),
    ] {
        assert_eq!(admission.subscribe(&principal, filter), expected, "{filter}");
    }
}

fn publish(root: &str, topic: &str, retain: bool) -> Result<(), Denied> {
    let publication = Publication {
        topic: topic.into(),
        payload: Bytes::from_static(b"open"),
        qos: Qos::AtLeastOnce,
        retain,
        expiry: None,
        properties: Bytes::new(),
    };

    Admission::open_to_all(root).publish(&Principal::anonymous(), &publication)
}
