//! The attacks themselves.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    time::Duration,
};

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinSet,
    time,
};

use super::attack::Attack;
use crate::{
    client::Client,
    wire::{Qos, Retain, Session, Version, remaining_length},
};

/// Where guesses come from: a broker may let an address wait that guesses, and whoever is right at it.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const SILENT: usize = 2_000;
const SLOW: usize = 500;
/// Each of these waits for an answer before it goes on.
const AT_A_TIME: usize = 32;
/// All of one flood, however fast the broker takes it: more than it can in the time that there is.
const FLOOD_BYTES: usize = 4 << 30;
const FLOOD_PAYLOAD: usize = 1_024;
/// Nobody does this more often in the time that there is.
const REPEATED_AT_MOST: u64 = 1_000_000;
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// A broker that turns everybody away at once is not to be asked in a tight loop.
const PAUSE: Duration = Duration::from_millis(1);
/// Nor is one that cuts off two thousand at a time.
const BETWEEN_CONNECTIONS: Duration = Duration::from_millis(100);
const FILTERS: usize = 1_000;
const LEVELS: usize = 100;
/// Packets of one client are kept below what a broker takes by default.
const FILTERS_AT_ONCE: usize = 100;
const VERSION: Version = Version::V311;

/// What an attack has done so far.
#[derive(Debug, Clone, Default)]
struct Score {
    done: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
}

/// Attacks until `stop` is dropped: what came of it.
pub(super) fn run(
    attack: Attack,
    address: SocketAddr,
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
        let held = prepare(attack, address, &score, &mut tasks).await?;
        // Without somebody who waits for it, there is nothing to do either.
        let _ = in_place.send(());
        let _ = stop.await;
        drop(held);
        anyhow::Ok(())
    })?;

    Ok(format!(
        "{} {}, {} refused or cut off",
        score.done.load(Relaxed),
        unit(attack),
        score.refused.load(Relaxed)
    ))
}

fn unit(attack: Attack) -> &'static str {
    match attack {
        Attack::Nothing => "attacks",
        Attack::SilentConnections | Attack::SilentTls | Attack::SlowConnect => "connections made",
        Attack::DeafSubscriber | Attack::Forbidden => "messages sent",
        Attack::Churn => "clients came and went",
        Attack::HugePackets => "packets announced",
        Attack::DeepFilters => "packets of 100 filters answered",
        Attack::PasswordGuessing => "passwords accepted",
    }
}

/// Starts what goes on by itself; what is only to be held is returned.
async fn prepare(
    attack: Attack,
    address: SocketAddr,
    score: &Score,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<Vec<TcpStream>> {
    match attack {
        Attack::Nothing => {}
        Attack::SilentConnections | Attack::SilentTls => {
            for _ in 0..SILENT {
                tasks.spawn(silent(address, score.clone()));
            }
            while score.done.load(Relaxed) < SILENT as u64 {
                time::sleep(PAUSE).await;
            }
        }
        Attack::SlowConnect => {
            for n in 0..SLOW {
                tasks.spawn(slow_connect(address, n, score.clone()));
            }
        }
        Attack::DeafSubscriber => {
            let mut deaf = Client::connect(address, VERSION, "deaf").await?;
            deaf.subscribe(&["flood/#"], Qos::AtLeastOnce).await?;
            let packet = VERSION.publish(
                "flood/x",
                (Qos::AtMostOnce, 0),
                Retain::No,
                &[b'x'; FLOOD_PAYLOAD],
            );
            tasks.spawn(flood(address, packet, score.clone()));
            return Ok(vec![deaf.stream]);
        }
        Attack::Churn => workers(tasks, score, move |n| come_and_go(address, n)),
        Attack::HugePackets => workers(tasks, score, move |n| announce(address, n)),
        Attack::DeepFilters => {
            for n in 0..4 {
                tasks.spawn(subscribe_deeply(address, n, score.clone()));
            }
        }
        Attack::Forbidden => {
            for (topic, retain) in
                [("$SYS/x", Retain::No), ("parking/gate_in/gate_control", Retain::Yes)]
            {
                let packet = VERSION.publish(topic, (Qos::AtMostOnce, 0), retain, b"open");
                tasks.spawn(flood(address, packet, score.clone()));
            }
        }
        Attack::PasswordGuessing => workers(tasks, score, move |n| guess(address, n)),
    }

    Ok(Vec::new())
}

/// Says nothing, and comes back when it is cut off.
async fn silent(address: SocketAddr, score: Score) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(address).await {
            score.done.fetch_add(1, Relaxed);
            // Whatever it is told, it is the end.
            let _ = stream.read(&mut [0; 16]).await;
            score.refused.fetch_add(1, Relaxed);
        }
        time::sleep(BETWEEN_CONNECTIONS).await;
    }
}

