//! MQTT over WebSocket (6), with a WebSocket client that is not ours.

use std::{net::SocketAddr, time::Duration};

use broker::{ClientCertificates, Config, Limits, Transport};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        protocol::frame::{
            Frame,
            coding::{CloseCode, Data, OpCode},
        },
    },
};

use crate::{
    authority::Authority,
    client::{Client, Hello, Publish, V5, V31, V311, subscribe},
    site::{PATIENCE, Site, anywhere, config},
};

/// What a broker says to a request that it refuses: status and text.
type Refused = (u16, String);

#[tokio::test]
async fn packets_are_sent_in_frames() {
    let site = site(Limits::default()).await;

    for (path, protocol) in [("/", "mqtt"), ("/mqtt", "mqttv3.1"), ("/", "soap, mqtt")] {
        for version in [V31, V311, V5] {
            let mut client = open(&site, path, protocol).await;
            send(&mut client, Hello { client_id: "c", ..Hello::new(version) }.encode()).await;
            assert_eq!(bytes(&mut client, 1).await, [0x20]);
            send(&mut client, [0xc0, 0]).await;
            assert_eq!(bytes(&mut client, 2).await, [0xd0, 0]);
        }
    }
}

#[tokio::test]
async fn a_packet_may_span_frames_and_a_frame_may_hold_many_packets() {
    let site = site(Limits::default()).await;
    let mut client = open(&site, "/mqtt", "mqtt").await;
    let hello = Hello { client_id: "c", ..Hello::new(V311) }.encode();

    for byte in &hello {
        send(&mut client, [*byte]).await;
        send(&mut client, []).await;
    }
    assert_eq!(bytes(&mut client, 4).await, [0x20, 2, 0, 0]);

    let publish = Publish { topic: "a", payload: b"hello", ..Publish::default() }.encode(V311);
    let subscribe = subscribe(V311, "a", 0, &[]);
    send(&mut client, [&subscribe[..], &[0xc0, 0]].concat()).await;
    assert_eq!(sorted(bytes(&mut client, 7).await), sorted(vec![0x90, 3, 0, 7, 0, 0xd0, 0]));
    send(&mut client, [&publish[..], &publish, &publish[..4]].concat()).await;
    send(&mut client, &publish[4..]).await;
    assert_eq!(bytes(&mut client, publish.len() * 3).await, publish.repeat(3));
}

#[tokio::test]
async fn a_message_may_be_fragmented() {
    let site = site(Limits::default()).await;
    let mut client = open(&site, "/mqtt", "mqtt").await;
    let hello = Hello { client_id: "c", ..Hello::new(V311) }.encode();
    let (start, end) = hello.split_at(5);

    fragment(&mut client, start, Data::Binary, false).await;
    client.send(Message::Ping(Bytes::from_static(b"in between"))).await.unwrap();
    fragment(&mut client, end, Data::Continue, true).await;

    let pong = client.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"in between")));
    assert_eq!(bytes(&mut client, 4).await, [0x20, 2, 0, 0]);
}

#[tokio::test]
async fn a_client_that_leaves_is_closed_in_order() {
    let site = site(Limits::default()).await;
    let mut client = greet(open(&site, "/mqtt", "mqtt").await).await;

    send(&mut client, [0xe0, 0]).await;

    assert_eq!(close_code(&mut client).await, None);
}

#[tokio::test]
async fn a_client_that_breaks_the_rules_reads_why() {
    let site = site(Limits::default()).await;
    let mut client = open(&site, "/mqtt", "mqtt").await;
    send(&mut client, Hello { client_id: "c", ..Hello::new(V5) }.encode()).await;
    bytes(&mut client, 1).await;

    send(&mut client, Hello::new(V5).encode()).await;

    until(&mut client, b"a second CONNECT").await;
    close_code(&mut client).await;
}

#[tokio::test]
async fn text_is_refused() {
    let site = site(Limits::default()).await;
    let mut client = greet(open(&site, "/mqtt", "mqtt").await).await;

    client.send(Message::text("hello")).await.unwrap();

    assert_eq!(close_code(&mut client).await, Some(CloseCode::Unsupported));
}

