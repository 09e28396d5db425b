//! Streams that run because somebody watches.

use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, net::TcpStream, time};

use crate::rig::{Mqtt, PATIENCE, Site, config, eventually, send, system};

const PATH: &str = "/gates/gate_in/stream.mjpg";

#[tokio::test]
async fn the_first_viewer_starts_a_stream_and_the_last_one_ends_it() {
    let site = Site::start().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/camera_control").await;

    let mut first = Watching::open(&site, PATH).await;
    let start = camera(&mut agent).await;
    assert_eq!(start["action"], "start_stream");
    assert_eq!((&start["fps"], &start["max_seconds"]), (&json!(5), &json!(60)));
    assert_eq!(start["requested_by"], "anonymous@127.0.0.1");
    answer(&agent, &start, json!({"status": "succeeded", "success": true})).await;
    agent.publish("gate_in/stream", frame(1)).await;
    first.until(&frame(1)).await;

    // A second one changes nothing for the gate, a faster one does.
    let mut second = Watching::open(&site, PATH).await;
    until_viewers_are(&site, 2).await;
    agent.publish("gate_in/stream", frame(2)).await;
    second.until(&frame(2)).await;
    let mut quick = Watching::open(&site, &format!("{PATH}?fps=10")).await;
    let start = camera(&mut agent).await;
    assert_eq!((&start["action"], &start["fps"]), (&json!("start_stream"), &json!(10)));
    agent.publish("gate_in/stream", frame(3)).await;
    quick.until(&frame(3)).await;

    drop((first, quick));
    until_viewers_are(&site, 1).await;
    drop(second);
    assert_eq!(camera(&mut agent).await["action"], "stop_stream");
    until_viewers_are(&site, 0).await;
}

#[tokio::test]
async fn a_stream_that_somebody_else_ended_is_started_again() {
    let site = Site::start().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/camera_control").await;
    let mut viewer = Watching::open(&site, PATH).await;
    camera(&mut agent).await;
    agent.publish("gate_in/stream", frame(1)).await;
    viewer.until(&frame(1)).await;

    agent.publish("gate_in/camera_control", "stop_stream").await;

    assert_eq!(agent.message().await.payload, "stop_stream");
    assert_eq!(camera(&mut agent).await["action"], "start_stream");
    agent.publish("gate_in/stream", frame(2)).await;
    viewer.until(&frame(2)).await;
}

#[tokio::test]
async fn what_cannot_be_watched_says_why() {
    let mut site = Site::start().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/camera_control").await;
    agent.publish_retained("gate_off/system_status", system("gate_off", "offline", "b")).await;
    site.until_gate_is("gate_off", "offline").await;
    let refused = async |path: &str| {
        let reply = site.get(path).await;
        let json = reply.json();
        (reply.status, json["error"].as_str().unwrap().to_owned(), json["message"].to_string())
    };

    for (path, status, error) in [
        ("/gates/gate_off/stream.mjpg", 503, "gate_offline"),
        ("/gates/gate_nobody/stream.mjpg", 404, "no_such_gate"),
        ("/gates/GATE/stream.mjpg", 404, "no_such_gate"),
        ("/gates/gate_in/stream.mjpg?fps=0", 400, "invalid"),
        ("/gates/gate_in/stream.mjpg?fps=16", 400, "invalid"),
        ("/gates/gate_in/stream.mjpg?fps=many", 400, "invalid"),
    ] {
        let (found, code, _) = refused(path).await;
        assert_eq!((found, &*code), (status, error), "{path}");
    }

    let (reply, ()) = tokio::join!(refused(PATH), async {
        let start = camera(&mut agent).await;
        let fault = json!({
            "status": "failed", "success": false, "code": "hardware_offline",
            "message": "no camera at /dev/video0",
        });
        answer(&agent, &start, fault).await;
    });
    assert_eq!((reply.0, &*reply.1), (503, "hardware_offline"));
    assert!(reply.2.contains("/dev/video0"), "{}", reply.2);

    // An agent that says nothing: it is not waited for for long.
    let (found, code, _) = refused(PATH).await;
    assert_eq!((found, &*code), (504, "timeout"));
    site.kill_broker().await;
    site.until_readyz_is(503).await;
    assert_eq!(site.get(PATH).await.json()["error"], "broker_unavailable");
}

#[tokio::test]
async fn a_viewer_that_does_not_read_holds_up_nobody() {
    let site = Site::start().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/camera_control").await;
    let stuck = Watching::open(&site, &format!("{PATH}?fps=15")).await;
    camera(&mut agent).await;
    let large = |n: u32| [b"\xFF\xD8", &vec![0; 300_000][..], &frame(n)].concat();
    agent.publish("gate_in/stream", large(0)).await;
    let mut reads = Watching::open(&site, &format!("{PATH}?fps=15")).await;
    until_viewers_are(&site, 2).await;

    // More than the sockets take in.
    for n in 1..60 {
        agent.publish("gate_in/stream", large(n)).await;
        reads.until(&frame(n)).await;
    }

    drop(stuck);
    until_viewers_are(&site, 1).await;
}

#[tokio::test]
async fn there_are_only_so_many_viewers() {
    let mut config = config();
    config.limits.stream_viewers_per_address = 1;
    let site = Site::start_with(config).await;
    let agent = site.online("gate_in").await;
    let mut first = Watching::open(&site, PATH).await;
    until_viewers_are(&site, 1).await;
    agent.publish("gate_in/stream", frame(1)).await;
    first.until(&frame(1)).await;

    let refused = site.get(PATH).await;
    assert_eq!((refused.status, refused.json()["error"].clone()), (429, "too_many_viewers".into()));

    drop(first);
    until_viewers_are(&site, 0).await;
}

/// A client with an answer that does not end.
struct Watching {
    socket: TcpStream,
    seen: Vec<u8>,
}

impl Watching {
    async fn open(site: &Site, path: &str) -> Self {
        let socket = send(site.gateway, "GET", path, &[("Host", "localhost")]).await;

        Self { socket, seen: Vec::new() }
    }

    /// Reads until something was seen.
    async fn until(&mut self, wanted: &[u8]) {
        let seen = async {
            while !self.seen.windows(wanted.len()).any(|part| part == wanted) {
                let mut buffer = vec![0; 64 * 1024];
                let read = self.socket.read(&mut buffer).await.unwrap();
                assert!(read > 0, "the stream ended");
                self.seen.extend_from_slice(&buffer[..read]);
            }
            self.seen.clear();
        };

        time::timeout(PATIENCE, seen).await.expect("the frame did not come");
    }
}

async fn until_viewers_are(site: &Site, wanted: u64) {
    eventually(async || (site.metric("stream_viewers").await == wanted).then_some(())).await;
}

/// The next command to the camera.
async fn camera(agent: &mut Mqtt) -> Value {
    agent.next(|json| json["type"] == "camera_control").await["payload"].clone()
}

async fn answer(agent: &Mqtt, command: &Value, answer: Value) {
    let mut payload = answer;
    payload["command_id"] = command["command_id"].clone();
    payload["action"] = command["action"].clone();
    let message = json!({
        "type": "camera_control_response", "payload": payload,
        "gate_id": "gate_in", "timestamp": "2024-01-20T10:30:00Z",
    });

    agent.publish("gate_in/camera_control_response", message.to_string()).await;
}

fn frame(n: u32) -> Vec<u8> {
    [b"\xFF\xD8 frame ", format!("{n:03}").as_bytes(), b" \xFF\xD9"].concat()
}
