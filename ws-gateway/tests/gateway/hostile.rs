//! Clients that mean no good, and one that does and misses nothing.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::rig::{
    Site, event,
    raw::{CONTINUATION, PING, Raw, TEXT, fin, part, spelled},
};

const EVENTS: usize = 100;
/// So many messages are on their way at once.
const AT_ONCE: usize = 50;

#[tokio::test]
async fn whatever_others_do_a_client_is_told_everything() {
    let site = Site::start().await;
    let agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_in").await;
    let mut hostile = JoinSet::new();
    hostile.spawn(half_a_request(site.gateway));
    hostile.spawn(no_reader(site.gateway));
    hostile.spawn(pings_and_never_reads(site.gateway));
    hostile.spawn(pings_and_reads(site.gateway));
    hostile.spawn(again_and_again(site.gateway, endless_parts()));
    hostile.spawn(again_and_again(site.gateway, vec![0x81, 0xff, 0x7f, 255, 255, 255, 255, 255]));
    hostile.spawn(again_and_again(site.gateway, b"\0\xff not a frame at all".repeat(100)));
    hostile.spawn(again_and_again(site.gateway, spelled(0xf1, b"reserved")));
    hostile.spawn(comes_and_goes(site.gateway));

    for batch in 0..EVENTS / AT_ONCE {
        let numbers = batch * AT_ONCE..(batch + 1) * AT_ONCE;
        for n in numbers.clone() {
            agent.publish("gate_in/parking_event", &*event("gate_in", &format!("e{n}"))).await;
        }
        for n in numbers {
            assert_eq!(client.text().await, event("gate_in", &format!("e{n}")));
        }
    }

    assert_eq!(site.get("/healthz").await.status, 200);
    assert!(site.metric("sessions_total").await > 5, "they did come in");
    hostile.shutdown().await;
    agent.publish("gate_in/parking_event", &*event("gate_in", "last")).await;
    assert_eq!(client.text().await, event("gate_in", "last"));
}

#[tokio::test]
async fn pings_that_nobody_wants_answered_do_not_pile_up() {
    let site = Site::start().await;
    let mut raw = Raw::greeted(site.gateway, "/ws/gate_in").await;
    let ping = fin(PING, &[0xfe; 125]);

    // Far more than the system holds for both ways: the gateway goes on reading.
    for _ in 0..600 {
        raw.send(&ping.repeat(100)).await;
    }
    raw.send(&fin(PING, b"the last one")).await;

    let mut pongs = 0;
    while raw.frame().await.expect("it stays").payload != b"the last one" {
        pongs += 1;
    }
    assert!(pongs > 0 && pongs < 60_000, "{pongs} of 60,000 were answered");
}

/// Begins to ask, and never ends.
async fn half_a_request(gateway: SocketAddr) {
    let mut socket = TcpStream::connect(gateway).await.unwrap();
    let _ = socket.write_all(b"GET /ws/gate_in HTTP/1.1\r\nHost: localhost\r\nX-").await;

    std::future::pending().await
}

async fn no_reader(gateway: SocketAddr) {
    let _raw = Raw::connect(gateway, "/ws/gate_in").await;

    std::future::pending().await
}

async fn pings_and_never_reads(gateway: SocketAddr) {
    let mut raw = Raw::connect(gateway, "/ws/gate_in").await;
    let pings = fin(PING, &[0xfe; 125]).repeat(100);

    while raw.socket.write_all(&pings).await.is_ok() {}
}

async fn pings_and_reads(gateway: SocketAddr) {
    let (mut reader, mut writer) = Raw::connect(gateway, "/ws/gate_in").await.socket.into_split();
    let pings = fin(PING, b"flood").repeat(100);
    let write = async { while writer.write_all(&pings).await.is_ok() {} };
    let read = async {
        let mut buffer = vec![0; 64 * 1024];
        while reader.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
    };

    tokio::join!(write, read);
}

/// Sends this, and comes back when it was closed.
async fn again_and_again(gateway: SocketAddr, bytes: Vec<u8>) {
    loop {
        let mut raw = Raw::connect(gateway, "/ws/gate_in").await;
        raw.send(&bytes).await;
        while raw.frame().await.is_some() {}
    }
}

/// Does not say good-bye.
async fn comes_and_goes(gateway: SocketAddr) {
    loop {
        drop(Raw::connect(gateway, "/ws/gate_in").await);
        tokio::task::yield_now().await;
    }
}

/// A message in parts that is longer than may be.
fn endless_parts() -> Vec<u8> {
    let mut parts = part(TEXT, b"{");
    parts.extend(part(CONTINUATION, &[b' '; 1_000]).repeat(100));

    parts
}
