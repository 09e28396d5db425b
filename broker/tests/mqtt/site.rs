//! A broker on a free port, for the length of a test.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use access::Access;
use broker::{Addresses, Broker, BrokerError, Config, Limits, Transport};
use schemas::Root;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;

use crate::client::{Client, FOR_A_SECOND, Hello, Packet, V5, Version};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

const TRANSPORTS: [Transport; 4] =
    [Transport::Tcp, Transport::Tls, Transport::WebSocket, Transport::WebSocketTls];

pub(crate) struct Site {
    /// Where it speaks TCP; where it does not, the first address.
    pub(crate) address: SocketAddr,
    addresses: [Option<SocketAddr>; 4],
    pub(crate) metrics: Option<SocketAddr>,
    cancel: CancellationToken,
    broker: JoinSet<Result<(), BrokerError>>,
    /// Where the store is.
    dir: TempDir,
}

/// The configuration of tests: a free port, and no figures between the messages.
pub(crate) fn config(limits: Limits) -> Config {
    Config {
        listen: anywhere(),
        metrics: anywhere(),
        figures_every: Duration::ZERO,
        limits,
        ..Config::default()
    }
}

/// Any free port of this machine.
pub(crate) fn anywhere() -> Addresses {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()
}

/// A site without logins.
pub(crate) fn open_to_all() -> Access {
    Access::without_logins(&Root::default())
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        Self::of(config(limits)).await
    }

    pub(crate) async fn of(config: Config) -> Self {
        Self::guarded(config, open_to_all()).await
    }

    /// A site with these users.
    pub(crate) async fn guarded(config: Config, access: Access) -> Self {
        Self::in_dir(config, access, tempfile::tempdir().unwrap()).await
    }

    pub(crate) async fn in_dir(config: Config, access: Access, dir: TempDir) -> Self {
        let broker = Broker::bind(config, Root::default(), access, dir.path()).await.unwrap();
        let addresses = TRANSPORTS.map(|transport| broker.address(transport));
        let address = addresses.into_iter().flatten().next().unwrap();
        let (metrics, cancel) = (broker.metrics(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(broker.run(cancel.clone()));

        Self { address, addresses, metrics, cancel, broker: tasks, dir }
    }

    /// Where it listens for this.
    pub(crate) fn over(&self, transport: Transport) -> SocketAddr {
        let at = TRANSPORTS.iter().position(|known| *known == transport);
        self.addresses[at.unwrap()].unwrap()
    }

    /// A client with a name of its own, which is welcome.
    pub(crate) async fn client(&self, version: Version, name: &str) -> Client {
        self.client_that_says(Hello { client_id: name, ..Hello::new(version) }).await
    }

    pub(crate) async fn client_that_says(&self, hello: Hello<'_>) -> Client {
        let mut client = Client::open(self.address, hello.version).await;
        client.send(&hello.encode()).await;
        assert_eq!(client.packet().await.first, 0x20, "no CONNACK");
        client
    }

    /// The same, and whether there is a session from before.
    pub(crate) async fn session(&self, hello: Hello<'_>) -> (Client, bool) {
        let mut client = Client::open(self.address, hello.version).await;
        client.send(&hello.encode()).await;
        let Packet { first, body } = client.packet().await;
        assert_eq!((first, body[1]), (0x20, 0), "not welcome");

        (client, body[0] == 1)
    }

    /// The answer to a request to the page of figures.
    pub(crate) async fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.metrics.unwrap()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();

        answer
    }

    pub(crate) async fn figure(&self, name: &str) -> u64 {
        let page = self.ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        let value = page.lines().find_map(|line| {
            line.strip_prefix("manless_broker_")?.strip_prefix(name)?.strip_prefix(' ')
        });

        value.unwrap().parse().unwrap()
    }

    /// Waits until a figure has reached a value.
    pub(crate) async fn until(&self, name: &str, least: u64) {
        let reached = async { while self.figure(name).await < least {} };

        time::timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("no {least} {name}"));
    }

    /// Waits until a figure has gone down to a value.
    pub(crate) async fn until_left(&self, name: &str, most: u64) {
        let reached = async { while self.figure(name).await > most {} };

        time::timeout(PATIENCE, reached)
            .await
            .unwrap_or_else(|_| panic!("more than {most} {name}"));
    }

    /// Lets a second go by on the broker's clock: the session of somebody else expires.
    pub(crate) async fn let_a_second_pass(&self) {
        let before = self.figure("sessions_expired_total").await;
        let hello = Hello { client_id: "clock", properties: FOR_A_SECOND, ..Hello::new(V5) };
        self.client_that_says(hello).await.leave().await;

        self.until("sessions_expired_total", before + 1).await;
    }

    /// A broker on a copy of what is on disk at this moment, as after the death of this one.
    pub(crate) async fn after_a_crash(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for file in ["broker.db", "broker.db-wal"] {
            fs::copy(self.dir.path().join(file), dir.path().join(file)).unwrap();
        }

        Self::in_dir(config(Limits::default()), open_to_all(), dir).await
    }

    /// Stops the broker.
    pub(crate) async fn stop(self) {
        self.stopped().await;
    }

    /// Stops the broker and starts another one on the same store.
    pub(crate) async fn restart(self, config: Config) -> Self {
        self.restart_guarded(config, open_to_all()).await
    }

    /// Likewise, with these users.
    pub(crate) async fn restart_guarded(self, config: Config, access: Access) -> Self {
        let dir = self.stopped().await;

        Self::in_dir(config, access, dir).await
    }

    async fn stopped(mut self) -> TempDir {
        self.cancel.cancel();
        let stopped = time::timeout(PATIENCE, self.broker.join_next()).await;
        stopped.unwrap().unwrap().unwrap().unwrap();

        self.dir
    }
}
