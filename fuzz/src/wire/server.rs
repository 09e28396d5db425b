//! What a server says, taken apart; anything that the standard does not allow it is an error.

use super::Protocol;

/// A packet from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Connack {
        session_present: bool,
        code: u8,
        assigned: Option<String>,
    },
    Publish(Incoming),
    /// PUBACK, PUBREC, PUBREL or PUBCOMP, by its first byte.
    Answer {
        first: u8,
        id: u16,
        code: u8,
    },
    Suback {
        id: u16,
        codes: Vec<u8>,
    },
    Unsuback {
        id: u16,
        codes: Vec<u8>,
    },
    Pong,
    Disconnect {
        code: u8,
    },
}

/// A message for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    pub topic: String,
    pub alias: Option<u16>,
    pub payload: Vec<u8>,
    pub qos: u8,
    pub retain: bool,
    pub dup: bool,
    pub id: u16,
}

type Result<T> = std::result::Result<T, String>;

/// Takes the first packet off `received`: its first byte, its body, and how long it was.
pub fn cut(received: &mut Vec<u8>) -> Result<Option<(u8, Vec<u8>, usize)>> {
    let mut rest = Rest(received.get(1..).unwrap_or_default());
    let Ok(length) = rest.variable() else {
        return if received.len() > 4 { Err("a length that never ends".into()) } else { Ok(None) };
    };
    let header = received.len() - rest.0.len();
    if rest.0.len() < length {
        return Ok(None);
    }
    let first = received[0];
    let body = received[header..header + length].to_vec();
    received.drain(..header + length);

    Ok(Some((first, body, header + length)))
}

