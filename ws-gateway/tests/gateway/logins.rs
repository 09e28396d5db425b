//! Who may do what, path by path, and until when.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;

use crate::rig::{
    Client, HARDWARE, Mqtt, People, Site, answer, config, eventually, gate_status, password, post,
    request, send, upgrade,
};

const PATHS: [&str; 17] = [
    "/",
    "/healthz",
    "/readyz",
    "/session",
    "/status",
    "/metrics",
    "/gates/gate_in/image.jpg",
    "/gates/gate_out/image.jpg",
    "/gates/gate_in/images/p1.jpg",
    "/gates/gate_out/stream.mjpg?fps=0",
    "/ws/gate_in",
    "/ws/gate_out",
    "/ws/gate_all",
    "/ws/admin",
    "/ws/controller/gate_in",
    "/ws/controller/gate_out",
    "/nowhere",
];

/// What is answered to whom. 101 is: let in and let stay; no stream has 0 frames a second.
#[tokio::test]
async fn everybody_reaches_what_is_his_and_nothing_else() {
    let people = People::new();
    let gone = people.token("otto");
    people.take_tokens("otto");
    let expired = people.token_for("ada", SignedDuration::from_secs(-1));
    let [ada, vera, otto, agent] = ["ada", "vera", "otto", "gate_in"].map(|who| people.token(who));
    let site = Site::start_with_logins(config(), &people).await;
    let _gates = two_gates(&site).await;

    const OUT: [u16; 17] =
        [200, 200, 200, 401, 401, 401, 401, 401, 401, 401, 4401, 4401, 4401, 4401, 4401, 4401, 404];
    for (who, token, expected) in [
        ("nobody", None, OUT),
        ("somebody with a token that was taken away", Some(&gone), OUT),
        ("somebody with a token that has expired", Some(&expired), OUT),
        (
            "an admin",
            Some(&ada),
            [200, 200, 200, 200, 200, 200, 200, 200, 404, 400, 101, 101, 101, 101, 4403, 4403, 404],
        ),
        (
            "a viewer",
            Some(&vera),
            [
                200, 200, 200, 200, 200, 200, 200, 200, 404, 400, 101, 101, 101, 4403, 4403, 4403,
                404,
            ],
        ),
        (
            "an operator of gate_in",
            Some(&otto),
            [
                200, 200, 200, 200, 200, 403, 200, 403, 404, 403, 101, 4403, 101, 4403, 4403, 4403,
                404,
            ],
        ),
        (
            "the agent of gate_in",
            Some(&agent),
            [
                200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 4403, 4403, 4403, 4403, 101,
                4403, 404,
            ],
        ),
    ] {
        for (path, expected) in PATHS.into_iter().zip(expected) {
            // Who shows a token that is wrong too often is told to wait: it is as good as none.
            let found = match outcome(&site, path, token).await {
                429 => 401,
                found => found,
            };
            // A gateway that was built without its page says so.
            let expected = if path == "/" && found == 404 { 404 } else { expected };
            assert_eq!(found, expected, "{who} {path}");
        }
    }
}

#[tokio::test]
async fn where_there_are_no_logins_everybody_may_do_everything() {
    let site = Site::start().await;
    let _gates = two_gates(&site).await;

    for path in PATHS {
        let found = outcome(&site, path, None).await;
        assert!(![401, 403, 4401, 4403].contains(&found), "{path} {found}");
    }
    let session = site.get("/session").await.json();
    assert_eq!(session["user"], "anonymous");
    assert_eq!(session["role"], "operator");
    assert_eq!(session["logins"], false);
    assert_eq!(session["may"]["command"], "all");
    assert_eq!(site.client("/ws/gate_all").await.json().await["payload"]["role"], "operator");
}

