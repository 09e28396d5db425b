//! MQTT over TLS: whose certificate counts, and that silence stops nobody.

use std::{io, time::Duration};

use broker::{Broker, ClientCertificates, Limits, Transport};
use schemas::Root;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};
use tokio_rustls::client::TlsStream;

use crate::{
    authority::{Authority, Papers},
    client::{Client, Hello, Publish, V5, V31, V311},
    site::{PATIENCE, Site, config, open_to_all},
};

#[tokio::test]
async fn every_version_of_mqtt_is_spoken_over_tls() {
    let authority = Authority::new();
    let site = authority.site(ClientCertificates::None).await;

    for version in [V31, V311, V5] {
        let hello = Hello { client_id: "client", ..Hello::new(version) };
        let mut client = Client::over(connect(&authority, &site, None).await, hello).await;
        client.subscribe("a", 1).await;
        client.publish(Publish { topic: "a", payload: b"hello", ..Publish::default() }).await;
        assert_eq!(client.heard().await, ("a".to_owned(), "hello".to_owned()));
    }
    site.stop().await;
}

#[tokio::test]
async fn what_is_long_arrives_whole() {
    let authority = Authority::new();
    let site = authority.site(ClientCertificates::None).await;
    let mut client = greet(connect(&authority, &site, None).await, "client").await;
    let payload = vec![7; 1_000_000];
    for topic in ["a", "b", "c", "d", "e", "f"] {
        let publish = Publish { topic, payload: &payload, retain: 1, ..Publish::default() };
        assert_eq!(client.publish_and_wait(publish).await, 0);
    }

    // More than the sockets hold: some of it has to wait, and nothing else comes to push it along.
    client.subscribe("#", 0).await;
    for _ in 0..6 {
        assert_eq!(client.message().await.payload, payload);
    }
}

#[tokio::test]
async fn who_has_no_certificate_is_turned_away_where_one_is_required() {
    let authority = Authority::new();
    let site = authority.site(ClientCertificates::Required).await;
    let papers = authority.papers(&["gate_in"]);

    assert!(!is_let_in(connect(&authority, &site, None).await).await);
    let foreign = Authority::new().papers(&["gate_in"]);
    assert!(!is_let_in(connect(&authority, &site, Some(&foreign)).await).await);
    assert!(is_let_in(connect(&authority, &site, Some(&papers)).await).await);
}

#[tokio::test]
async fn who_has_no_certificate_is_let_in_where_it_is_optional() {
    let authority = Authority::new();
    let site = authority.site(ClientCertificates::Optional).await;
    let papers = authority.papers(&["gate_in"]);

    assert!(is_let_in(connect(&authority, &site, None).await).await);
    assert!(is_let_in(connect(&authority, &site, Some(&papers)).await).await);
    let foreign = Authority::new().papers(&["gate_in"]);
    assert!(!is_let_in(connect(&authority, &site, Some(&foreign)).await).await);
}

#[tokio::test]
async fn a_certificate_has_to_name_exactly_one() {
    let authority = Authority::new();
    let site = authority.site(ClientCertificates::Optional).await;

    for names in [&[][..], &[""], &["gate_in\n"], &["gate_in", "gate_out"]] {
        let papers = authority.papers(names);
        assert!(!is_let_in(connect(&authority, &site, Some(&papers)).await).await, "{names:?}");
    }
}

