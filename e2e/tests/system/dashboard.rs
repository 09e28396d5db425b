//! A dashboard, first of all one that was written from the description of the old system.

use std::time::Instant;

use e2e::{CARD, Frame, Listener, PATIENCE, Site, Wanted, WebSocket, try_get};

const OPEN: &str =
    r#"{"type":"gate_control","payload":{"action":"open","gate_id":"gate_in","duration":10}}"#;

#[test]
fn a_dashboard_of_the_old_system_opens_a_gate() {
    let site = Site::up();
    let mut dashboard = site.dashboard("gate_in");
    dashboard.hears(&Wanted::a("hardware_status").with("arduino.gate_status", "closed"));

    dashboard.send(OPEN);

    let first = dashboard.hears(&Wanted::a("gate_control_response"));
    assert!(Wanted::answer("accepted").with("success", true).is(&first), "{first}");
    dashboard.hears(&Wanted::boom("opening").with("moved_by", "command"));
    let (before, opened) = dashboard.hears_all_until(&Wanted::boom("open"));
    assert_eq!(opened["gate_id"], "gate_in");
    if !before.iter().any(|message| Wanted::answer("succeeded").is(message)) {
        dashboard.hears(&Wanted::answer("succeeded"));
    }
}

#[test]
fn everybody_on_gate_all_sees_a_vehicle_come_in() {
    let site = Site::up();
    let mut all = site.watcher("gate_all");

    site.sim(&format!("gate_in drive {CARD}"));

    let card = all.hears(&Wanted::a("card_detected").with("decision", "granted"));
    assert_eq!(card["payload"]["card_id"], CARD);
    all.hears(&Wanted::boom("open").from("gate_in").with("moved_by", "card"));
    let entry = all.hears(&Wanted::a("parking_entry").with("passage", "confirmed"));
    let event = all.hears(&Wanted::a("parking_event").with("event", "entry"));
    assert_eq!(event["payload"]["card_id"], CARD);
    assert_eq!(event["payload"]["event_id"], entry["payload"]["event_id"]);
    assert_eq!(event["cause"], card["id"]);
}

#[test]
fn a_vehicle_that_goes_out_has_its_picture_taken() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_out");

    site.sim(&format!("gate_out drive {CARD}"));

    let picture = dashboard.hears(&Wanted::a("image_captured").with("trigger", "exit"));
    let url = picture["payload"]["url"].as_str().expect("a picture has a url");
    let jpeg = e2e::eventually("the picture is there", || try_get(site.gateway, url));
    assert!(jpeg.starts_with(&[0xFF, 0xD8]), "no JPEG at {url}");
    assert_eq!(jpeg.len(), picture["payload"]["size"]);
    let latest = try_get(site.gateway, "/gates/gate_out/image.jpg");
    assert_eq!(latest.as_deref(), Some(jpeg.as_slice()));
}

#[test]
fn a_client_is_greeted_then_told_how_things_are() {
    let site = Site::up();

    let (before, _) = site.dashboard("gate_in").hears_all_until(&Wanted::a("snapshot_end"));

    let mut types: Vec<_> =
        before.iter().map(|message| message["type"].as_str().unwrap_or("?")).collect();
    assert_eq!(types[..2], ["hello", "snapshot_begin"]);
    types[2..].sort_unstable();
    assert_eq!(types[2..], ["gate_status", "hardware_status", "system_status"]);
    assert_eq!(before[0]["payload"]["contract"], "1.0");
    assert_eq!(before[0]["payload"]["channel"], "gate_in");
}

#[test]
fn a_client_that_comes_back_is_told_what_it_missed() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_in");
    let mut witness = site.watcher("gate_in");
    site.sim("gate_in card 04A1B2C3");
    let seen = dashboard.hears(&Wanted::a("card_detected"));
    drop(dashboard);
    site.sim("gate_in card CAFE0001");
    witness.hears(&Wanted::a("card_detected").with("card_id", "CAFE0001"));

    let last = seen["id"].as_str().expect("an event has an id");
    let mut back = site.dashboard(&format!("gate_in?after={last}"));

    let (missed, _) = back.hears_all_until(&Wanted::a("snapshot_begin"));
    assert!(Wanted::a("hello").with("recovered", true).is(&missed[0]), "{}", missed[0]);
    let cards: Vec<_> =
        missed.iter().filter(|message| message["type"] == "card_detected").collect();
    assert_eq!(cards.len(), 1, "{missed:?}");
    assert_eq!(cards[0]["payload"]["card_id"], "CAFE0001");
}

#[test]
fn a_gate_that_nobody_has_heard_of_is_offline_and_its_channel_is_there() {
    let site = Site::up();
    let mut dashboard = site.dashboard("gate_nowhere");

    dashboard.send(r#"{"type":"gate_control","payload":{"action":"open"}}"#);

    dashboard.hears(&Wanted::answer("failed").with("code", "gate_offline"));
}

#[test]
fn an_admin_sees_commands_and_sessions_as_they_pass() {
    let site = Site::up();
    let mut admin = site.watcher("admin");

    let mut dashboard = site.dashboard("gate_in");
    admin.hears(&Wanted::a("session_opened").with("channel", "gate_in"));
    dashboard.send(
        r#"{"type":"gate_control","payload":{"action":"open","command_id":"c1","requested_by":"the boss"}}"#,
    );

    let command = admin.hears(&Wanted::a("gate_control").with("command_id", "c1"));
    assert_ne!(command["payload"]["requested_by"], "the boss");
    assert!(command["payload"]["expires_at"].is_string(), "{command}");
    admin.hears(&Wanted::answer_to("c1").with("status", "accepted"));
    drop(dashboard);
    admin.hears(&Wanted::a("session_closed").with("channel", "gate_in"));
}

#[test]
fn the_gates_of_a_site_and_its_clients_are_in_its_status() {
    let site = Site::up();
    let _dashboard = site.watcher("gate_in");

    // Whoever has just left may still be counted.
    let status = e2e::eventually("one client is on the channel", || {
        let status = e2e::status(site.gateway);
        (status["channels"]["gate_in"] == 1).then_some(status)
    });

    assert_eq!(status["broker"]["connected"], true, "{status}");
    for gate in ["gate_in", "gate_out"] {
        assert_eq!(status["gates"][gate]["state"], "online", "{status}");
        let hardware = &status["gates"][gate]["messages"]["hardware_status"];
        assert_eq!(hardware["payload"]["arduino"]["connected"], true, "{status}");
    }
}

#[test]
fn a_hundred_dashboards_see_the_same() {
    let site = Site::up();
    let mut dashboards: Vec<WebSocket> = (0..100).map(|_| site.dashboard("gate_all")).collect();
    for dashboard in &mut dashboards {
        dashboard.hears(&Wanted::a("snapshot_end"));
    }

    site.sim("gate_in card 04A1B2C3");

    let mut frames = dashboards.iter_mut().map(card_frame);
    let first = frames.next().expect("there are a hundred");
    assert!(frames.all(|frame| frame == first));
}

fn card_frame(dashboard: &mut WebSocket) -> String {
    let deadline = Instant::now() + PATIENCE;

    loop {
        match dashboard.next_frame(deadline) {
            Some(Frame::Text(text)) if text.contains(r#""card_detected""#) => return text,
            Some(Frame::Text(_)) => {}
            end => panic!("no card_detected: {end:?}"),
        }
    }
}
