//! The end: everything that is in a journal has to come, and then to come again when asked for.

use std::time::Duration;

use rumqttc::AsyncClient;
use serde_json::json;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{
    listener::{View, Views},
    operator::say,
};

const IN_VAIN: Duration = Duration::from_secs(120);
/// A request that met with an outage is sent again.
const AGAIN: Duration = Duration::from_secs(2);

/// Waits for all events; says what did not come.
pub(crate) async fn run(views: &Views, mouth: &AsyncClient) -> Vec<String> {
    let mut unfinished = Vec::new();

    for (gate, view) in views {
        let mut view = view.clone();
        let drained = |view: &View| view.unsent == Some(0) && view.last_seq == Some(view.received);
        let request = || say(mouth, gate, "request_status", json!({}));
        if !until(&mut view, drained, request).await {
            unfinished.push(format!("{gate}: not all events came: {:?}", *view.borrow()));
            continue;
        }

        // Events go on from where they are; a second request while one is under way would only
        // bring the same once more.
        say(mouth, gate, "request_events", json!({ "from_seq": 1 }));
        let all_again = |view: &View| view.came_again == view.received;
        if timeout(IN_VAIN, view.wait_for(all_again)).await.is_err() {
            unfinished.push(format!("{gate}: not all came again: {:?}", *view.borrow()));
        }
    }

    unfinished
}

async fn until(
    view: &mut watch::Receiver<View>,
    condition: impl Fn(&View) -> bool,
    ask: impl Fn(),
) -> bool {
    let began = Instant::now();

    while began.elapsed() < IN_VAIN {
        ask();
        tokio::select! {
            view = view.wait_for(&condition) => return view.is_ok(),
            () = sleep(AGAIN) => {}
        }
    }
    false
}
