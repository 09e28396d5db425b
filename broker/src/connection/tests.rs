//! A connection on a pipe, with the router at its mercy.

use access::Access;
use bytes::Bytes;
use schemas::Root;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    task::JoinSet,
};

use super::*;
use crate::{
    codec::{Publication, Qos, Request, RetainHandling},
    exchange::Member,
    inbox::Inbox,
    limits::Limits,
    listener::Transport,
    message::Origin,
    store::{Durability, Location},
};

#[tokio::test]
async fn a_client_hears_on_when_the_router_was_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let store =
        Location { path: Some(dir.path().join("broker.db")), durability: Durability::Crash };
    let root = Root::default();
    let access = Access::without_logins(&root);
    let front = Front::open(&Limits::default(), store, root, access).await.unwrap();
    let front = Arc::new(front);
    let _crowd = crowd(&front);
    let (mut client, server) = tokio::io::duplex(4096);
    let mut tasks = JoinSet::new();
    tasks.spawn({
        let front = front.clone();
        async move {
            let (place, _counted) = front.doorstep.enter([127, 0, 0, 1].into()).unwrap();
            let cancel = CancellationToken::new();
            let address = "127.0.0.1:1".parse().unwrap();
            let peer = Peer { address, certificate_name: None, transport: Transport::Tcp };
            tokio::select! {
                hung = front.exchange.watch() => panic!("{hung}"),
                () = serve(server, peer, place, &front, &cancel) => {}
            }
        }
    });
    let connect = [0x10, 13, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 0, 0, 1, b'a'];
    client.write_all(&connect).await.unwrap();
    client.write_all(&[0x82, 6, 0, 1, 0, 1, b'#', 0]).await.unwrap();
    expect(&mut client, &[0x20, 2, 0, 0, 0x90, 3, 0, 1, 0]).await;

    for round in 1..4 {
        front.exchange.kill_router();
        while front.figures.router_restarts.value() < round {
            task::yield_now().await;
        }
        // Retained: told anew to whoever was away when it was published.
        let publication = Publication {
            topic: "t".into(),
            payload: Bytes::from(round.to_string()),
            qos: Qos::AtMostOnce,
            retain: true,
            expiry: None,
            properties: Bytes::new(),
        };
        front.exchange.publish(&publication, Origin::BROKER, None).await.unwrap();
        await_payload(&mut client, round.to_string().as_bytes()[0]).await;
    }
}

#[test]
fn no_connection_ends_with_a_reason_that_disconnect_does_not_have() {
    assert_eq!(End::from(NoLink).reason(), Some(Reason::ServerBusy));
}

/// As many subscribers of `#` as are served without the router.
fn crowd(front: &Front) -> Vec<Member> {
    let request = Request {
        filter: "#".into(),
        qos: Qos::AtMostOnce,
        no_local: false,
        retain_as_published: false,
        retain_handling: RetainHandling::Never,
    };
    let join = |origin| {
        let inbox = Arc::new(Inbox::new(&front.limits));
        let member = Member { inbox, origin: Origin(origin), record: None, sight: None };
        let (way, _) = front.exchange.subscribe(&member, 1, &request, None, None, false);
        (way == Way::Direct).then_some(member)
    };

    let direct: Vec<Member> = (1..10_000).map_while(join).collect();
    assert!((1..9_999).contains(&direct.len()));
    direct
}

async fn expect(client: &mut DuplexStream, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    client.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes, expected);
}

/// Reads one-byte messages on `t`, of which older ones may come again, up to this one.
async fn await_payload(client: &mut DuplexStream, payload: u8) {
    let mut bytes = [0; 6];
    while bytes[5] != payload {
        client.read_exact(&mut bytes).await.unwrap();
        assert_eq!((bytes[0] & !1, &bytes[1..5]), (0x30, &[4, 0, 1, b't'][..]));
    }
}
