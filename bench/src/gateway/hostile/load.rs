//! The attacks themselves.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    time::Duration,
};

use anyhow::{Context, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinSet,
    time,
};

use super::{
    super::{GATE, server::Dialect},
    attack::Attack,
};
use crate::websocket::{Opcode, Side, announce, frame, head_len, is_accepted};

const SILENT: usize = 2_000;
const SLOW: usize = 500;
const HALF_OPEN: usize = 500;
const FLOODS: usize = 4;
/// Each of these waits for an answer before it goes on.
const AT_A_TIME: usize = 32;
/// Bytes of one flood, however fast the server takes it: more than it can in the time that there is.
const FLOOD_BYTES: usize = 2 << 30;
const FLOOD_AT_ONCE: usize = 64 * 1024;
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// A server that turns everybody away at once is not to be asked in a tight loop.
const PAUSE: Duration = Duration::from_millis(5);
/// Nor is one that cuts off two thousand at a time.
const BETWEEN_CONNECTIONS: Duration = Duration::from_millis(100);

/// Whom it goes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) dialect: Dialect,
}

/// What an attack has done so far.
#[derive(Debug, Clone, Default)]
struct Score {
    done: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
}

/// Whether somebody reads what comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replies {
    Read,
    Left,
}

/// Attacks until `stop` is dropped: what came of it.
pub(super) fn run(
    attack: Attack,
    target: Target,
    in_place: &mpsc::Sender<()>,
    stop: oneshot::Receiver<()>,
) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let score = Score::default();

    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        prepare(attack, target, &score, &mut tasks).await;
        // Without somebody who waits for it, there is nothing to do either.
        let _ = in_place.send(());
        let _ = stop.await;
    });

    let (done, refused) = (score.done.load(Relaxed), score.refused.load(Relaxed));
    Ok(format!("{done} {}, {refused} refused or cut off", attack.unit()))
}

async fn prepare(attack: Attack, target: Target, score: &Score, tasks: &mut JoinSet<()>) {
    let floods = |tasks: &mut JoinSet<()>, bytes: Vec<u8>, first: Vec<u8>, replies| {
        for _ in 0..FLOODS {
            tasks.spawn(flood(target, first.clone(), bytes.clone(), replies, score.clone()));
        }
    };
    let crowd = match attack {
        Attack::Nothing => 0,
        Attack::SilentConnections => {
            (0..SILENT).for_each(|_| drop(tasks.spawn(silent(target, score.clone()))));
            SILENT
        }
        Attack::SlowHandshake => {
            (0..SLOW).for_each(|_| drop(tasks.spawn(slow_handshake(target, score.clone()))));
            SLOW
        }
        Attack::HalfOpen => {
            (0..HALF_OPEN).for_each(|_| drop(tasks.spawn(half_open(target, score.clone()))));
            HALF_OPEN
        }
        Attack::Churn => {
            workers(tasks, score, move || come_and_go(target));
            0
        }
        Attack::HugeFrames => {
            workers(tasks, score, move || announce_much(target));
            0
        }
        Attack::Pings | Attack::PingsUnread => {
            let replies = if attack == Attack::Pings { Replies::Read } else { Replies::Left };
            floods(tasks, made(Opcode::Ping, &[b'p'; 125]), Vec::new(), replies);
            0
        }
        Attack::Fragments => {
            // The first frame of a message, and continuations, none of which is the last.
            let (mut first, mut next) =
                (made(Opcode::Text, b"x"), made(Opcode::Continuation, b"x"));
            (first[0], next[0]) = (first[0] & 0x7f, next[0] & 0x7f);
            floods(tasks, next, first, Replies::Read);
            0
        }
        Attack::Nonsense => {
            floods(tasks, made(Opcode::Text, b"open sesame"), Vec::new(), Replies::Read);
            0
        }
    };

    while score.done.load(Relaxed) < crowd as u64 {
        time::sleep(PAUSE).await;
    }
}

fn made(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame(&mut bytes, opcode, Side::Client, payload);

    bytes
}

/// Says nothing, and comes back when it is cut off.
async fn silent(target: Target, score: Score) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(target.address).await {
            score.done.fetch_add(1, Relaxed);
            // Whatever it is told, it is the end.
            let _ = stream.read(&mut [0; 16]).await;
            score.refused.fetch_add(1, Relaxed);
        }
        time::sleep(BETWEEN_CONNECTIONS).await;
    }
}

