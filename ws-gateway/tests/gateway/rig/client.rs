//! A WebSocket client: a dashboard, or a controller.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{net::TcpStream, time};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        http::{HeaderName, Request},
    },
};

use super::PATIENCE;

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub(crate) async fn connect(gateway: SocketAddr, path: &str) -> Self {
        let tcp = TcpStream::connect(gateway).await.unwrap();
        let (socket, _) = client_async(format!("ws://{gateway}{path}"), tcp).await.unwrap();

        Self { socket }
    }

    /// Connects with further headers.
    pub(crate) async fn connect_with(
        gateway: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Self {
        let tcp = TcpStream::connect(gateway).await.unwrap();
        let (socket, _) = client_async(wanted(gateway, path, headers), tcp).await.unwrap();

        Self { socket }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next text frame.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.frame().await {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a text, got {other:?}"),
            }
        }
    }

    pub(crate) async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The next message of a type; those of other types are skipped.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        loop {
            let message = self.json().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Everything up to the end of the snapshot.
    pub(crate) async fn greeting(&mut self) -> Vec<String> {
        let mut greeting = Vec::new();
        loop {
            let text = self.text().await;
            let ends = text.contains(r#""type":"snapshot_end""#);
            greeting.push(text);
            if ends {
                return greeting;
            }
        }
    }

    /// Reads to the end: all texts, and the code of the close frame.
    pub(crate) async fn rest(&mut self) -> (Vec<String>, Option<u16>) {
        let mut texts = Vec::new();
        loop {
            match time::timeout(PATIENCE, self.socket.next()).await.expect("no end") {
                Some(Ok(Message::Text(text))) => texts.push(text.to_string()),
                Some(Ok(Message::Close(frame))) => {
                    return (texts, frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (texts, None),
            }
        }
    }

    /// Whether the first word is a text; or else, the code of the close frame.
    pub(crate) async fn stays(&mut self) -> Result<(), u16> {
        loop {
            match self.frame().await {
                Message::Text(_) => return Ok(()),
                Message::Close(Some(frame)) => return Err(frame.code.into()),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a text or a close, got {other:?}"),
            }
        }
    }

    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        self.rest().await.1
    }

    async fn frame(&mut self) -> Message {
        time::timeout(PATIENCE, self.socket.next())
            .await
            .expect("nothing came")
            .expect("the connection ended")
            .unwrap()
    }
}

/// Asks for a WebSocket with further headers: the status of the answer.
pub(crate) async fn upgrade(gateway: SocketAddr, path: &str, headers: &[(&str, &str)]) -> u16 {
    let tcp = TcpStream::connect(gateway).await.unwrap();

    match client_async(wanted(gateway, path, headers), tcp).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("no answer: {error}"),
    }
}

fn wanted(gateway: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut request = format!("ws://{gateway}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }

    request
}