/// Comes back when it is cut off.
async fn slow_connect(address: SocketAddr, n: usize, score: Score) {
    let packet = VERSION.connect(&format!("slow-{n}-{}", "x".repeat(40)), Session::Clean, None);
    loop {
        if let Ok(mut stream) = TcpStream::connect(address).await {
            score.done.fetch_add(1, Relaxed);
            let mut beat = time::interval(Duration::from_secs(1));
            for byte in &packet {
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

/// Publishes without a pause, and comes back when it is cut off, until enough is sent.
async fn flood(address: SocketAddr, packet: Vec<u8>, score: Score) {
    let batch = packet.repeat((64 << 10) / packet.len());
    let count = (batch.len() / packet.len()) as u64;
    let mut left = FLOOD_BYTES / batch.len();

    while left > 0 {
        let Ok(mut client) =
            Client::connect(address, VERSION, &format!("flood-{}", packet.len())).await
        else {
            score.refused.fetch_add(1, Relaxed);
            time::sleep(PAUSE).await;
            continue;
        };
        while left > 0 && client.stream.write_all(&batch).await.is_ok() {
            score.done.fetch_add(count, Relaxed);
            left -= 1;
        }
        score.refused.fetch_add(u64::from(left > 0), Relaxed);
        time::sleep(PAUSE).await;
    }
    std::future::pending().await
}

/// Does something over and over, several times at once.
fn workers<F>(
    tasks: &mut JoinSet<()>,
    score: &Score,
    attempt: impl Fn(u64) -> F + Clone + Send + 'static,
) where
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let next = Arc::new(AtomicU64::new(0));

    for _ in 0..AT_A_TIME {
        let (next, score, attempt) = (Arc::clone(&next), score.clone(), attempt.clone());
        tasks.spawn(async move {
            loop {
                let n = next.fetch_add(1, Relaxed);
                if n >= REPEATED_AT_MOST {
                    return;
                }
                match time::timeout(ANSWER_WITHIN, attempt(n)).await {
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

async fn come_and_go(address: SocketAddr, n: u64) -> anyhow::Result<()> {
    let mut client = Client::connect(address, VERSION, &format!("churn-{n}")).await?;
    client.stream.write_all(&crate::wire::DISCONNECT).await?;

    Ok(())
}

/// Announces the largest packet that there is, and waits to be cut off; who is not stays a while.
async fn announce(address: SocketAddr, n: u64) -> anyhow::Result<()> {
    let mut client = Client::connect(address, VERSION, &format!("huge-{}", n % 64)).await?;
    let mut head = vec![0x30];
    remaining_length(&mut head, (1 << 28) - 1);
    head.extend(b"\0\x04huge");
    head.resize(4_096, b'x');
    client.stream.write_all(&head).await?;

    // Nothing ever comes but the end.
    let _ = time::timeout(Duration::from_secs(1), client.stream.read(&mut [0; 16])).await;
    Ok(())
}

async fn subscribe_deeply(address: SocketAddr, n: usize, score: Score) {
    for round in 0.. {
        let Ok(mut client) = Client::connect(address, VERSION, &format!("deep-{n}-{round}")).await
        else {
            score.refused.fetch_add(1, Relaxed);
            time::sleep(PAUSE).await;
            continue;
        };
        for part in 0..FILTERS / FILTERS_AT_ONCE {
            let filters: Vec<String> = (0..FILTERS_AT_ONCE)
                .map(|filter| {
                    let name = part * FILTERS_AT_ONCE + filter;
                    format!("{n}/{name}{}", "/+".repeat(LEVELS - 2))
                })
                .collect();
            if client.subscribe(&filters, Qos::AtLeastOnce).await.is_err() {
                score.refused.fetch_add(1, Relaxed);
                break;
            }
            score.done.fetch_add(1, Relaxed);
        }
    }
}

async fn guess(address: SocketAddr, n: u64) -> anyhow::Result<()> {
    let password = format!("secret{n}");
    let connect =
        VERSION.connect(&format!("guess-{n}"), Session::Clean, Some(("bench", &password)));
    let socket = TcpSocket::new_v4().context("cannot make a socket")?;
    socket.bind((ELSEWHERE, 0).into()).context("cannot take an address")?;
    let stream = socket.connect(address).await.context("cannot connect")?;
    Client::over(stream, VERSION, &connect).await?;

    Ok(())
}
