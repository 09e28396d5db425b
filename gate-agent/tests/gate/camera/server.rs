//! An IP camera beside a simulated gate: its pictures are narrow while the boom is down, and wide
//! while it is not.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, Weak},
    thread,
};

use barrier_link::Position;
use gate_agent::Camera;
use sha2::{Digest, Sha256};
use site_sim::Gate;

pub(crate) const WIDTH_WHEN_CLOSED: u16 = 32;
const WIDTH_WHEN_OPEN: u16 = 64;

/// A camera on a port of this machine. Dropping it takes it away.
pub(crate) struct CameraServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    gate: Mutex<Weak<Gate>>,
    closed: Vec<u8>,
    open: Vec<u8>,
}

impl CameraServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let gate = Mutex::new(Weak::new());
        let (closed, open) = (picture(WIDTH_WHEN_CLOSED), picture(WIDTH_WHEN_OPEN));
        let shared = Arc::new(Shared { gate, closed, open });
        let there = Arc::downgrade(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), Some(shared)) = (stream, there.upgrade()) else { return };
                // One request for each connection, as cheap cameras have it.
                let _ = shared.answer(stream);
            }
        });

        Self { address, shared }
    }

    pub(crate) fn config(&self) -> Camera {
        #[derive(serde::Deserialize)]
        struct Section {
            camera: Camera,
        }

        let url = format!("http://{}/picture.jpg", self.address);
        let text = format!("camera = {{ snapshot = \"{url}\", fps = 20 }}");
        toml::from_str::<Section>(&text).unwrap().camera
    }

    /// From now on it sees this gate.
    pub(crate) fn watch(&mut self, gate: &Arc<Gate>) {
        *self.shared.gate.lock().unwrap() = Arc::downgrade(gate);
    }

    /// What it sees while the boom is down.
    pub(crate) fn closed(&self) -> Vec<u8> {
        self.shared.closed.clone()
    }
}

impl Drop for CameraServer {
    fn drop(&mut self) {
        self.shared = Arc::new(Shared {
            gate: Mutex::new(Weak::new()),
            closed: Vec::new(),
            open: Vec::new(),
        });
        // Whoever waits for the next client sees that nobody is there.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn sight(&self) -> &[u8] {
        let gate = self.gate.lock().unwrap().upgrade();
        let is_closed = gate.is_none_or(|gate| gate.state().barrier.position == Position::Closed);

        if is_closed { &self.closed } else { &self.open }
    }

    fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}

        let picture = self.sight();
        let head = format!(
            "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            picture.len()
        );
        stream.write_all(&[head.as_bytes(), picture].concat())
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn picture(width: u16) -> Vec<u8> {
    let pixels = vec![9; usize::from(width) * 16];
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 80)
        .encode(&pixels, width, 16, jpeg_encoder::ColorType::Luma)
        .unwrap();

    jpeg
}
