//! MQTT as the load speaks it: packets are made ahead, byte by byte, and counted rather than read.

mod inbox;

pub(crate) use inbox::{Frame, Inbox, Kind};

/// Long enough that no ping is ever due; 0, for never, is not accepted by every peer.
const KEEP_ALIVE: u16 = 600;

/// The version of MQTT that the load speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Version {
    /// MQTT 3.1.1.
    #[value(name = "3.1.1")]
    V311,
    /// MQTT 5.
    #[value(name = "5")]
    V5,
}

/// How often a message arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Qos {
    AtMostOnce,
    AtLeastOnce,
}

/// What becomes of a session when its connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    Clean,
    Kept,
}

/// Whether the broker keeps a message for those who come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retain {
    No,
    Yes,
}

/// A user's name and password.
pub(crate) type Login<'a> = Option<(&'a str, &'a str)>;

impl Version {
    /// CONNECT.
    pub(crate) fn connect(self, client_id: &str, session: Session, login: Login<'_>) -> Vec<u8> {
        let mut body = Vec::new();
        text(&mut body, "MQTT");
        body.push(match self {
            Self::V311 => 4,
            Self::V5 => 5,
        });
        let clean = u8::from(session == Session::Clean) << 1;
        body.push(clean | if login.is_some() { 0b1100_0000 } else { 0 });
        body.extend(KEEP_ALIVE.to_be_bytes());
        match (self, session) {
            (Self::V311, _) => {}
            (Self::V5, Session::Clean) => body.push(0),
            // Session Expiry Interval, in seconds: for ever.
            (Self::V5, Session::Kept) => body.extend([5, 0x11, 0xff, 0xff, 0xff, 0xff]),
        }
        text(&mut body, client_id);
        if let Some((user, password)) = login {
            text(&mut body, user);
            text(&mut body, password);
        }

        packet(0x10, &body)
    }

    /// SUBSCRIBE with any number of filters.
    pub(crate) fn subscribe<S: AsRef<str>>(self, id: u16, filters: &[S], qos: Qos) -> Vec<u8> {
        let mut body = id.to_be_bytes().to_vec();
        self.no_properties(&mut body);
        for filter in filters {
            text(&mut body, filter.as_ref());
            body.push(qos.level());
        }

        packet(0x82, &body)
    }

    /// PUBLISH. The id counts at QoS 1 only.
    pub(crate) fn publish(
        self,
        topic: &str,
        (qos, id): (Qos, u16),
        retain: Retain,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut body = Vec::with_capacity(topic.len() + payload.len() + 5);
        text(&mut body, topic);
        if qos == Qos::AtLeastOnce {
            body.extend(id.to_be_bytes());
        }
        self.no_properties(&mut body);
        body.extend(payload);

        packet(0x30 | qos.level() << 1 | u8::from(retain == Retain::Yes), &body)
    }

    fn no_properties(self, body: &mut Vec<u8>) {
        if self == Self::V5 {
            body.push(0);
        }
    }
}

impl Qos {
    fn level(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
        }
    }
}

/// DISCONNECT: the session ends in good order.
pub(crate) const DISCONNECT: [u8; 2] = [0xe0, 0];

/// PINGREQ: whoever answers it has read what came before.
pub(crate) const PINGREQ: [u8; 2] = [0xc0, 0];

/// PUBACK.
pub(crate) fn puback(id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();

    [0x40, 2, high, low]
}

/// Where the packet id stands in a PUBLISH of `packet_len` bytes to `topic`.
pub(crate) fn id_offset(packet_len: usize, topic: &str) -> usize {
    // The length takes as many bytes more as the packet is longer.
    let header = 1 + (1..4).find(|bytes| packet_len - 1 - bytes < 1 << (7 * bytes)).unwrap_or(4);

    header + 2 + topic.len()
}

fn text(body: &mut Vec<u8>, text: &str) {
    let len = u16::try_from(text.len()).expect("the names here are short");
    body.extend(len.to_be_bytes());
    body.extend(text.as_bytes());
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    remaining_length(&mut packet, body.len());
    packet.extend(body);

    packet
}

/// The length of what follows (1.5.5), seven bits a byte.
pub(crate) fn remaining_length(packet: &mut Vec<u8>, mut len: usize) {
    loop {
        let bits = (len & 0x7f) as u8;
        len >>= 7;
        if len == 0 {
            packet.push(bits);
            return;
        }
        packet.push(bits | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_those_of_the_standard() {
        assert_eq!(
            Version::V311.connect("a", Session::Clean, None),
            *b"\x10\x0d\0\x04MQTT\x04\x02\x02\x58\0\x01a"
        );
        assert_eq!(
            Version::V5.connect("a", Session::Kept, Some(("u", "p"))),
            *b"\x10\x19\0\x04MQTT\x05\xc0\x02\x58\x05\x11\xff\xff\xff\xff\0\x01a\0\x01u\0\x01p"
        );
        assert_eq!(
            Version::V5.subscribe(7, &["a/+"], Qos::AtLeastOnce),
            *b"\x82\x09\0\x07\0\0\x03a/+\x01"
        );
        assert_eq!(
            Version::V311.publish("t", (Qos::AtLeastOnce, 0x0102), Retain::Yes, b"hi"),
            *b"\x33\x07\0\x01t\x01\x02hi"
        );
    }

    #[test]
    fn the_id_is_found_in_packets_of_any_length() {
        for payload in [0, 100, 121, 122, 123, 200, 4_096, 16_374, 16_380, 20_000] {
            let payload = vec![b'.'; payload];
            let packet =
                Version::V311.publish("t/x", (Qos::AtLeastOnce, 0xabcd), Retain::No, &payload);
            let at = id_offset(packet.len(), "t/x");

            assert_eq!(packet[at..at + 2], [0xab, 0xcd], "{} bytes", payload.len());
        }
    }
}
