//! The page of figures for monitors: `/metrics` for Prometheus, `/healthz` for whoever restarts.
//!
//! It knows no logins, so it is for this machine alone: the listener is on loopback, and a request
//! under another name (one that its owner points to 127.0.0.1) is not answered.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderMap, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use service::{
    origin::{host_of, is_this_machine},
    prometheus::{Kind, metric},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::front::Front;

/// As many monitors as may ask at once; others wait in the system's queue.
const CONNECTIONS: usize = 16;
/// How long one may take to ask and to read the answer.
const WITHIN: Duration = Duration::from_secs(10);
/// How long the router may take to answer.
const ROUTER_ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// How long to wait when no further socket can be had.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(50);

/// A port for monitors.
pub(crate) struct Page {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Page {
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;

        Ok(Self { address: listener.local_addr()?, listener })
    }

    /// Answers until cancelled.
    pub(crate) async fn serve(self, front: Arc<Front>, cancel: CancellationToken) {
        let places = Semaphore::new(CONNECTIONS);
        let mut monitors = JoinSet::new();
        info!(address = %self.address, "Figures are told");

        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                Some(_) = monitors.join_next() => places.add_permits(1),
                accepted = accept(&self.listener, &places) => match accepted {
                    Ok(stream) => {
                        monitors.spawn(connection(stream, Arc::clone(&front)));
                    }
                    Err(error) => {
                        warn!(%error, "Cannot accept a connection");
                        time::sleep(OUT_OF_SOCKETS).await;
                    }
                },
            }
        }
    }
}

/// Waits for a place first, and then for somebody to take it.
async fn accept(listener: &TcpListener, places: &Semaphore) -> io::Result<TcpStream> {
    let place = places.acquire().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    place.forget();

    Ok(stream)
}

async fn connection(stream: TcpStream, front: Arc<Front>) {
    let service = service_fn(|request| answer(request, &front));
    let connection =
        http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);

    if let Ok(Err(error)) = time::timeout(WITHIN, connection).await {
        debug!(%error, "A connection broke");
    }
}

async fn answer(request: Request<Incoming>, front: &Front) -> Result<Response<String>, Infallible> {
    let (status, text) = if !is_our_name(request.headers()) {
        (StatusCode::MISDIRECTED_REQUEST, "the broker is not known by that name\n".to_owned())
    } else if request.method() != Method::GET {
        (StatusCode::METHOD_NOT_ALLOWED, "use GET\n".to_owned())
    } else {
        match request.uri().path() {
            "/metrics" => (StatusCode::OK, metrics(front)),
            "/healthz" => health(front).await,
            _ => (StatusCode::NOT_FOUND, "there are /metrics and /healthz\n".to_owned()),
        }
    };
    let mut response = Response::new(text);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

    Ok(response)
}

fn is_our_name(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host_of(host.to_str().ok()?));

    host.is_some_and(|host| is_this_machine(&host))
}

fn metrics(front: &Front) -> String {
    let mut text = String::new();
    let mut tell = |name: &str, help: &str, kind: Kind, value: u64| {
        metric(&mut text, &format!("manless_broker_{name}"), help, kind, value);
    };

    for figure in front.figures() {
        tell(figure.metric, figure.help, figure.kind(), figure.value);
    }

    text
}

/// Whether messages get through: whoever connects needs a link to the router.
async fn health(front: &Front) -> (StatusCode, String) {
    match time::timeout(ROUTER_ANSWERS_WITHIN, front.exchange.attach()).await {
        Ok(Ok(_link)) => (StatusCode::OK, "ok\n".to_owned()),
        Ok(Err(_)) | Err(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the router does not answer\n".to_owned())
        }
    }
}
