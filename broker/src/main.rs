//! The program `broker`.

use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() {
    let broker = broker::Broker::bind(broker::Config::default(), schemas::Root::default()).await;
    broker.expect("bound").run(CancellationToken::new()).await.expect("ran");
}
