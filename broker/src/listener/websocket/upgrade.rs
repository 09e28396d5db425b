//! Which requests become a WebSocket, and what the others are told.

use hyper::{Request, Response, StatusCode, header};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use super::Origins;

/// Where MQTT is spoken; clients do not agree on one of them.
const PATHS: [&str; 2] = ["/", "/mqtt"];
/// The name of the standard comes first, the other is what clients of 3.1 say.
const PROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];

/// Why a request does not become a WebSocket.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("there is nothing at this path: MQTT is spoken at {}", PATHS.join(" and "))]
    Path,
    #[error("this port speaks MQTT over WebSocket: connect to it with an MQTT client")]
    NotAnUpgrade,
    #[error(
        "a page of another host may not use this broker: \
         add its origin to `broker.websocket_origins` if it should"
    )]
    Origin,
    #[error("the client does not offer the subprotocol `mqtt`")]
    Protocol,
    #[error("not a WebSocket handshake: {0}")]
    Handshake(String),
}

impl Refusal {
    pub(super) fn response(&self) -> Response<String> {
        let mut response = Response::new(format!("{self}\n"));
        *response.status_mut() = match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::NotAnUpgrade => StatusCode::UPGRADE_REQUIRED,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Protocol | Self::Handshake(_) => StatusCode::BAD_REQUEST,
        };
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        if *self == Self::NotAnUpgrade {
            headers.insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
        }

        response
    }
}

/// The answer that turns a connection into a WebSocket.
pub(super) fn accept<B>(
    request: &Request<B>,
    origins: &Origins,
) -> Result<Response<String>, Refusal> {
    if !PATHS.contains(&request.uri().path()) {
        return Err(Refusal::Path);
    }
    if !request.headers().contains_key(header::UPGRADE) {
        return Err(Refusal::NotAnUpgrade);
    }
    if !origins.admit(request.headers()) {
        return Err(Refusal::Origin);
    }
    let protocol = protocol(request.headers()).ok_or(Refusal::Protocol)?;
    let mut response = create_response_with_body(request, String::new)
        .map_err(|error| Refusal::Handshake(error.to_string()))?;
    response
        .headers_mut()
        .insert(header::SEC_WEBSOCKET_PROTOCOL, header::HeaderValue::from_static(protocol));

    Ok(response)
}

/// The first of our protocols that the client offers.
fn protocol(headers: &header::HeaderMap) -> Option<&'static str> {
    let offered = |protocol: &str| {
        headers
            .get_all(header::SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','))
            .any(|offer| offer.trim() == protocol)
    };

    PROTOCOLS.into_iter().find(|protocol| offered(protocol))
}
