//! The page, the status, pictures, and who may ask for them.

use tokio::io::AsyncReadExt;

use crate::rig::{Site, config, eventually, request, send, upgrade};

const BEFORE: &[u8] = b"\xFF\xD8 a picture that comes before its name \xFF\xD9";
const AFTER: &[u8] = b"\xFF\xD8 a picture that comes after its name \xFF\xD9";

#[tokio::test]
async fn the_status_says_what_there_is() {
    let site = Site::start().await;
    let _agent = site.online("gate_in").await;
    let _clients = [site.greeted("/ws/gate_in").await, site.greeted("/ws/gate_in").await];

    let status = site.status().await;

    assert_eq!(status["channels"], serde_json::json!({ "admin": 0, "gate_all": 0, "gate_in": 2 }));
    assert_eq!(status["controllers"], serde_json::json!([]));
    assert_eq!(status["broker"]["connected"], true);
    assert_eq!(status["gates"]["gate_in"]["state"], "online");
    assert_eq!(status["gates"]["gate_in"]["messages"]["system_status"]["gate_id"], "gate_in");
    assert!(status["version"].is_string() && status["uptime_seconds"].is_u64());
}

#[tokio::test]
async fn it_is_ready_when_it_has_the_broker_and_alive_before() {
    let mut site = Site::start().await;
    assert_eq!(site.get("/readyz").await.status, 200);

    site.kill_broker().await;

    site.until_readyz_is(503).await;
    assert_eq!(site.get("/healthz").await.status, 200);
    assert_eq!(site.status().await["broker"]["connected"], false);
    assert_eq!(site.metric("broker_connected").await, 0);
}

#[tokio::test]
async fn a_path_or_method_that_is_not_there_is_told_what_is() {
    let site = Site::start().await;

    let missing = site.get("/nowhere").await;
    assert_eq!(missing.status, 404);
    assert!(missing.json()["paths"].as_array().unwrap().contains(&"/status".into()));

    let posted = request(site.gateway, "POST", "/status", &[("Host", "localhost")]).await;
    assert_eq!(posted.status, 405);
    assert!(posted.header("allow").unwrap().contains("GET"));
    assert!(posted.json()["message"].as_str().unwrap().contains("GET"));

    assert_eq!(site.get("/ws/gate_in").await.status, 426);
    assert_eq!(upgrade(site.gateway, "/ws/Gate", &[]).await, 404);
    assert_eq!(upgrade(site.gateway, "/ws/bridge", &[]).await, 404);
    assert_eq!(upgrade(site.gateway, "/ws/controller/gate_all", &[]).await, 404);
}

#[tokio::test]
async fn the_contract_is_a_page_that_runs_and_loads_nothing() {
    let site = Site::start().await;

    for (path, content_type, said) in [
        ("/docs", "text/html", "id=\"gate_control_response\""),
        ("/docs/docs.css", "text/css", "prefers-color-scheme: dark"),
        ("/docs/asyncapi.yaml", "application/yaml", "parking/{gate_id}/gate_status"),
    ] {
        let page = site.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").unwrap().starts_with(content_type));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"));
        assert!(page.text().contains(said), "{path} does not say {said}");
    }
    let html = site.get("/docs").await.text();
    for loaded in ["<script", "style=", "onclick", "http://", "https://", "src="] {
        assert!(!html.contains(loaded), "the page has {loaded}");
    }
}

#[tokio::test]
async fn a_page_of_another_host_cannot_use_the_gateway() {
    let mut config = config();
    config.allowed_origins = vec!["https://dash.example.org".to_owned()];
    let site = Site::start_with(config).await;

    for (origin, expected) in [
        ("http://evil.example", 403),
        ("null", 403),
        ("http://localhost:3000", 101),
        ("http://127.0.0.1:8000", 101),
        ("https://dash.example.org", 101),
    ] {
        for path in ["/ws/gate_in", "/ws/controller/gate_in"] {
            let status = upgrade(site.gateway, path, &[("Origin", origin)]).await;
            assert_eq!(status, expected, "{origin} {path}");
        }
    }
    assert_eq!(site.get_with("/status", &[("Host", "evil.example")]).await.status, 421);
    assert_eq!(upgrade(site.gateway, "/ws/gate_in", &[("Host", "evil.example")]).await, 421);
    assert_eq!(site.get_with("/status", &[("Host", "127.0.0.1:9")]).await.status, 200);
}

