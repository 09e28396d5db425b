//! What a client says: well-formed, whatever it means.

use super::Protocol;

/// CONNECT.
#[derive(Debug, Clone)]
pub struct Connect<'a> {
    pub protocol: Protocol,
    pub clean: bool,
    pub keep_alive: u16,
    pub client_id: &'a str,
    pub will: Option<Will<'a>>,
    pub login: Option<(&'a str, &'a str)>,
    pub expiry: Option<u32>,
    pub receive_maximum: Option<u16>,
    pub maximum_packet_size: Option<u32>,
    pub alias_maximum: Option<u16>,
}

/// What is published when the client is gone.
#[derive(Debug, Clone)]
pub struct Will<'a> {
    pub topic: &'a str,
    pub payload: &'a [u8],
    pub qos: u8,
    pub retain: bool,
    pub delay: u32,
}

/// PUBLISH.
#[derive(Debug, Clone)]
pub struct Publish<'a> {
    pub topic: &'a str,
    pub payload: &'a [u8],
    pub qos: u8,
    pub retain: bool,
    pub dup: bool,
    pub id: u16,
    pub alias: Option<u16>,
    pub expiry: Option<u32>,
    /// Whether it carries properties for its subscribers.
    pub adorned: bool,
}

/// One filter of a SUBSCRIBE.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub filter: &'a str,
    pub options: u8,
}

impl Connect<'_> {
    pub fn write(&self, out: &mut Vec<u8>) {
        let (name, level) = match self.protocol {
            Protocol::V31 => ("MQIsdp", 3),
            Protocol::V311 => ("MQTT", 4),
            Protocol::V5 => ("MQTT", 5),
        };
        let will = self.will.as_ref();
        let flags = u8::from(self.clean) << 1
            | will.map_or(0, |will| 4 | will.qos << 3 | u8::from(will.retain) << 5)
            | if self.login.is_some() { 0xc0 } else { 0 };
        let mut body = Vec::new();
        text(&mut body, name);
        body.extend([level, flags]);
        body.extend(self.keep_alive.to_be_bytes());
        if self.protocol == Protocol::V5 {
            let mut properties = Vec::new();
            four_bytes(&mut properties, 17, self.expiry);
            two_bytes(&mut properties, 33, self.receive_maximum);
            four_bytes(&mut properties, 39, self.maximum_packet_size);
            two_bytes(&mut properties, 34, self.alias_maximum);
            block(&mut body, &properties);
        }
        text(&mut body, self.client_id);
        if let Some(will) = will {
            if self.protocol == Protocol::V5 {
                let mut properties = Vec::new();
                four_bytes(&mut properties, 24, Some(will.delay));
                block(&mut body, &properties);
            }
            text(&mut body, will.topic);
            binary(&mut body, will.payload);
        }
        if let Some((name, password)) = self.login {
            text(&mut body, name);
            text(&mut body, password);
        }
        packet(out, 0x10, &body);
    }
}

impl Publish<'_> {
    pub fn write(&self, protocol: Protocol, out: &mut Vec<u8>) {
        let dup = self.dup && self.qos > 0;
        let first = 0x30 | u8::from(dup) << 3 | self.qos << 1 | u8::from(self.retain);
        let mut body = Vec::new();
        text(&mut body, self.topic);
        if self.qos > 0 {
            body.extend(self.id.to_be_bytes());
        }
        if protocol == Protocol::V5 {
            let mut properties = Vec::new();
            two_bytes(&mut properties, 35, self.alias);
            four_bytes(&mut properties, 2, self.expiry);
            if self.adorned {
                properties.push(38);
                text(&mut properties, "name");
                text(&mut properties, "value");
                properties.push(8);
                text(&mut properties, "a/response");
            }
            block(&mut body, &properties);
        }
        body.extend(self.payload);
        packet(out, first, &body);
    }
}

pub fn subscribe(
    protocol: Protocol,
    id: u16,
    identifier: Option<u8>,
    requests: &[Request<'_>],
    out: &mut Vec<u8>,
) {
    let mut body = id.to_be_bytes().to_vec();
    if protocol == Protocol::V5 {
        let properties = identifier.map_or(Vec::new(), |identifier| vec![11, identifier]);
        block(&mut body, &properties);
    }
    for request in requests {
        text(&mut body, request.filter);
        body.push(request.options);
    }
    packet(out, 0x82, &body);
}

pub fn unsubscribe(protocol: Protocol, id: u16, filters: &[&str], out: &mut Vec<u8>) {
    let mut body = id.to_be_bytes().to_vec();
    if protocol == Protocol::V5 {
        body.push(0);
    }
    for filter in filters {
        text(&mut body, filter);
    }
    packet(out, 0xa2, &body);
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP, by its first byte.
pub fn acknowledge(protocol: Protocol, first: u8, id: u16, code: u8, out: &mut Vec<u8>) {
    let mut body = id.to_be_bytes().to_vec();
    if protocol == Protocol::V5 && code != 0 {
        body.push(code);
    }
    packet(out, first, &body);
}

pub fn ping(out: &mut Vec<u8>) {
    packet(out, 0xc0, &[]);
}

pub fn disconnect(protocol: Protocol, code: u8, expiry: Option<u32>, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    if protocol == Protocol::V5 {
        body.push(code);
        let mut properties = Vec::new();
        four_bytes(&mut properties, 17, expiry);
        block(&mut body, &properties);
    }
    packet(out, 0xe0, &body);
}

fn packet(out: &mut Vec<u8>, first: u8, body: &[u8]) {
    out.push(first);
    variable(out, body.len());
    out.extend(body);
}

fn block(out: &mut Vec<u8>, properties: &[u8]) {
    variable(out, properties.len());
    out.extend(properties);
}

fn variable(out: &mut Vec<u8>, mut value: usize) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn text(out: &mut Vec<u8>, text: &str) {
    binary(out, text.as_bytes());
}

fn binary(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u16).to_be_bytes());
    out.extend(bytes);
}

fn two_bytes(out: &mut Vec<u8>, id: u8, value: Option<u16>) {
    if let Some(value) = value {
        out.push(id);
        out.extend(value.to_be_bytes());
    }
}

fn four_bytes(out: &mut Vec<u8>, id: u8, value: Option<u32>) {
    if let Some(value) = value {
        out.push(id);
        out.extend(value.to_be_bytes());
    }
}