#[tokio::test]
async fn a_frame_that_is_too_long_is_refused() {
    let site = site(Limits { packet_size: 100_000, ..Limits::default() }).await;
    let mut client = greet(open(&site, "/mqtt", "mqtt").await).await;

    send(&mut client, vec![0; 100_100]).await;

    assert_eq!(close_code(&mut client).await, Some(CloseCode::Size));
}

#[tokio::test]
async fn a_frame_that_is_not_valid_is_refused() {
    let site = site(Limits::default()).await;
    let mut client = greet(open(&site, "/mqtt", "mqtt").await).await;

    fragment(&mut client, b"the end of nothing", Data::Continue, true).await;

    assert_eq!(close_code(&mut client).await, Some(CloseCode::Protocol));
}

#[tokio::test]
async fn what_is_long_arrives_whole() {
    let site = site(Limits::default()).await;
    let mut client = greet(open(&site, "/mqtt", "mqtt").await).await;
    let publish = Publish { topic: "a", payload: &[7; 1_000_000], ..Publish::default() };
    send(&mut client, subscribe(V311, "a", 0, &[])).await;
    assert_eq!(bytes(&mut client, 5).await, [0x90, 3, 0, 7, 0]);
    let packet = publish.encode(V311);
    for _ in 0..6 {
        send(&mut client, packet.clone()).await;
    }

    assert!(bytes(&mut client, packet.len() * 6).await == packet.repeat(6));
}

#[tokio::test]
async fn a_request_that_is_no_mqtt_is_told_why() {
    let site = site(Limits::default()).await;
    let address = site.over(Transport::WebSocket);

    let plain = ask(address, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(plain.starts_with("HTTP/1.1 426 ") && plain.contains("MQTT over WebSocket"), "{plain}");
    let nonsense = ask(address, "hello\r\n\r\n").await;
    assert!(nonsense.starts_with("HTTP/1.1 400 "), "{nonsense}");
    let old = ask(address, "GET / HTTP/1.0\r\nUpgrade: websocket\r\n\r\n").await;
    assert!(old.contains(" 400 ") && old.contains("subprotocol"), "{old}");

    assert_eq!(refused(&site, "/", &[]).await.0, 400);
    let (status, text) = refused(&site, "/", &[("sec-websocket-protocol", "soap")]).await;
    assert!(status == 400 && text.contains("subprotocol `mqtt`"), "{status} {text}");
    let (status, text) = refused(&site, "/ws", &[("sec-websocket-protocol", "mqtt")]).await;
    assert!(status == 404 && text.contains("/mqtt"), "{status} {text}");
}

#[tokio::test]
async fn only_pages_of_this_machine_and_listed_ones_are_let_in() {
    let config = Config {
        listen_websocket: anywhere(),
        websocket_origins: vec!["https://dash.example.org".to_owned()],
        ..config(Limits::default())
    };
    let site = Site::of(config).await;
    let headers = |origin| [("sec-websocket-protocol", "mqtt"), ("origin", origin)];

    for origin in ["http://localhost:3000", "http://127.0.0.1", "https://dash.example.org"] {
        let accepted = request(&site, "/", &headers(origin)).await;
        assert!(accepted.is_ok(), "refused {origin}");
    }
    for origin in
        ["http://evil.example", "http://localhost.evil.example", "null", "http://a@localhost"]
    {
        let (status, text) = refused(&site, "/", &headers(origin)).await;
        assert!(status == 403 && text.contains("websocket_origins"), "{origin}: {status} {text}");
    }
}

#[tokio::test]
async fn websocket_works_over_tls() {
    let authority = Authority::new();
    let site = authority.site(ClientCertificates::Optional).await;
    let stream = TcpStream::connect(site.over(Transport::WebSocketTls)).await.unwrap();
    let stream = authority.connect(stream, None).await.unwrap();
    let mut client = upgrade(stream, "wss://localhost/mqtt", &[PROTOCOL]).await.unwrap();

    client = greet(client).await;
    send(&mut client, [0xc0, 0]).await;

    assert_eq!(bytes(&mut client, 2).await, [0xd0, 0]);
}

#[tokio::test]
async fn silent_connections_stop_nobody() {
    let site = site(Limits::default()).await;
    let mut silent = Vec::new();
    for _ in 0..250 {
        silent.push(TcpStream::connect(site.over(Transport::WebSocket)).await.unwrap());
        silent.push(TcpStream::connect(site.over(Transport::Tcp)).await.unwrap());
    }

    greet(open(&site, "/mqtt", "mqtt").await).await;
    Client::over(
        TcpStream::connect(site.over(Transport::Tcp)).await.unwrap(),
        Hello { client_id: "client", ..Hello::new(V5) },
    )
    .await
    .ping()
    .await;
    site.stop().await;
}

#[tokio::test]
async fn who_does_not_say_what_it_wants_in_time_is_cut_off() {
    let site =
        site(Limits { connect_within: Duration::from_millis(50), ..Limits::default() }).await;
    let mut slow = TcpStream::connect(site.over(Transport::WebSocket)).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();

    let end = time::timeout(PATIENCE, slow.read(&mut [0])).await.unwrap();

    assert_eq!(end.unwrap(), 0);
}

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "mqtt");

