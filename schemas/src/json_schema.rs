//! What the small types look like in JSON Schema: serde writes them as bare text and numbers.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{BridgeId, GateId, Id, OpenSeconds};

impl JsonSchema for Id {
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "1 to 128 printable ASCII characters without spaces. What this system makes is a \
                            UUIDv7; what others send may be anything of this shape.",
            "type": "string",
            "pattern": "^[!-~]{1,128}$",
        })
    }
}

impl JsonSchema for GateId {
    fn schema_name() -> Cow<'static, str> {
        "GateId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The name of a gate: the middle level of its topics.",
            "type": "string",
            "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$",
            "not": { "pattern": "^(all|gate_all|admin|controller|bridge|bridge-.*)$" },
        })
    }
}

impl JsonSchema for BridgeId {
    fn schema_name() -> Cow<'static, str> {
        "BridgeId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The name of a gateway: `bridge`, or `bridge-2` where several run.",
            "type": "string",
            "pattern": "^bridge(-[a-z0-9_-]{0,56})?$",
        })
    }
}

impl JsonSchema for OpenSeconds {
    fn schema_name() -> Cow<'static, str> {
        "OpenSeconds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How long a boom stays fully open, in whole seconds.",
            "type": "integer",
            "minimum": 1,
            "maximum": 3600,
        })
    }
}
