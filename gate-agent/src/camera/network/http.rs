//! HTTP to a camera: one connection, one URL, and a login as the camera wants it.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use http_auth::{PasswordClient, PasswordParams};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION, USER_AGENT, WWW_AUTHENTICATE},
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use service::{Secret, tls};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::TlsConnector;

use crate::{camera::CameraError, config::Network};

/// More than any page that says who may not come in.
const REFUSAL_BYTES: usize = 64 * 1024;

type Sender = SendRequest<Empty<Bytes>>;

/// A connection to a camera, made when it is needed. Dropping it closes it.
pub(super) struct Client {
    host: String,
    port: u16,
    /// Path and query.
    target: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    login: Option<(String, Secret)>,
    /// How the camera wants the login.
    challenge: Option<PasswordClient>,
    sender: Option<Sender>,
    connection: JoinSet<()>,
}

impl Client {
    /// Reads the login, and whom to believe.
    pub(super) fn new(camera: &Network) -> Result<Self, CameraError> {
        let failed = |error: &dyn Error| CameraError::Failed(tls::chain(error));
        let url = camera.url().map_err(|error| failed(&error))?;
        let login = camera.login.read().map_err(|(_, reason)| CameraError::Failed(reason))?;
        // Brackets belong to an IPv6 address in a URL, not to the address.
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let tls = match &camera.ca {
            None => None,
            Some(ca) => {
                let config = tls::trusting(ca).map_err(|error| failed(&error))?;
                let name = ServerName::try_from(host.clone()).map_err(|error| failed(&error))?;
                Some((TlsConnector::from(Arc::new(config)), name))
            }
        };

        Ok(Self {
            port: url.port_or_known_default().unwrap_or(80),
            target: url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
            login: login.map(|(name, password)| (name.to_owned(), password)),
            host,
            tls,
            challenge: None,
            sender: None,
            connection: JoinSet::new(),
        })
    }

    /// Asks for the URL, and logs in where the camera wants it.
    pub(super) async fn get(&mut self) -> Result<Response<Incoming>, CameraError> {
        let mut response = self.request().await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.take_challenge(&response)?;
            // Read, so that the connection can be used again; if it cannot, there is a new one.
            let _ = Limited::new(response.into_body(), REFUSAL_BYTES).collect().await;
            response = self.request().await?;
        }

        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(CameraError::LoginRefused),
            status if status.is_redirection() => {
                let place = header(&response, LOCATION);
                Err(CameraError::Failed(format!("its URL has moved to {place}: use that one")))
            }
            status => Err(CameraError::Failed(format!("it answers {status}: is the URL right?"))),
        }
    }

    async fn request(&mut self) -> Result<Response<Incoming>, CameraError> {
        if let Some(mut sender) = self.sender.take()
            && sender.ready().await.is_ok()
            && let Ok(response) = sender.send_request(self.question()?).await
        {
            self.sender = Some(sender);
            return Ok(response);
        }

        // The camera has closed the connection of the last request, or there was none.
        let mut sender = self.connect().await?;
        let response = sender
            .send_request(self.question()?)
            .await
            .map_err(|error| CameraError::Failed(tls::chain(&error)))?;
        self.sender = Some(sender);

        Ok(response)
    }

    fn question(&mut self) -> Result<Request<Empty<Bytes>>, CameraError> {
        let failed = |error: &dyn Error| CameraError::Failed(tls::chain(error));
        let mut question = Request::get(&self.target)
            .header(HOST, self.authority())
            .header(USER_AGENT, concat!("manless/", env!("CARGO_PKG_VERSION")));

        if let (Some(challenge), Some((username, password))) = (&mut self.challenge, &self.login) {
            let answer = challenge.respond(&PasswordParams {
                username,
                password: password.expose(),
                uri: &self.target,
                method: "GET",
                body: Some(&[]),
            });
            question = question.header(AUTHORIZATION, answer.map_err(CameraError::Failed)?);
        }
        question.body(Empty::new()).map_err(|error| failed(&error))
    }

    fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.tls.is_some() { 443 } else { 80 };

        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }

    fn take_challenge(&mut self, response: &Response<Incoming>) -> Result<(), CameraError> {
        if self.login.is_none() {
            return Err(CameraError::LoginWanted);
        }
        let challenge = PasswordClient::try_from(response.headers().get_all(WWW_AUTHENTICATE));
        let unknown = |reason| {
            CameraError::Failed(format!(
                "it wants a login that is neither basic nor digest: {reason}"
            ))
        };

        self.challenge = Some(challenge.map_err(unknown)?);
        Ok(())
    }

    async fn connect(&mut self) -> Result<Sender, CameraError> {
        let unreachable = |error: std::io::Error| CameraError::Unreachable(error.to_string());
        self.connection.abort_all();

        let address = (self.host.as_str(), self.port);
        let stream = TcpStream::connect(address).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        match self.tls.clone() {
            None => self.shake_hands(stream).await,
            Some((connector, name)) => {
                let stream = connector.connect(name, stream).await.map_err(|error| {
                    CameraError::Unreachable(format!("{error} (is `ca` its certificate?)"))
                })?;
                self.shake_hands(stream).await
            }
        }
    }

    async fn shake_hands<T>(&mut self, stream: T) -> Result<Sender, CameraError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Cameras are not strict about what they send.
        let (sender, connection) = http1::Builder::new()
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .ignore_invalid_headers_in_responses(true)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| CameraError::Failed(tls::chain(&error)))?;
        self.connection.spawn(async {
            // Its end is seen by whoever sends or reads.
            let _ = connection.await;
        });

        Ok(sender)
    }
}

/// What kind of thing it is, in lower case: `image/jpeg`.
pub(super) fn content_type(response: &Response<Incoming>) -> String {
    header(response, CONTENT_TYPE).to_ascii_lowercase()
}

fn header(response: &Response<Incoming>, name: hyper::header::HeaderName) -> String {
    let value = response.headers().get(name);

    value.map_or_else(String::new, |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