/// A broker for browsers and others.
async fn site(limits: Limits) -> Site {
    Site::of(Config { listen_websocket: anywhere(), ..config(limits) }).await
}

async fn open(site: &Site, path: &str, protocol: &str) -> WebSocketStream<TcpStream> {
    request(site, path, &[("sec-websocket-protocol", protocol)]).await.unwrap()
}

async fn request(
    site: &Site,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<WebSocketStream<TcpStream>, Box<Error>> {
    let address = site.over(Transport::WebSocket);
    let stream = TcpStream::connect(address).await.unwrap();

    upgrade(stream, &format!("ws://{address}{path}"), headers).await
}

async fn upgrade<S>(
    stream: S,
    url: &str,
    headers: &[(&'static str, &str)],
) -> Result<WebSocketStream<S>, Box<Error>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }

    client_async(request, stream).await.map(|(socket, _)| socket).map_err(Box::new)
}

async fn refused(site: &Site, path: &str, headers: &[(&'static str, &str)]) -> Refused {
    match request(site, path, headers).await.map_err(|error| *error) {
        Err(Error::Http(response)) => {
            let text = response.body().clone().unwrap_or_default();
            (response.status().as_u16(), String::from_utf8(text).unwrap())
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// What comes back on bytes that are no WebSocket.
async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();

    answer
}

async fn greet<S>(mut client: WebSocketStream<S>) -> WebSocketStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    send(&mut client, Hello { client_id: "browser", ..Hello::new(V311) }.encode()).await;
    assert_eq!(bytes(&mut client, 4).await, [0x20, 2, 0, 0]);

    client
}

async fn send<S>(client: &mut WebSocketStream<S>, bytes: impl AsRef<[u8]>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    client.send(Message::Binary(Bytes::copy_from_slice(bytes.as_ref()))).await.unwrap();
}

async fn fragment(
    client: &mut WebSocketStream<TcpStream>,
    bytes: &[u8],
    kind: Data,
    is_final: bool,
) {
    let frame = Frame::message(Bytes::copy_from_slice(bytes), OpCode::Data(kind), is_final);
    client.send(Message::Frame(frame)).await.unwrap();
}

/// This many bytes, in however many frames. What else is in the last of them is lost.
async fn bytes<S>(client: &mut WebSocketStream<S>, len: usize) -> Vec<u8>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut bytes = Vec::new();
    let read = async {
        while bytes.len() < len {
            let frame = client.next().await.unwrap().unwrap();
            assert!(frame.is_binary(), "{frame:?}");
            bytes.extend(frame.into_data());
        }
    };
    time::timeout(PATIENCE, read).await.unwrap();
    bytes.truncate(len);

    bytes
}

/// Reads until the last bytes are these.
async fn until(client: &mut WebSocketStream<TcpStream>, end: &[u8]) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        let frame = time::timeout(PATIENCE, client.next()).await.unwrap().unwrap().unwrap();
        bytes.extend(frame.into_data());
    }
}

/// Reads until the broker closes: its code, if it gives one.
async fn close_code(client: &mut WebSocketStream<TcpStream>) -> Option<CloseCode> {
    let closed = async {
        loop {
            let message = client.next().await.expect("closed without a word").unwrap();
            if let Message::Close(frame) = message {
                return frame.map(|frame| frame.code);
            }
            assert!(message.is_binary(), "{message:?}");
        }
    };
    let code = time::timeout(PATIENCE, closed).await.unwrap();
    assert!(client.next().await.is_none(), "not closed in order");

    code
}

fn sorted(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.sort_unstable();
    bytes
}
