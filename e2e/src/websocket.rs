//! A client of the gateway: a dashboard, or a controller.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::Value;
use tungstenite::{ClientRequestBuilder, Error, Message, client};

use crate::{Listener, PATIENCE};

/// A connection to the gateway.
#[derive(Debug)]
pub struct WebSocket {
    socket: tungstenite::WebSocket<TcpStream>,
}

/// What the gateway sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A message.
    Text(String),
    /// The end, and its code, if it was said.
    Closed(Option<u16>),
}

impl WebSocket {
    /// Connects to a path like `/ws/gate_in`.
    #[track_caller]
    pub fn connect(gateway: SocketAddr, path: &str) -> Self {
        Self::connect_as(gateway, path, None)
    }

    /// Connects with a token, where there are logins.
    #[track_caller]
    pub fn connect_as(gateway: SocketAddr, path: &str, token: Option<&str>) -> Self {
        let stream = TcpStream::connect(gateway)
            .unwrap_or_else(|error| panic!("cannot connect to {gateway}: {error}"));
        // What goes out is short, and answered: it should not wait for more.
        let _ = stream.set_nodelay(true);
        let url = format!("ws://{gateway}{path}").parse().expect("a path is part of a URL");
        let mut request = ClientRequestBuilder::new(url);
        if let Some(token) = token {
            request = request.with_sub_protocol("bearer").with_sub_protocol(token);
        }
        let (socket, _) = client(request, stream)
            .unwrap_or_else(|error| panic!("no WebSocket at {path}: {error}"));

        Self { socket }
    }

    /// Sends a text frame.
    #[track_caller]
    pub fn send(&mut self, text: &str) {
        self.send_frame(Message::text(text));
    }

    /// Sends a binary frame.
    #[track_caller]
    pub fn send_binary(&mut self, bytes: &[u8]) {
        self.send_frame(Message::binary(bytes.to_vec()));
    }

    /// Sends what the other end may not want to read to its end.
    pub fn send_anyway(&mut self, text: &str) {
        let _ = self.socket.send(Message::text(text));
    }

    /// The next frame, if one comes in time.
    #[track_caller]
    pub fn next_frame(&mut self, deadline: Instant) -> Option<Frame> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // A timeout of zero would be none at all.
            let left = left.max(Duration::from_millis(1));
            let set = self.socket.get_ref().set_read_timeout(Some(left));
            set.expect("a socket takes a timeout");

            match self.socket.read() {
                Ok(Message::Text(text)) => return Some(Frame::Text(text.to_string())),
                Ok(Message::Close(frame)) => {
                    self.hang_up();
                    return Some(Frame::Closed(frame.map(|frame| frame.code.into())));
                }
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Ok(Message::Binary(bytes)) => panic!("a binary frame: {bytes:?}"),
                Err(Error::Io(error)) if is_timeout(&error) => return None,
                Err(_) => return Some(Frame::Closed(None)),
            }
        }
    }

    /// Reads on until the connection is closed: with what code.
    #[track_caller]
    pub fn close_code(&mut self) -> Option<u16> {
        let deadline = Instant::now() + PATIENCE;

        loop {
            match self.next_frame(deadline) {
                Some(Frame::Text(_)) => {}
                Some(Frame::Closed(code)) => return code,
                None => panic!("the connection is not closed"),
            }
        }
    }

    /// Says good-bye as well, and leaves.
    fn hang_up(&mut self) {
        // The other end may have gone first.
        let _ = self.socket.flush();
        let _ = self.socket.get_ref().shutdown(Shutdown::Both);
    }

    #[track_caller]
    fn send_frame(&mut self, message: Message) {
        self.socket.send(message).unwrap_or_else(|error| panic!("cannot send: {error}"));
    }
}

impl Listener for WebSocket {
    fn next_message(&mut self, deadline: Instant) -> Option<Value> {
        match self.next_frame(deadline)? {
            Frame::Text(text) => Some(serde_json::from_str(&text).unwrap_or(Value::Null)),
            Frame::Closed(_) => None,
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
