//! Both ends on a pipe that is narrower than any frame.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;

/// Bytes the pipe holds before a writer has to wait for the reader.
const PIPE: usize = 100;
const PACKET: u32 = 1 << 20;

type Client = WebSocketStream<DuplexStream>;

async fn pair() -> (WebSocketIo<DuplexStream>, Client) {
    let (near, far) = tokio::io::duplex(PIPE);
    let server = WebSocketIo::new(near, Bytes::new(), PACKET).await;
    let client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;

    (server, client)
}

/// Different wherever one looks.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * n / 7) as u8).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_written_arrives_in_order_however_narrow_the_pipe_is() {
    let (mut server, mut client) = pair().await;
    let sent = pattern(300_000);
    let writing = async {
        for piece in sent.chunks(70_001) {
            server.write_all(piece).await.unwrap();
        }
        server.flush().await.unwrap();
    };
    let reading = async {
        let mut heard = Vec::new();
        while heard.len() < sent.len() {
            heard.extend(client.next().await.unwrap().unwrap().into_data());
        }
        heard
    };

    let ((), heard) = tokio::join!(writing, reading);

    assert!(heard == sent);
}

#[tokio::test(start_paused = true)]
async fn pieces_leave_in_one_frame() {
    let (mut server, mut client) = pair().await;
    let pieces = [b"one".as_slice(), b"", b" and ", b"two"].map(IoSlice::new);

    let written = server.write_vectored(&pieces).await.unwrap();

    assert_eq!(written, 11);
    assert_eq!(client.next().await.unwrap().unwrap(), Message::binary(&b"one and two"[..]));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_not_written_to() {
    let (mut server, _client) = pair().await;
    let mut written = 0;

    while let Ok(len) = time::timeout(CLOSE_WITHIN, server.write(&[0; FRAME])).await {
        written += len.unwrap();
    }

    assert!(written <= 2 * FRAME, "{written}");
}

#[tokio::test(start_paused = true)]
async fn frames_of_any_length_are_read_as_one_stream() {
    let (mut server, mut client) = pair().await;
    server.write_all(b"welcome").await.unwrap();
    let sent = pattern(200_000);
    let writing = async {
        let mut rest = &sent[..];
        for len in [0, 1, 2, 125, 126, 127, 65_535, 65_536, 0, 68_548] {
            let (piece, after) = rest.split_at(len);
            client.send(Message::Binary(Bytes::copy_from_slice(piece))).await.unwrap();
            client.send(Message::Ping(Bytes::new())).await.unwrap();
            rest = after;
        }
        assert!(rest.is_empty());
        client.close(None).await.unwrap();
        while let Some(Ok(_)) = client.next().await {}
    };
    let reading = async move {
        let mut heard = Vec::new();
        server.read_to_end(&mut heard).await.unwrap();
        heard
    };

    let ((), heard) = tokio::join!(writing, reading);

    assert!(heard == sent);
}

#[tokio::test(start_paused = true)]
async fn not_much_is_kept_of_a_stranger() {
    let (mut server, mut client) = pair().await;
    let writing = client.send(Message::binary(vec![0; STRANGER * 2]));

    let error = tokio::select! {
        error = server.read_u8() => error.unwrap_err(),
        _ = writing => panic!("all of it was read"),
    };

    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_is_a_close_that_is_answered() {
    let (mut server, mut client) = pair().await;
    let closing = async move {
        server.shutdown().await.unwrap();
        server.read_to_end(&mut Vec::new()).await
    };
    let answering = async {
        let last = client.next().await.unwrap().unwrap();
        assert!(client.next().await.is_none());
        last
    };

    let (read, last) = tokio::join!(closing, answering);

    assert_eq!((read.unwrap(), last), (0, Message::Close(None)));
}
