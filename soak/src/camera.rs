//! The camera of a gate, on the network: it hands out one picture, and hangs now and then.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context;
use site_sim::Gate;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// One camera; it is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Camera {
    address: SocketAddr,
    hangs: Arc<AtomicBool>,
    _tasks: JoinSet<()>,
}

impl Camera {
    /// Starts one that shows `gate`.
    pub(crate) async fn start(gate: &Gate) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("no port for a camera")?;
        let address = listener.local_addr().context("a camera has no address")?;
        let picture: Arc<[u8]> = gate.scene("now").render().into();
        let hangs = Arc::new(AtomicBool::new(false));

        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, picture, Arc::clone(&hangs)));
        Ok(Self { address, hangs, _tasks: tasks })
    }

    /// As `camera = …` in the configuration of a gate.
    pub(crate) fn configuration(&self) -> String {
        format!("{{ snapshot = \"http://{}/picture.jpg\" }}", self.address)
    }

    /// From here on nobody is answered.
    pub(crate) fn hang(&self) {
        self.hangs.store(true, Ordering::Relaxed);
    }

    /// From here on everybody is, who asks anew.
    pub(crate) fn recover(&self) {
        self.hangs.store(false, Ordering::Relaxed);
    }
}

async fn serve(listener: TcpListener, picture: Arc<[u8]>, hangs: Arc<AtomicBool>) {
    // Those whom it leaves waiting go with it.
    let mut clients = JoinSet::new();

    while let Ok((stream, _)) = listener.accept().await {
        while clients.try_join_next().is_some() {}
        clients.spawn(answer(stream, Arc::clone(&picture), Arc::clone(&hangs)));
    }
}

async fn answer(mut stream: TcpStream, picture: Arc<[u8]>, hangs: Arc<AtomicBool>) {
    let mut request = [0; 2048];

    while let Ok(1..) = stream.read(&mut request).await {
        if hangs.load(Ordering::Relaxed) {
            continue;
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            picture.len()
        );
        let answer = [head.as_bytes(), &picture].concat();
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}
