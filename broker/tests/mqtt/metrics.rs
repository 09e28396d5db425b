//! What monitors are told.

use std::net::SocketAddr;

use broker::{Config, Limits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

use crate::{
    client::{Publish, V5},
    site::{PATIENCE, Site, anywhere, config},
};

#[tokio::test]
async fn the_figures_are_told_as_prometheus_reads_them() {
    let (site, page) = site().await;
    let mut client = site.client(V5, "client").await;
    client.publish_and_wait(Publish { topic: "a", retain: 1, ..Publish::default() }).await;
    client
        .publish_and_wait(Publish { topic: "b", retain: 1, payload: b"x", ..Publish::default() })
        .await;

    let answer = get(page, "GET /metrics HTTP/1.1\r\nHost: localhost:9100\r\n\r\n").await;

    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for line in [
        "# HELP manless_broker_clients_connected Clients that are connected.",
        "# TYPE manless_broker_clients_connected gauge",
        "manless_broker_clients_connected 1",
        "# TYPE manless_broker_messages_received_total counter",
        "manless_broker_messages_received_total 2",
        "manless_broker_retained_messages 1",
        "manless_broker_router_restarts_total 0",
    ] {
        assert!(answer.lines().any(|told| told == line), "no `{line}` in {answer}");
    }
}

#[tokio::test]
async fn a_broker_that_works_says_so() {
    let (site, page) = site().await;

    for _ in 0..100 {
        let answer = get(page, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{answer}");
    }
    site.stop().await;
}

#[tokio::test]
async fn other_requests_are_told_what_there_is() {
    let (_site, page) = site().await;

    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
        ("POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
        ("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"),
        ("GET /metrics HTTP/1.1\r\n\r\n", "421"),
    ] {
        let answer = get(page, request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
    }
}

#[tokio::test]
async fn silent_monitors_do_not_stop_the_broker() {
    let (site, page) = site().await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(page).await.unwrap());
    }

    site.client(V5, "client").await.ping().await;
    site.stop().await;
}

#[test]
fn the_figures_are_for_this_machine_alone() {
    let config = Config { metrics: "0.0.0.0:9100".parse().unwrap(), ..Config::default() };

    let error = config.validate(&crate::site::open_to_all()).unwrap_err().to_string();

    assert!(error.contains("`broker.metrics` is refused") && error.contains("proxy"), "{error}");
}

async fn site() -> (Site, SocketAddr) {
    let site = Site::of(Config { metrics: anywhere(), ..config(Limits::default()) }).await;
    let page = site.metrics.unwrap();

    (site, page)
}

async fn get(page: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(page).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();

    answer
}
