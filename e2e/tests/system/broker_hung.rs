//! The router of the broker hangs: better no broker than half of one.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use e2e::{Broker, Port, StoppedThread};

/// The thread in which rumqttd's router runs.
const ROUTER: &str = "router-0";
/// More subscriptions than the router's channel has room for, from clients that are allowed 50.
const CLIENTS: usize = 40;
const SUBSCRIPTIONS: usize = 50;

#[test]
fn a_broker_whose_router_hangs_ends_and_says_why() {
    let port = Port::free();
    let mut broker = Broker::start(&port);

    let Some(router) = StoppedThread::of(&broker.program, ROUTER) else { return skipped() };

    broker.program.says("router hangs");
    router.ended();
    assert_eq!(broker.program.exit_code(), Some(1));
}

/// Each of its threads waits for the router, those that would stop it in order as well.
#[test]
fn it_ends_also_when_everybody_waits_for_the_router() {
    let port = Port::free();
    let mut broker = Broker::start(&port);
    let mut clients: Vec<TcpStream> =
        (0..CLIENTS).map(|number| connect(broker.address, number)).collect();

    let Some(router) = StoppedThread::of(&broker.program, ROUTER) else { return skipped() };
    for (number, client) in clients.iter_mut().enumerate() {
        for filter in 0..SUBSCRIPTIONS {
            // It may be over already.
            let _ = client.write_all(&subscribe(&format!("$share/crowd/{number}/{filter}")));
        }
    }

    router.ended();
    broker.program.says("router hangs");
    assert_eq!(broker.program.exit_code(), Some(1));
}

#[expect(clippy::print_stderr, reason = "for whoever reads what the tests say")]
fn skipped() {
    eprintln!("skipped: this system lets nobody stop a thread of a child (ptrace)");
}

fn connect(broker: SocketAddr, number: usize) -> TcpStream {
    let mut connect = b"\0\x04MQTT\x04\x02\0\x3c".to_vec();
    connect.extend(text(&format!("client-{number}")));
    let mut client = TcpStream::connect(broker).expect("it listens");
    client.write_all(&packet(0x10, &connect)).expect("it reads");
    let mut answer = [0; 4];
    client.read_exact(&mut answer).expect("it answers");
    assert_eq!(answer, [0x20, 2, 0, 0], "CONNACK");

    client
}

fn subscribe(filter: &str) -> Vec<u8> {
    packet(0x82, &[b"\0\x01", &text(filter)[..], b"\0"].concat())
}

/// Short ones alone.
fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, u8::try_from(body.len()).expect("a short one")], body].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).expect("a short one").to_be_bytes(), text.as_bytes()].concat()
}
