//! Where one connects, and how one says who one is.

use serde_json::{Value, json};

use super::reference;

/// Those that speak MQTT.
pub(super) const MQTT: [&str; 3] = ["mqtt", "mqtts", "mqtt_websocket"];
/// Those that speak WebSocket, of the gateway.
pub(super) const GATEWAY: [&str; 2] = ["gateway", "gateway_tls"];

pub(super) fn all() -> Value {
    let gateway = [scheme("session"), scheme("bearer")];

    json!({
        "mqtt": mqtt("mqtt", "localhost:1883", "The broker, in the clear. Without users it listens on loopback only, and nobody logs in."),
        "mqtts": mqtt("secure-mqtt", "localhost:8883", "The broker over TLS, once it is configured: password, or certificate."),
        "mqtt_websocket": {
            "host": "localhost:9001",
            "pathname": "/mqtt",
            "protocol": "ws",
            "description": "The broker over WebSocket, for MQTT libraries in browsers, once it is configured. The subprotocol is `mqtt`.",
            "security": [scheme("password")],
        },
        "gateway": {
            "host": "localhost:8000",
            "protocol": "ws",
            "description": "The gateway: text frames, one message each. Without users it listens on loopback only, and nobody logs in.",
            "security": gateway,
        },
        "gateway_tls": {
            "host": "localhost:443",
            "protocol": "wss",
            "description": "The gateway over TLS, or behind a proxy that speaks it.",
            "security": gateway,
        },
    })
}

fn mqtt(protocol: &str, host: &str, description: &str) -> Value {
    json!({
        "host": host,
        "protocol": protocol,
        "protocolVersion": "5.0",
        "description": format!("{description} Speaks MQTT 3.1, 3.1.1 and 5."),
        "security": [scheme("password"), scheme("certificate")],
    })
}

pub(super) fn security_schemes() -> Value {
    json!({
        "password": {
            "type": "userPassword",
            "description": "A user of the site, and the password: `manless user add NAME --role ROLE`.",
        },
        "certificate": {
            "type": "X509",
            "description": "A certificate of the site's authority; its common name is the user.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token, for programs: `Authorization: Bearer TOKEN`, or the subprotocols `bearer, TOKEN`. Never in the URL.",
        },
        "session": {
            "type": "httpApiKey",
            "in": "cookie",
            "name": "manless",
            "description": "The cookie of a login, for browsers; over TLS it is called `__Host-manless`.",
        },
    })
}

fn scheme(name: &str) -> Value {
    reference(&format!("components/securitySchemes/{name}"))
}