#[tokio::test]
async fn an_untrusted_broker_is_not_talked_to() {
    let site = Authority::new().site(ClientCertificates::None).await;
    let stream = TcpStream::connect(site.address).await.unwrap();

    let error = Authority::new().connect(stream, None).await.unwrap_err();

    assert!(error.to_string().contains("invalid peer certificate"), "{error}");
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_newcomers_and_disconnects_nobody() {
    let authority = Authority::new();
    let site = authority.site(ClientCertificates::None).await;
    let stream = connect(&authority, &site, None).await;
    let old = shown(&stream);
    let mut client = greet(stream, "client").await;

    authority.write("certificate.pem", "nonsense");
    authority.write_server(&authority.papers(&["the broker after that"]));
    let replaced = async { while shown(&connect(&authority, &site, None).await) == old {} };
    time::timeout(PATIENCE, replaced).await.unwrap();

    client.ping().await;
}

#[tokio::test]
async fn silent_connections_stop_nobody() {
    let authority = Authority::new();
    let site = authority.site(ClientCertificates::None).await;
    let mut silent = Vec::new();
    for _ in 0..250 {
        silent.push(TcpStream::connect(site.address).await.unwrap());
        silent.push(TcpStream::connect(site.over(Transport::WebSocketTls)).await.unwrap());
    }

    let mut client = greet(connect(&authority, &site, None).await, "client").await;
    client.ping().await;
    site.stop().await;
}

#[tokio::test]
async fn more_silent_connections_than_there_may_be_stop_nobody() {
    let authority = Authority::new();
    let limits = Limits { handshakes: 20, ..Limits::default() };
    let site = authority.site_with(ClientCertificates::None, limits).await;
    let mut silent = Vec::new();

    for round in 0..5 {
        for _ in 0..30 {
            silent.push(TcpStream::connect(site.address).await.unwrap());
        }
        let name = format!("client-{round}");
        greet(connect(&authority, &site, None).await, &name).await.ping().await;
    }
}

#[tokio::test]
async fn who_does_not_shake_hands_in_time_is_cut_off() {
    let authority = Authority::new();
    let limits = Limits { connect_within: Duration::from_millis(50), ..Limits::default() };
    let site = authority.site_with(ClientCertificates::None, limits).await;
    let mut silent = TcpStream::connect(site.address).await.unwrap();
    // The beginning of a record that never ends.
    silent.write_all(&[0x16, 3, 1, 1, 0]).await.unwrap();

    let end = time::timeout(PATIENCE, silent.read(&mut [0])).await.unwrap();

    assert_eq!(end.unwrap(), 0);
}

#[tokio::test]
async fn mqtt_in_the_clear_is_not_answered_where_tls_is_spoken() {
    let authority = Authority::new();
    let site = authority.site(ClientCertificates::None).await;
    let mut client = Client::open(site.address, V5).await;
    client.send(&Hello::new(V5).encode()).await;

    let mut answer = Vec::new();
    let _ = client.stream.read_to_end(&mut answer).await;

    assert!(answer.first().is_none_or(|first| *first == 0x15), "not an alert: {answer:x?}");
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let authority = Authority::new();
    let other = authority.papers(&["other"]);
    let tls = || authority.tls(ClientCertificates::Required);
    let short = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";

    for (tls, key, reason) in [
        (
            broker::Tls { certificate: "/nowhere/cert.pem".into(), ..tls() },
            "broker.tls.certificate",
            "cannot read /nowhere/cert.pem: No such file",
        ),
        (
            broker::Tls { certificate: authority.write("empty.pem", ""), ..tls() },
            "broker.tls.certificate",
            "there is no certificate in",
        ),
        (
            broker::Tls { certificate: authority.write("short.pem", short), ..tls() },
            "broker.tls.certificate",
            "cannot be used",
        ),
        (
            broker::Tls { key: authority.write("other.pem", &other.key), ..tls() },
            "broker.tls.key",
            "does not fit the certificate in",
        ),
        (
            broker::Tls { key: authority.write("none.pem", &other.certificate), ..tls() },
            "broker.tls.key",
            "there is no key in",
        ),
        (
            broker::Tls { key: authority.write("encrypted.pem", encrypted), ..tls() },
            "broker.tls.key",
            "is encrypted",
        ),
        (
            broker::Tls { client_ca: Some("/nowhere/ca.pem".into()), ..tls() },
            "broker.tls.client_ca",
            "cannot read /nowhere/ca.pem",
        ),
        (broker::Tls { client_ca: None, ..tls() }, "broker.tls.client_ca", "who vouches"),
        (broker::Tls::default(), "broker.tls.certificate", "needs a certificate"),
    ] {
        let config = broker::Config {
            listen_tls: crate::site::anywhere(),
            tls,
            ..config(Limits::default())
        };
        let dir = tempfile::tempdir().unwrap();
        let error =
            Broker::bind(config, Root::default(), open_to_all(), dir.path()).await.err().unwrap();
        let error = anyhow::Error::from(error).root_cause().to_string();
        assert!(
            error.contains(&format!("`{key}` is refused")) && error.contains(reason),
            "{error}"
        );
    }
}

async fn connect(
    authority: &Authority,
    site: &Site,
    papers: Option<&Papers>,
) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(site.over(Transport::Tls)).await.unwrap();

    authority.connect(stream, papers).await.unwrap()
}

async fn greet(stream: TlsStream<TcpStream>, name: &str) -> Client<TlsStream<TcpStream>> {
    Client::over(stream, Hello { client_id: name, ..Hello::new(V5) }).await
}

/// Whether CONNECT is answered. With TLS 1.3 a client hears what became of its certificate only
/// after its own part of the handshake.
async fn is_let_in(mut stream: TlsStream<TcpStream>) -> bool {
    let answer: io::Result<u8> = async {
        stream.write_all(&Hello::new(V311).encode()).await?;
        stream.flush().await?;
        stream.read_u8().await
    }
    .await;

    answer.is_ok_and(|first| first == 0x20)
}

fn shown(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}
