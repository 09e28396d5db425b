use futures_util::StreamExt;
use tokio::io::{BufWriter, DuplexStream};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

use super::*;

/// Bytes the pipe holds before a writer has to wait for the reader.
const PIPE: usize = 4_096;
const PING_EVERY: Duration = Duration::from_secs(20);

#[tokio::test(start_paused = true)]
async fn a_client_that_went_silent_is_dropped_after_two_pings() {
    let start = Instant::now();

    let end = serve(&outbox(), &CancellationToken::new(), async |_| {}).await;

    assert_eq!(end, End::Silent);
    // Two pings go unanswered; then it may take its time to hang up, which it does not.
    assert!(start.elapsed() >= PING_EVERY * 2 && start.elapsed() < PING_EVERY * 3);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays() {
    let cancel = CancellationToken::new();

    let end = serve(&outbox(), &cancel, async |client| {
        let hour = time::timeout(Duration::from_secs(3_600), hear(client, |_| false)).await;
        assert!(hour.is_err(), "it was closed");
        cancel.cancel();
        hear(client, |frame| matches!(frame, Message::Close(_))).await;
    })
    .await;

    assert_eq!(end, End::GoingAway);
}

#[tokio::test(start_paused = true)]
async fn what_is_pending_is_told_before_the_gateway_stops() {
    let (outbox, cancel) = (outbox(), CancellationToken::new());
    for n in 0..1_000 {
        outbox.push_event(&format!("event {n}").into());
    }
    cancel.cancel();

    let end = serve(&outbox, &cancel, async |client| {
        let last = Message::text("event 999");
        hear(client, |frame| *frame == last).await;
        let close = client.next().await.unwrap().unwrap();
        assert!(matches!(close, Message::Close(Some(frame)) if frame.code == 1001.into()));
    })
    .await;

    assert_eq!(end, End::GoingAway);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_delays_the_stop_by_two_seconds_at_most() {
    let (outbox, cancel) = (outbox(), CancellationToken::new());
    outbox.push_event(&"x".repeat(2 * PIPE).into());
    cancel.cancel();
    let start = Instant::now();

    let end = serve(&outbox, &cancel, async |_| {}).await;

    assert_eq!(end, End::GoingAway);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_late_still_learns_why_it_was_closed() {
    let outbox = outbox();
    let long: Frame = "x".repeat(PIPE).into();

    let end = serve(&outbox, &CancellationToken::new(), async |client| {
        for _ in 0..100 {
            outbox.push_event(&long);
            tokio::task::yield_now().await;
        }
        time::sleep(CLOSE_WITHIN / 2).await;
        hear(
            client,
            |frame| matches!(frame, Message::Close(Some(frame)) if frame.code == 4008.into()),
        )
        .await;
    })
    .await;

    assert_eq!(end, End::Slow);
}

#[tokio::test(start_paused = true)]
async fn what_lies_in_a_buffer_below_is_flushed() {
    let (outbox, cancel) = (outbox(), CancellationToken::new());
    let (near, far) = tokio::io::duplex(64);
    // As TLS does: it takes a write at once, and has it leave later.
    let near = BufWriter::with_capacity(1 << 20, near);

    let end = serve_over((near, far), &outbox, &cancel, async |client| {
        for n in 0..10 {
            let event = format!("event {n} {}", "x".repeat(1_000));
            outbox.push_event(&event.as_str().into());
            hear(client, |frame| *frame == Message::text(event.as_str())).await;
        }
        cancel.cancel();
        hear(client, |frame| matches!(frame, Message::Close(_))).await;
    })
    .await;

    assert_eq!(end, End::GoingAway);
}

/// Says nothing and expects nothing.
struct Nobody;

impl Party for Nobody {
    fn name(&self) -> String {
        "nobody".to_owned()
    }

    fn hear(&mut self, _text: &str, _now: Instant) -> Result<(), Fault> {
        Ok(())
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}
}

/// A session, and a client that does what the script says and then nothing at all.
async fn serve(
    outbox: &Outbox,
    cancel: &CancellationToken,
    script: impl AsyncFnOnce(&mut WebSocketStream<DuplexStream>),
) -> End {
    serve_over(tokio::io::duplex(PIPE), outbox, cancel, script).await
}

async fn serve_over(
    (near, far): (impl Socket + 'static, DuplexStream),
    outbox: &Outbox,
    cancel: &CancellationToken,
    script: impl AsyncFnOnce(&mut WebSocketStream<DuplexStream>),
) -> End {
    let mut nobody = Nobody;
    let mut client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    let script = async {
        script(&mut client).await;
        std::future::pending().await
    };

    tokio::select! {
        end = run(near, outbox, &mut nobody, PING_EVERY, cancel) => end,
        () = script => unreachable!("the client never leaves by itself"),
    }
}

/// Reads until a frame is the wanted one.
async fn hear(client: &mut WebSocketStream<DuplexStream>, is_wanted: impl Fn(&Message) -> bool) {
    while let Some(frame) = client.next().await {
        if is_wanted(&frame.unwrap()) {
            return;
        }
    }
}

fn outbox() -> Outbox {
    Outbox::new(64 * 1024)
}
