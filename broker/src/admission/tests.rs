//! Rules by example: messages, filters and connections.

use std::{fs, net::Ipv4Addr, path::Path};

use access::{Role, RoleConfig};
use bytes::{Bytes, BytesMut};
use tempfile::TempDir;

use super::*;
use crate::codec::{Packet, Qos, frame};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Admission {
    /// Without logins, as on a machine of one's own.
    pub(crate) fn open_to_all(root: &str) -> Self {
        let root: Root = root.parse().unwrap();

        Self::new(Access::without_logins(&root), root, &Limits::default())
    }
}

impl Principal {
    pub(crate) fn anonymous() -> Self {
        Self::of(User::anonymous(), "")
    }

    /// Somebody who may do everything but see these topics.
    pub(crate) fn blind_to(filters: &[&str]) -> Self {
        Self::of(visitors(filters, Path::new("/nowhere")).anonymous().unwrap(), "")
    }
}

/// A site where somebody who does not log in may do everything but see these topics.
fn visitors(except: &[&str], data_dir: &Path) -> Access {
    let everything = vec!["#".to_owned()];
    let except = except.iter().map(|filter| (*filter).to_owned()).collect();
    let role = RoleConfig { publish: everything.clone(), subscribe: everything, except };
    let config = access::Config {
        anonymous: Some("visitor".to_owned()),
        roles: [("visitor".to_owned(), role)].into(),
        ..access::Config::default()
    };

    Access::open(&config, data_dir, &Root::default()).unwrap()
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

#[tokio::test]
async fn a_certificate_counts_where_there_is_no_password() {
    let site = Site::with("[users.anna]\nrole = 'operator'\n[users.bert]\nrole = 'integrator'\n");

    for (username, password, certificate, expected) in [
        (None, None, Some("anna"), Ok("anna")),
        (Some("anna"), None, Some("anna"), Ok("anna")),
        (Some("bert"), None, Some("anna"), Err(Denied::Certificate)),
        (None, None, Some("carl"), Err(Denied::Certificate)),
        (Some("anna"), None, None, Err(Denied::NoLogin)),
        (None, None, None, Err(Denied::NoLogin)),
        (None, Some("x"), Some("anna"), Err(Denied::NoLogin)),
        (Some("anna"), Some("x"), Some("anna"), Err(Denied::BadLogin)),
    ] {
        let connect = connect(username, password);
        let admitted = site.admission.admit(&connect, PEER, certificate).await;

        let name = admitted.as_ref().map(|principal| principal.user.name().unwrap());
        assert_eq!(name, expected.as_ref().copied(), "{username:?} {password:?} {certificate:?}");
    }
}

#[tokio::test]
async fn where_there_are_no_logins_what_a_client_says_of_itself_does_not_matter() {
    let admission = Admission::open_to_all("parking");

    for (username, password) in [(None, None), (Some("anna"), Some("x"))] {
        let principal = admission.admit(&connect(username, password), PEER, None).await.unwrap();
        assert_eq!(principal.user.name(), None);
    }
}

#[tokio::test]
async fn who_does_not_log_in_has_the_role_for_that_and_a_wrong_login_has_none() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("users.toml"), "[users.anna]\nrole = 'operator'\n").unwrap();
    let admission =
        Admission::new(visitors(&["secret"], dir.path()), Root::default(), &Limits::default());

    for (username, password, certificate, expected) in [
        (None, None, None, Ok(None)),
        (None, None, Some("anna"), Ok(Some("anna"))),
        (None, None, Some("bert"), Err(Denied::Certificate)),
        (Some("anna"), Some("x"), None, Err(Denied::BadLogin)),
        (Some("anna"), None, None, Err(Denied::NoLogin)),
        (None, Some("x"), None, Err(Denied::NoLogin)),
    ] {
        let admitted = admission.admit(&connect(username, password), PEER, certificate).await;
        let name = admitted.as_ref().map(|principal| principal.user.name());
        assert_eq!(name, expected.as_ref().copied(), "{username:?} {password:?} {certificate:?}");
        if let Ok(principal) = &admitted {
            let is_visitor = principal.user.name().is_none();
            assert_eq!(principal.sight().is_some(), is_visitor);
            assert_eq!(principal.rights.may_publish("public"), is_visitor);
        }
    }
}

#[tokio::test]
async fn without_users_everybody_has_the_role_for_it_but_the_parts_of_the_process() {
    let access = visitors(&["secret"], Path::new("/nowhere"));
    let (name, password) = access.house_user("gateway", Role::Gateway, []);
    let admission = Admission::new(access, Root::default(), &Limits::default());

    for (username, password, expected) in [
        (None, None, None),
        (Some("anna"), Some("x"), None),
        (Some(&name[..]), Some("x"), None),
        (Some(&name[..]), Some(password.expose()), Some("@gateway")),
    ] {
        let connect = connect(username, password);
        let principal = admission.admit(&connect, PEER, None).await.unwrap();
        assert_eq!(principal.user.name(), expected, "{username:?}");
        assert_eq!(principal.rights.may_publish("public"), expected.is_none());
    }
}

#[test]
fn what_is_stored_belongs_to_whom_is_still_known() {
    let access = visitors(&["secret"], Path::new("/nowhere"));
    access.house_user("gateway", Role::Gateway, []);
    let admission = Admission::new(access, Root::default(), &Limits::default());

    assert!(admission.recall("", "c").unwrap().sight().is_some());
    assert!(admission.recall("@gateway", "c").unwrap().sight().is_none());
    assert!(admission.recall("anna", "c").is_none());
}

/// A file of users, and who asks it.
struct Site {
    admission: Admission,
    _dir: TempDir,
}

impl Site {
    fn with(users: &str) -> Self {
        let (dir, root) = (TempDir::new().unwrap(), Root::default());
        fs::write(dir.path().join("users.toml"), users).unwrap();
        let access = Access::open(&access::Config::default(), dir.path(), &root).unwrap();

        Self { admission: Admission::new(access, root, &Limits::default()), _dir: dir }
    }
}

fn connect(username: Option<&str>, password: Option<&str>) -> Connect {
    let login = u8::from(username.is_some()) << 7 | u8::from(password.is_some()) << 6;
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 5, 2 | login, 0, 0, 0, 0, 1, b'a'];
    for text in [username, password].into_iter().flatten() {
        body.extend([0, text.len() as u8]);
        body.extend(text.as_bytes());
    }
    let packet = [&[0x10, body.len() as u8], &body[..]].concat();
    let frame = frame::cut(&mut BytesMut::from(&packet[..]), 200).unwrap().unwrap();
    let Ok(Packet::Connect(connect)) = Packet::decode(frame, Version::V5) else { panic!() };

    *connect
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