#[tokio::test]
async fn who_is_limited_to_a_gate_is_told_of_no_other() {
    let people = People::new();
    let otto = people.token("otto");
    let site = Site::start_with_logins(config(), &people).await;
    let gates = two_gates(&site).await;

    let status = get(&site, "/status", &otto).await.json();
    let names: Vec<_> = status["gates"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["gate_in"]);
    assert!(status["channels"].get("gate_out").is_none() && status["channels"]["gate_in"] == 0);

    let mut client = listen(&site, "/ws/gate_all", &otto).await;
    let greeting = client.greeting().await;
    assert!(greeting[0].contains(r#""role":"operator""#), "{}", greeting[0]);
    assert!(!greeting.iter().any(|text| text.contains("gate_out")), "{greeting:?}");
    gates.publish("gate_out/parking_event", &*crate::rig::event("gate_out", "e1")).await;
    gates.publish("gate_in/parking_event", &*crate::rig::event("gate_in", "e2")).await;
    assert_eq!(client.text().await, crate::rig::event("gate_in", "e2"));

    let session = get(&site, "/session", &otto).await.json();
    assert_eq!(
        (&session["user"], &session["role"]),
        (&json!("otto"), &json!("operator")),
        "{session}"
    );
    assert_eq!(
        session["may"],
        json!({ "see": ["gate_in"], "see_pictures": ["gate_in"], "command": ["gate_in"], "admin": false })
    );
}

#[tokio::test]
async fn a_command_needs_the_right_and_is_requested_by_its_user() {
    let people = People::new();
    let [otto, vera] = ["otto", "vera"].map(|who| people.token(who));
    let site = Site::start_with_logins(config(), &people).await;
    let mut agent = site.online("gate_in").await;
    let _other = site.online("gate_out").await;
    agent.subscribe("+/+").await;

    let mut viewer = listen(&site, "/ws/gate_in", &vera).await;
    viewer.greeting().await;
    viewer.send(r#"{"type":"gate_control","payload":{"action":"open","command_id":"c1"}}"#).await;
    let refused = viewer.next("gate_control_response").await;
    assert_eq!(refused["payload"]["code"], "unauthorized", "{refused}");
    assert_eq!(refused["payload"]["status"], "rejected");
    viewer.send(r#"{"type":"request_status","payload":{}}"#).await;
    assert_eq!(viewer.next("error").await["payload"]["code"], "unauthorized");

    let mut operator = listen(&site, "/ws/gate_all", &otto).await;
    operator.greeting().await;
    let open = |gate: &str, id: &str| {
        format!(
            r#"{{"type":"gate_control","payload":{{"action":"open","gate_id":"{gate}","command_id":"{id}","requested_by":"ada"}}}}"#
        )
    };
    operator.send(&open("gate_out", "c2")).await;
    let refused = operator.next("gate_control_response").await;
    assert_eq!(
        (&refused["payload"]["code"], &refused["payload"]["command_id"]),
        (&json!("unauthorized"), &json!("c2"))
    );
    operator.send(&open("gate_in", "c3")).await;

    // The first and only command that the gates have got.
    let command = agent.next(|json| json["type"] == "gate_control").await;
    assert_eq!(command["payload"]["command_id"], "c3");
    assert_eq!(command["payload"]["requested_by"], "otto@127.0.0.1");
    agent.publish("gate_in/gate_control_response", &*answer("gate_in", "c3", "accepted")).await;
    assert_eq!(operator.next("gate_control_response").await["payload"]["status"], "accepted");
}

#[tokio::test]
async fn whoever_is_changed_or_removed_has_to_go() {
    let people = People::new();
    let [ada, vera, otto] = ["ada", "vera", "otto"].map(|who| people.token(who));
    let site = Site::start_with_logins(config(), &people).await;
    let mut gone = listen(&site, "/ws/gate_in", &vera).await;
    let mut changed = listen(&site, "/ws/gate_in", &otto).await;
    let mut stays = listen(&site, "/ws/admin", &ada).await;
    for client in [&mut gone, &mut changed, &mut stays] {
        client.greeting().await;
    }

    people.change(|users| users.remove(&"vera".parse().unwrap()).unwrap());
    assert_eq!(gone.close_code().await, Some(4401));
    people.rewrite("gates = [\"gate_in\"]", "gates = [\"gate_out\"]");
    assert_eq!(changed.close_code().await, Some(4401));

    assert_eq!(outcome(&site, "/ws/gate_in", Some(&vera)).await, 4401);
    assert_eq!(outcome(&site, "/ws/gate_in", Some(&otto)).await, 4403);
    assert_eq!(outcome(&site, "/ws/gate_out", Some(&otto)).await, 101);
    stays.next("session_closed").await;
}

#[tokio::test]
async fn a_token_that_is_taken_away_or_expires_ends_what_was_begun_with_it() {
    let people = People::new();
    let vera = people.token("vera");
    let short = people.token_for("otto", SignedDuration::from_secs(3));
    let agent = people.token("gate_in");
    let site = Site::start_with_logins(config(), &people).await;
    let mut watching = listen(&site, "/ws/gate_all", &vera).await;
    let mut expires = listen(&site, "/ws/gate_in", &short).await;
    let mut controller = listen(&site, "/ws/controller/gate_in", &agent).await;
    site.until_gate_is("gate_in", "online").await;

    people.take_tokens("vera");
    assert_eq!(watching.close_code().await, Some(4401));
    people.take_tokens("gate_in");
    assert_eq!(controller.close_code().await, Some(4401));
    site.until_gate_is("gate_in", "offline").await;
    assert_eq!(expires.close_code().await, Some(4401));
    assert_eq!(get(&site, "/session", &short).await.status, 401);
}

#[tokio::test]
async fn admin_sees_who_comes() {
    let people = People::new();
    let [ada, vera, agent] = ["ada", "vera", "gate_in"].map(|who| people.token(who));
    people.add("anna", "admin", &[]);
    people.set_password("anna", "open sesame");
    let site = Site::start_with_logins(config(), &people).await;
    let mut admin = listen(&site, "/ws/admin", &ada).await;
    admin.greeting().await;
    let logged_in = post(
        site.gateway,
        "/login",
        &[("Content-Type", "application/json")],
        &password("anna", "open sesame"),
    )
    .await;
    let cookie = logged_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();

    for (path, (name, value), user) in [
        ("/ws/gate_in", ("Sec-WebSocket-Protocol", format!("bearer, {vera}")), "vera"),
        ("/ws/controller/gate_in", ("Authorization", format!("Bearer {agent}")), "gate_in"),
        ("/ws/gate_all", ("Cookie", cookie), "anna"),
    ] {
        let client = Client::connect_with(site.gateway, path, &[(name, &value)]).await;
        let opened = admin.next("session_opened").await;
        assert_eq!(opened["payload"]["user"], user, "{opened}");
        drop(client);
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_login() {
    let people = People::new();
    let vera = people.token("vera");
    let site = Site::start_with_logins(config(), &people).await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/camera_control").await;
    let bearer = format!("Bearer {vera}");
    let headers = [("Host", "localhost"), ("Authorization", &bearer[..])];
    let mut viewer = send(site.gateway, "GET", "/gates/gate_in/stream.mjpg", &headers).await;
    let order = agent.next(|json| json["payload"]["action"] == "start_stream").await;
    assert_eq!(order["payload"]["requested_by"], "vera@127.0.0.1");
    let begun = frames_until(&agent, &mut viewer, |seen| contains(seen, b"--manless-frame")).await;
    assert!(begun, "the stream did not begin");

    people.take_tokens("vera");

    // Frames keep coming, and yet it ends.
    assert!(!frames_until(&agent, &mut viewer, |_| false).await);
}

#[tokio::test]
async fn a_token_is_shown_in_a_header_or_a_subprotocol_and_never_in_a_url() {
    let people = People::new();
    let vera = people.token("vera");
    let site = Site::start_with_logins(config(), &people).await;
    let bearer = format!("Bearer {vera}");

    let mut client =
        Client::connect_with(site.gateway, "/ws/gate_in", &[("Authorization", &bearer)]).await;
    client.greeting().await;
    listen(&site, "/ws/gate_in", &vera).await.greeting().await;

    for path in ["/status", "/ws/gate_in", "/", "/metrics"] {
        for name in ["token", "access_token"] {
            let reply = site.get(&format!("{path}?{name}={vera}")).await;
            assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("token_in_url")));
            assert!(!reply.text().contains(&vera));
        }
    }
    assert_eq!(upgrade(site.gateway, &format!("/ws/gate_in?token={vera}"), &[]).await, 400);
    // One that is wrong is not made good by another.
    let two = [
        ("Host", "localhost"),
        ("Authorization", "Bearer nonsense"),
        ("Sec-WebSocket-Protocol", &*format!("bearer, {vera}")),
    ];
    assert_eq!(site.get_with("/status", &two).await.status, 401);
}

#[tokio::test]
async fn who_does_not_log_in_has_the_role_that_is_for_them() {
    let role = access::RoleConfig {
        subscribe: vec!["parking/#".to_owned()],
        except: vec!["parking/+/image".to_owned(), "parking/+/stream".to_owned()],
        ..Default::default()
    };
    let people = People::with(access::Config {
        anonymous: Some("guest".to_owned()),
        roles: [("guest".to_owned(), role)].into(),
        ..Default::default()
    });
    let site = Site::start_with_logins(config(), &people).await;
    let _gates = two_gates(&site).await;

    for (path, expected) in [
        ("/status", 200),
        ("/gates/gate_in/image.jpg", 403),
        ("/ws/gate_in", 101),
        ("/ws/admin", 4403),
        ("/ws/controller/gate_in", 4403),
    ] {
        assert_eq!(outcome(&site, path, None).await, expected, "{path}");
    }
    let headers = [("Host", "localhost")];
    let session = site.get_with("/session", &headers).await.json();
    assert_eq!((&session["user"], &session["role"]), (&json!("anonymous"), &json!("guest")));
    // A name that its owner points here could do what guests may, through anybody's browser.
    assert_eq!(site.get_with("/status", &[("Host", "evil.example")]).await.status, 421);
    assert_eq!(site.get_with("/status", &[("Host", "192.0.2.7")]).await.status, 200);
    // A login that is wrong does not fall back to the role.
    let wrong = [("Host", "localhost"), ("Authorization", "Bearer nonsense")];
    assert_eq!(site.get_with("/status", &wrong).await.status, 401);
}

#[tokio::test]
async fn every_answer_tells_a_browser_to_be_careful() {
    let people = People::new();
    let site = Site::start_with_logins(config(), &people).await;
    let _gates = two_gates(&site).await;

    let nobody = [("Host", "localhost")];
    let mut replies = Vec::new();
    for path in PATHS.into_iter().filter(|path| !path.contains("stream")) {
        replies.push((path, site.get(path).await));
        replies.push((path, site.get_with(path, &nobody).await));
    }
    replies.push(("POST", request(site.gateway, "POST", "/status", &nobody).await));
    for (path, reply) in replies {
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(reply.header("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(reply.header("cross-origin-opener-policy"), Some("same-origin"), "{path}");
        assert!(reply.header("permissions-policy").unwrap().contains("camera=()"), "{path}");
        assert!(reply.header("cross-origin-resource-policy").is_some(), "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(reply.header("strict-transport-security"), None, "{path}");
        let expected = (reply.status == 401).then_some("Bearer realm=\"manless\"");
        assert_eq!(reply.header("www-authenticate"), expected, "{path}");
    }
}

/// Two gates that were heard of, with pictures, and no agent that is online.
async fn two_gates(site: &Site) -> Mqtt {
    let agents = site.mqtt().await;
    for gate in ["gate_in", "gate_out"] {
        agents.publish_retained(&format!("{gate}/image"), b"\xFF\xD8\xFF\xD9".as_slice()).await;
        agents
            .publish_retained(&format!("{gate}/gate_status"), &*gate_status(gate, "closed"))
            .await;
        let hardware = HARDWARE.replace("gate_in", gate);
        agents.publish_retained(&format!("{gate}/hardware_status"), hardware).await;
    }
    site.until_status(|status| {
        status["gates"]["gate_out"]["messages"]["hardware_status"].is_object()
    })
    .await;

    agents
}

async fn get(site: &Site, path: &str, token: &str) -> crate::rig::Reply {
    let bearer = format!("Bearer {token}");

    site.get_with(path, &[("Host", "localhost"), ("Authorization", &bearer)]).await
}

async fn listen(site: &Site, path: &str, token: &str) -> Client {
    let protocols = format!("bearer, {token}");

    Client::connect_with(site.gateway, path, &[("Sec-WebSocket-Protocol", &protocols)]).await
}

/// The status of an answer; of a WebSocket 101, or the code of its close.
async fn outcome(site: &Site, path: &str, token: Option<&String>) -> u16 {
    if !path.starts_with("/ws/") {
        return match token {
            Some(token) => get(site, path, token).await.status,
            None => site.get_with(path, &[("Host", "localhost")]).await.status,
        };
    }

    let mut client = match token {
        Some(token) => listen(site, path, token).await,
        None => site.client(path).await,
    };
    // Nothing that a controller would send: it is answered by whoever listens to it.
    client.send("{}").await;
    client.stays().await.err().unwrap_or(101)
}

/// Sends frames and reads what comes of them; whether `is_enough` was, before the stream ended.
async fn frames_until(
    agent: &Mqtt,
    viewer: &mut tokio::net::TcpStream,
    is_enough: impl Fn(&[u8]) -> bool,
) -> bool {
    use tokio::io::AsyncReadExt;

    let mut seen = Vec::new();
    eventually(async || {
        agent.publish("gate_in/stream", b"\xFF\xD8 frame \xFF\xD9".as_slice()).await;
        let mut buffer = [0; 4096];
        let read = tokio::time::timeout(Duration::from_millis(20), viewer.read(&mut buffer)).await;
        match read {
            Ok(Ok(0) | Err(_)) => return Some(false),
            Ok(Ok(length)) => seen.extend_from_slice(&buffer[..length]),
            Err(_) => {}
        }
        is_enough(&seen).then_some(true)
    })
    .await
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
