//! MQTT over WebSocket (MQTT 5.0, 6): from a request in HTTP to a stream of bytes.

mod io;
mod origin;
mod stranger;
mod upgrade;

use std::{
    convert::Infallible,
    future::ready,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use hyper::{
    Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time,
};

pub(crate) use io::WebSocketIo;
pub(crate) use origin::Origins;

/// Bytes of a request that are worth reading; hyper wants no less.
const REQUEST: usize = 8 * 1024;
/// How long somebody who is refused may take to read why.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection does not become a WebSocket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpgradeError {
    #[error("not a request in HTTP")]
    Http(#[from] hyper::Error),
    #[error("the request was refused")]
    Refused,
}

/// Answers one request, and makes a WebSocket of it.
pub(crate) async fn accept<S>(
    stream: S,
    origins: &Origins,
    packet_size: u32,
) -> Result<WebSocketIo<S>, UpgradeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let accepted = AtomicBool::new(false);
    let service = service_fn(|request: Request<Incoming>| {
        let response = answer(&request, origins);
        accepted.store(response.status() == StatusCode::SWITCHING_PROTOCOLS, Ordering::Relaxed);
        ready(Ok::<_, Infallible>(response))
    });
    let parts = http1::Builder::new()
        .max_buf_size(REQUEST)
        .serve_connection(TokioIo::new(stream), service)
        .without_shutdown()
        .await?;
    let mut stream = parts.io.into_inner();

    if accepted.load(Ordering::Relaxed) {
        return Ok(WebSocketIo::new(stream, parts.read_buf, packet_size).await);
    }
    let _ = time::timeout(FAREWELL, hang_up(&mut stream)).await;
    Err(UpgradeError::Refused)
}

fn answer(request: &Request<Incoming>, origins: &Origins) -> Response<String> {
    upgrade::accept(request, origins).unwrap_or_else(|refusal| refusal.response())
}

/// A socket that is closed while bytes are unread is reset, and the answer lost with it.
async fn hang_up<S>(stream: &mut S) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.shutdown().await?;
    let mut rest = [0; 512];
    while stream.read(&mut rest).await? > 0 {}

    Ok(())
}