/// Comes back when it is cut off.
async fn slow_handshake(target: Target, score: Score) {
    let request = target.dialect.request(target.address, GATE);
    loop {
        if let Ok(mut stream) = TcpStream::connect(target.address).await {
            score.done.fetch_add(1, Relaxed);
            let mut beat = time::interval(Duration::from_secs(1));
            for byte in &request {
                beat.tick().await;
                if stream.write_all(&[*byte]).await.is_err() {
                    break;
                }
            }
            score.refused.fetch_add(1, Relaxed);
        }
        time::sleep(BETWEEN_CONNECTIONS).await;
    }
}

/// Listens, and does not read.
async fn half_open(target: Target, score: Score) {
    loop {
        if let Ok(stream) = open(target).await {
            score.done.fetch_add(1, Relaxed);
            // It is ready to be written to until it is gone; nothing is.
            let _ = stream.ready(tokio::io::Interest::ERROR).await;
            score.refused.fetch_add(1, Relaxed);
        }
        time::sleep(BETWEEN_CONNECTIONS).await;
    }
}

/// Sends without a pause, and comes back when it is cut off, until enough is sent.
async fn flood(target: Target, first: Vec<u8>, frame: Vec<u8>, replies: Replies, score: Score) {
    let count = FLOOD_AT_ONCE / frame.len();
    let batch = frame.repeat(count);
    let mut left = FLOOD_BYTES / batch.len();

    while left > 0 {
        let Ok(stream) = open(target).await else {
            score.refused.fetch_add(1, Relaxed);
            time::sleep(PAUSE).await;
            continue;
        };
        let (mut reader, mut writer) = stream.into_split();
        let reading = async {
            if replies == Replies::Left {
                return std::future::pending().await;
            }
            let mut unread = vec![0; FLOOD_AT_ONCE];
            while reader.read(&mut unread).await.is_ok_and(|length| length > 0) {}
        };
        let writing = async {
            if writer.write_all(&first).await.is_err() {
                return;
            }
            while left > 0 && writer.write_all(&batch).await.is_ok() {
                score.done.fetch_add(count as u64, Relaxed);
                left -= 1;
            }
        };
        tokio::select! {
            () = reading => {}
            () = writing => {}
        }
        score.refused.fetch_add(1, Relaxed);
        time::sleep(PAUSE).await;
    }
    std::future::pending().await
}

/// Does something over and over, several times at once.
fn workers<F>(
    tasks: &mut JoinSet<()>,
    score: &Score,
    attempt: impl Fn() -> F + Clone + Send + 'static,
) where
    F: Future<Output = anyhow::Result<()>> + Send,
{
    for _ in 0..AT_A_TIME {
        let (score, attempt) = (score.clone(), attempt.clone());
        tasks.spawn(async move {
            loop {
                match time::timeout(ANSWER_WITHIN, attempt()).await {
                    Ok(Ok(())) => score.done.fetch_add(1, Relaxed),
                    Ok(Err(_)) | Err(_) => {
                        time::sleep(PAUSE).await;
                        score.refused.fetch_add(1, Relaxed)
                    }
                };
            }
        });
    }
}

async fn come_and_go(target: Target) -> anyhow::Result<()> {
    let mut stream = open(target).await?;
    stream.write_all(&made(Opcode::Close, &1_000_u16.to_be_bytes())).await?;

    Ok(())
}

/// Announces the largest frame that there is, and waits to be cut off; who is not stays a while.
async fn announce_much(target: Target) -> anyhow::Result<()> {
    let mut stream = open(target).await?;
    let mut bytes = Vec::new();
    announce(&mut bytes, Opcode::Text, Side::Client, 1 << 62);
    bytes.resize(4_096, b'x');
    stream.write_all(&bytes).await?;

    let _ = time::timeout(Duration::from_secs(1), async {
        while stream.read(&mut [0; 512]).await.is_ok_and(|length| length > 0) {}
    })
    .await;
    Ok(())
}

/// A client as any other, as far as the handshake.
async fn open(target: Target) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(target.address).await?;
    stream.write_all(&target.dialect.request(target.address, GATE)).await?;
    let (mut said, mut part) = (Vec::new(), [0; 1_024]);
    let head = loop {
        let read = time::timeout(ANSWER_WITHIN, stream.read(&mut part)).await??;
        ensure!(read > 0, "it hung up");
        said.extend_from_slice(&part[..read]);
        if let Some(head) = head_len(&said) {
            break head;
        }
    };
    ensure!(is_accepted(&said[..head]), "it refused");
    stream.write_all(&target.dialect.introduction(GATE)).await?;

    Ok(stream)
}