/// Understands a packet; only of the version that the client speaks.
pub fn understand(protocol: Protocol, first: u8, body: &[u8]) -> Result<Said> {
    let is_v5 = protocol == Protocol::V5;
    let mut rest = Rest(body);

    let said = match first {
        0x20 => connack(protocol, &mut rest)?,
        0x30..=0x3f => return publish(is_v5, first, rest).map(Said::Publish),
        0x40 | 0x50 | 0x62 | 0x70 => answer(is_v5, first, &mut rest)?,
        0x90 => {
            let (id, codes) = codes(is_v5, &mut rest)?;
            let allowed: &[u8] = match protocol {
                Protocol::V5 => &[0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
                Protocol::V31 | Protocol::V311 => &[0, 1, 2, 0x80],
            };
            only(&codes, allowed)?;
            Said::Suback { id, codes }
        }
        0xb0 if is_v5 => {
            let (id, codes) = codes(is_v5, &mut rest)?;
            only(&codes, &[0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91])?;
            Said::Unsuback { id, codes }
        }
        0xb0 => Said::Unsuback { id: rest.id()?, codes: Vec::new() },
        0xd0 => Said::Pong,
        0xe0 if is_v5 => {
            let code = rest.byte()?;
            only(&[code], &DISCONNECT)?;
            properties(&mut rest, &[31, 38])?;
            Said::Disconnect { code }
        }
        _ => return Err(format!("no server says {first:#x}")),
    };
    if !rest.0.is_empty() {
        return Err(format!("{} bytes after the end", rest.0.len()));
    }
    Ok(said)
}

/// 3.14.2.1: those that a server may use.
const DISCONNECT: [u8; 28] = [
    0, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96,
    0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
];
/// 3.2.2.2.
const CONNACK: [u8; 22] = [
    0, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97,
    0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
];

fn connack(protocol: Protocol, rest: &mut Rest<'_>) -> Result<Said> {
    let (flags, code) = (rest.byte()?, rest.byte()?);
    let mut assigned = None;
    match protocol {
        Protocol::V5 => {
            only(&[code], &CONNACK)?;
            let allowed = [17, 18, 19, 22, 21, 26, 28, 31, 33, 34, 36, 37, 38, 39, 40, 41, 42];
            assigned = properties(rest, &allowed)?.assigned;
        }
        Protocol::V31 | Protocol::V311 => only(&[code], &[0, 1, 2, 3, 4, 5])?,
    }
    let most = u8::from(protocol != Protocol::V31 && code == 0);
    if flags > most {
        return Err(format!("flags {flags} in a CONNACK with {code:#x}"));
    }

    Ok(Said::Connack { session_present: flags == 1, code, assigned })
}

fn publish(is_v5: bool, first: u8, mut rest: Rest<'_>) -> Result<Incoming> {
    let (qos, dup, retain) = (first >> 1 & 3, first & 8 != 0, first & 1 != 0);
    if qos == 3 || (qos == 0 && dup) {
        return Err(format!("a PUBLISH with {first:#x}"));
    }
    let topic = rest.text()?;
    let id = if qos > 0 { rest.id()? } else { 0 };
    let alias = match is_v5 {
        true => properties(&mut rest, &[1, 2, 3, 8, 9, 11, 35, 38])?.alias,
        false => None,
    };
    if topic.contains(['+', '#']) || (topic.is_empty() && alias.is_none()) {
        return Err(format!("a message to {topic:?}"));
    }

    Ok(Incoming { topic, alias, payload: rest.0.to_vec(), qos, retain, dup, id })
}

fn answer(is_v5: bool, first: u8, rest: &mut Rest<'_>) -> Result<Said> {
    let id = rest.id()?;
    let mut code = 0;
    if is_v5 && !rest.0.is_empty() {
        code = rest.byte()?;
        if !rest.0.is_empty() {
            properties(rest, &[31, 38])?;
        }
    }
    match first {
        0x40 | 0x50 => only(&[code], &[0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99])?,
        _ => only(&[code], &[0, 0x92])?,
    }

    Ok(Said::Answer { first, id, code })
}

fn codes(is_v5: bool, rest: &mut Rest<'_>) -> Result<(u16, Vec<u8>)> {
    let id = rest.id()?;
    if is_v5 {
        properties(rest, &[31, 38])?;
    }
    let codes = std::mem::take(&mut rest.0).to_vec();
    match codes.is_empty() {
        true => Err("no codes".into()),
        false => Ok((id, codes)),
    }
}

fn only(codes: &[u8], allowed: &[u8]) -> Result<()> {
    match codes.iter().find(|code| !allowed.contains(code)) {
        Some(code) => Err(format!("the code {code:#x}")),
        None => Ok(()),
    }
}

#[derive(Default)]
struct Properties {
    alias: Option<u16>,
    assigned: Option<String>,
}

fn properties(rest: &mut Rest<'_>, allowed: &[u8]) -> Result<Properties> {
    let length = rest.variable()?;
    let mut block = Rest(rest.take(length)?);
    let (mut found, mut seen) = (Properties::default(), Vec::new());

    while !block.0.is_empty() {
        let id = block.byte()?;
        if !allowed.contains(&id) {
            return Err(format!("the property {id}"));
        }
        if seen.contains(&id) && id != 38 && id != 11 {
            return Err(format!("the property {id} twice"));
        }
        seen.push(id);
        match id {
            1 | 25 | 36 | 37 | 40 | 41 | 42 => {
                only(&[block.byte()?], &[0, 1])?;
            }
            2 | 17 | 24 | 39 => drop(block.take(4)?),
            19 | 33 | 34 => drop(block.take(2)?),
            35 => {
                let alias = block.id()?;
                found.alias = Some(alias);
            }
            11 if block.variable()? == 0 => return Err("subscription identifier 0".into()),
            11 => {}
            3 | 8 | 21 | 26 | 28 | 31 => drop(block.text()?),
            18 => found.assigned = Some(block.text()?),
            9 | 22 => {
                let length = block.two_bytes()?;
                block.take(length.into())?;
            }
            38 => drop((block.text()?, block.text()?)),
            _ => return Err(format!("the property {id} is not known")),
        }
    }
    Ok(found)
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn two_bytes(&mut self) -> Result<u16> {
        let taken = self.take(2)?;
        Ok(u16::from_be_bytes([taken[0], taken[1]]))
    }

    fn id(&mut self) -> Result<u16> {
        match self.two_bytes()? {
            0 => Err("an identifier that is 0".into()),
            id => Ok(id),
        }
    }

    fn variable(&mut self) -> Result<usize> {
        let mut value = 0;
        for at in 0..4 {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return match (at, byte) {
                    (1.., 0) => Err("needless bytes in an integer".into()),
                    _ => Ok(value),
                };
            }
        }
        Err("an integer that never ends".into())
    }

    fn text(&mut self) -> Result<String> {
        let length = self.two_bytes()?;
        let text = std::str::from_utf8(self.take(length.into())?).map_err(|e| e.to_string())?;
        match text.contains('\0') {
            true => Err("U+0000 in a text".into()),
            false => Ok(text.to_owned()),
        }
    }
}
