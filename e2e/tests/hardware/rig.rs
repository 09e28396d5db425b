//! A site with one gate and a camera of its machine.

use e2e::{Listener, Site, Wanted, WebSocket, eventually, try_get};
use serde_json::{Value, json};

/// A gate whose camera is real, and somebody who watches it.
pub(crate) struct Gate {
    pub(crate) site: Site,
    pub(crate) watcher: WebSocket,
    commands: u32,
}

impl Gate {
    /// Returns when the camera shows something.
    pub(crate) fn with(camera: &str) -> Self {
        Self::start(camera, &["gate_in"])
    }

    /// Returns whatever the camera does.
    pub(crate) fn without_waiting(camera: &str) -> Self {
        Self::start(camera, &[])
    }

    fn start(camera: &str, online: &[&'static str]) -> Self {
        let barrier = "barrier = { port = \"simulated\" }";
        let toml = format!("[gates.gate_in]\n{barrier}\ncamera = {camera}\n");
        let site = Site::configured(&toml, online);
        let watcher = site.dashboard("gate_in");

        Self { site, watcher, commands: 0 }
    }

    /// Takes a picture; returns what is said of it, and the picture.
    pub(crate) fn capture(&mut self) -> (Value, Vec<u8>) {
        self.commands += 1;
        let id = format!("capture-{}", self.commands);
        let payload = json!({"action": "capture", "command_id": id, "gate_id": "gate_in"});
        self.watcher.send(&json!({"type": "camera_control", "payload": payload}).to_string());

        let said = self.watcher.hears(&Wanted::a("image_captured").with("trigger", "command"));
        let path = said["payload"]["url"].as_str().expect("it has a path").to_owned();
        let gateway = self.site.gateway;
        let picture = eventually("the picture is served", || try_get(gateway, &path));
        (said["payload"].clone(), picture)
    }

    /// Waits until the camera is in this state; why, if something is wrong.
    pub(crate) fn camera_is(&mut self, status: &'static str) -> String {
        let said = self.watcher.hears(&Wanted::a("hardware_status").with("camera.status", status));

        said["payload"]["camera"]["detail"].as_str().unwrap_or_default().to_owned()
    }
}