#[tokio::test]
async fn pictures_are_served_and_never_sent_over_websocket() {
    let site = Site::start().await;
    let mut client = site.greeted("/ws/gate_in").await;
    let agent = site.mqtt().await;
    assert_eq!(site.get("/gates/gate_in/image.jpg").await.status, 404);

    agent.publish_retained("gate_in/image", BEFORE).await;
    agent.publish("gate_in/image_captured", captured("p1", BEFORE)).await;
    agent.publish("gate_in/image_captured", captured("p2", AFTER)).await;
    agent.publish_retained("gate_in/image", AFTER).await;

    assert_eq!(client.text().await, captured("p1", BEFORE));
    assert_eq!(client.text().await, captured("p2", AFTER));
    let latest = eventually(async || {
        Some(site.get("/gates/gate_in/image.jpg").await).filter(|reply| reply.body == AFTER)
    })
    .await;
    assert_eq!(latest.header("content-type"), Some("image/jpeg"));
    assert_eq!(latest.header("cache-control"), Some("no-store"));
    assert_eq!(site.get("/gates/gate_in/images/p1.jpg").await.body, BEFORE);
    assert_eq!(site.get("/gates/gate_in/images/p2.jpg").await.body, AFTER);
    for path in ["images/p3.jpg", "images/p1.png", "images/p1", "stream.jpg"] {
        assert_eq!(site.get(&format!("/gates/gate_in/{path}")).await.status, 404, "{path}");
    }
    assert_eq!(site.get("/gates/GATE/image.jpg").await.status, 404);
}

#[tokio::test]
async fn a_running_stream_is_served_as_mjpeg() {
    let site = Site::start().await;
    let agent = site.mqtt().await;
    let frame = |n: u32| [b"\xFF\xD8 frame ", n.to_string().as_bytes()].concat();
    assert_eq!(site.get("/gates/gate_in/stream.mjpg").await.status, 404);
    agent.publish("gate_in/stream", frame(0)).await;
    agent.publish("gate_in/parking_event", &*crate::rig::event("gate_in", "e1")).await;
    site.until_status(|status| status["gates"]["gate_in"].is_object()).await;

    let mut viewer =
        send(site.gateway, "GET", "/gates/gate_in/stream.mjpg", &[("Host", "localhost")]).await;
    let mut seen = Vec::new();
    let mut n = 1;
    while !contains(&seen, b" frame ")
        || seen.windows(15).filter(|part| part == b"--manless-frame").count() < 3
    {
        agent.publish("gate_in/stream", frame(n)).await;
        n += 1;
        let mut buffer = [0; 1024];
        let read =
            tokio::time::timeout(std::time::Duration::from_millis(20), viewer.read(&mut buffer))
                .await;
        if let Ok(read) = read {
            seen.extend_from_slice(&buffer[..read.unwrap()]);
        }
    }

    assert!(contains(&seen, b"multipart/x-mixed-replace; boundary=manless-frame"));
    assert!(contains(&seen, b"Content-Type: image/jpeg"));
    // Nobody streams any more: the answer ends by itself.
    let end = async { viewer.read_to_end(&mut seen).await };
    tokio::time::timeout(crate::rig::PATIENCE, end).await.unwrap().unwrap();
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn captured(id: &str, picture: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let sha256: String = Sha256::digest(picture).iter().map(|b| format!("{b:02x}")).collect();

    serde_json::json!({
        "type": "image_captured",
        "payload": {
            "image_id": id, "content_type": "image/jpeg", "width": 1, "height": 1,
            "size": picture.len(), "sha256": sha256, "trigger": "command",
            "url": format!("/gates/gate_in/images/{id}.jpg"),
        },
        "gate_id": "gate_in",
        "timestamp": "2024-01-20T10:30:00Z",
        "id": format!("event-{id}"),
    })
    .to_string()
}
