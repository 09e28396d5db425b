//! The components of the device: what Home Assistant shows, and the buttons that it has.
//!
//! | component | shows | from |
//! |---|---|---|
//! | cover | the boom; opens, closes, stops it | `gate_status`, `gate_control` |
//! | image | the latest picture | `image` |
//! | event | cards; what happens in the lane | `card_detected`, `parking_event` |
//! | binary sensor | devices that answer; faults; a vehicle under the boom | `hardware_status`, `gate_status` |
//! | sensor | the mode | `gate_status` |
//! | button | hold, work by itself, emergency, picture | `gate_control`, `camera_control` |

use schemas::{GateAction, MessageType};
use serde_json::{Map, Value, json};

use super::Described;

/// Who wants it, of a command that comes from there.
const REQUESTED_BY: &str = "Home Assistant";
/// What Home Assistant reads as: nobody knows.
const NOBODY_KNOWS: &str = "None";

const DECISIONS: [&str; 3] = ["granted", "denied", "pending"];
const MODES: [&str; 5] = ["auto", "held_open", "held_closed", "emergency_open", "out_of_service"];
const EVENTS: [&str; 14] = [
    "entry",
    "exit",
    "denied",
    "no_passage",
    "tailgate",
    "manual_open",
    "forced_open",
    "movement_timeout",
    "held_open",
    "held_closed",
    "emergency_open",
    "emergency_reset",
    "auto",
    "events_lost",
];

impl Described<'_> {
    /// By a name that is theirs in this device.
    pub(super) fn components(&self, id: &str) -> Map<String, Value> {
        let always = [
            ("barrier", self.cover()),
            ("mode", self.mode()),
            ("fault", self.fault()),
            ("vehicle", self.vehicle()),
            ("barrier_connected", self.connected("Barrier controller", "arduino")),
            ("event", self.event("Event", MessageType::ParkingEvent, "event", &EVENTS)),
            ("hold_open", self.button("Hold open", GateAction::HoldOpen)),
            ("hold_closed", self.button("Hold closed", GateAction::HoldClosed)),
            ("auto", self.button("Automatic", GateAction::Auto)),
            ("emergency_open", self.button("Emergency open", GateAction::EmergencyOpen)),
            ("emergency_reset", self.button("Emergency reset", GateAction::EmergencyReset)),
        ];
        let reader = self.config.card_reader.as_ref().map(|_| {
            [
                ("card", self.event("Card", MessageType::CardDetected, "decision", &DECISIONS)),
                ("card_reader_connected", self.connected("Card reader", "card_reader")),
            ]
        });
        let camera = self.has_camera().then(|| {
            [
                ("picture", self.picture()),
                ("capture", self.capture()),
                ("camera_connected", self.connected("Camera", "camera")),
            ]
        });

        always
            .into_iter()
            .chain(reader.into_iter().flatten())
            .chain(camera.into_iter().flatten())
            .map(|(name, mut component)| {
                component["unique_id"] = json!(format!("{id}_{name}"));
                (name.to_owned(), component)
            })
            .collect()
    }

    /// The boom. Its name is the device's.
    fn cover(&self) -> Value {
        json!({
            "platform": "cover",
            "name": null,
            "device_class": "gate",
            "state_topic": self.topic(MessageType::GateStatus),
            "value_template": known(
                "value_json.payload.status",
                &["closed", "opening", "open", "closing", "stopped"],
            ),
            "state_stopped": "stopped",
            "command_topic": self.topic(MessageType::GateControl),
            "payload_open": order(GateAction::Open),
            "payload_close": order(GateAction::Close),
            "payload_stop": order(GateAction::Stop),
            "optimistic": false,
            "retain": false,
        })
    }

    fn mode(&self) -> Value {
        json!({
            "platform": "sensor",
            "name": "Mode",
            "icon": "mdi:boom-gate",
            "device_class": "enum",
            "options": MODES,
            "state_topic": self.topic(MessageType::GateStatus),
            "value_template": known("value_json.payload.mode", &MODES),
            "json_attributes_topic": self.topic(MessageType::GateStatus),
            "json_attributes_template": "{{ value_json.payload | to_json }}",
        })
    }

    fn fault(&self) -> Value {
        json!({
            "platform": "binary_sensor",
            "name": "Fault",
            "device_class": "problem",
            "state_topic": self.topic(MessageType::GateStatus),
            "value_template": on_if("value_json.payload.fault is defined and value_json.payload.fault"),
        })
    }

    /// Where no loop is fitted nobody knows.
    fn vehicle(&self) -> Value {
        json!({
            "platform": "binary_sensor",
            "name": "Vehicle under the boom",
            "device_class": "occupancy",
            "state_topic": self.topic(MessageType::GateStatus),
            "value_template": format!(
                "{{{{ '{NOBODY_KNOWS}' if value_json.payload.vehicle_present is not defined \
                 else 'ON' if value_json.payload.vehicle_present else 'OFF' }}}}"
            ),
        })
    }

    fn connected(&self, name: &str, device: &str) -> Value {
        json!({
            "platform": "binary_sensor",
            "name": name,
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": self.topic(MessageType::HardwareStatus),
            "value_template": on_if(&format!("value_json.payload.{device}.connected")),
            "json_attributes_topic": self.topic(MessageType::HardwareStatus),
            "json_attributes_template": format!("{{{{ value_json.payload.{device} | to_json }}}}"),
        })
    }

    /// Words of a later version have nowhere to go in Home Assistant, and are left away.
    fn event(&self, name: &str, kind: MessageType, field: &str, words: &[&str]) -> Value {
        let payload = "value_json.payload";

        json!({
            "platform": "event",
            "name": name,
            "event_types": words,
            "state_topic": self.topic(kind),
            "value_template": format!(
                "{{% if {payload}.{field} in {words} %}}\
                 {{{{ dict({payload}, event_type={payload}.{field}) | to_json }}}}{{% endif %}}",
                words = json!(words),
            ),
        })
    }

    fn picture(&self) -> Value {
        json!({
            "platform": "image",
            "name": "Picture",
            "image_topic": self.topic(MessageType::Image),
            "content_type": "image/jpeg",
        })
    }

    fn button(&self, name: &str, action: GateAction) -> Value {
        json!({
            "platform": "button",
            "name": name,
            "command_topic": self.topic(MessageType::GateControl),
            "payload_press": order(action),
            "retain": false,
        })
    }

    fn capture(&self) -> Value {
        json!({
            "platform": "button",
            "name": "Take a picture",
            "command_topic": self.topic(MessageType::CameraControl),
            "payload_press": json!({ "action": "capture", "requested_by": REQUESTED_BY }).to_string(),
            "retain": false,
        })
    }
}

/// A command, as text: Home Assistant sends it as it is.
fn order(action: GateAction) -> String {
    json!({ "action": action, "requested_by": REQUESTED_BY }).to_string()
}

/// The word in `field`, where Home Assistant knows it.
fn known(field: &str, words: &[&str]) -> String {
    format!("{{{{ {field} if {field} in {} else '{NOBODY_KNOWS}' }}}}", json!(words))
}

fn on_if(condition: &str) -> String {
    format!("{{{{ 'ON' if {condition} else 'OFF' }}}}")
}
