//! An RTSP server in a camera: RTP over the same connection (RFC 2326), JPEG in RTP (RFC 2435).

use std::net::SocketAddr;

use bytes::Bytes;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time,
};

use super::server::is_digest_of_admin;

const FRAME: time::Duration = time::Duration::from_millis(50);
const PAYLOAD: usize = 1000;

/// A camera that streams one picture again and again. Dropping it closes everything.
pub(super) struct RtspServer {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl RtspServer {
    /// Its SDP says that the track has this encoding: `JPEG`, `H264`.
    pub(super) async fn start(encoding: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away is no fault of the camera.
                connections.spawn(async move { serve(stream, encoding).await.unwrap_or(()) });
            }
        });

        Self { address, _tasks: tasks }
    }

    pub(super) fn url(&self) -> String {
        format!("rtsp://{}/stream", self.address)
    }
}

async fn serve(stream: TcpStream, encoding: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);

    loop {
        let Some((method, target, sequence, login)) = request(&mut stream).await else {
            return Ok(());
        };
        let is_known = login.is_some_and(|login| is_digest_of_admin(&login, &method, &target));
        let (status, rest) = match method.as_str() {
            _ if !is_known => {
                let wants = "Digest realm=\"cam\", qop=\"auth\", nonce=\"abc\", algorithm=MD5";
                ("401 Unauthorized", format!("WWW-Authenticate: {wants}\r\n\r\n"))
            }
            "DESCRIBE" => ("200 OK", description(encoding)),
            "SETUP" => {
                let transport = "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=00000001";
                ("200 OK", format!("Session: 1\r\nTransport: {transport}\r\n\r\n"))
            }
            "PLAY" => {
                ("200 OK", "Session: 1\r\nRTP-Info: url=track;seq=1;rtptime=0\r\n\r\n".to_owned())
            }
            _ => ("200 OK", "Session: 1\r\n\r\n".to_owned()),
        };
        let answer = format!("RTSP/1.0 {status}\r\nCSeq: {sequence}\r\n{rest}");
        stream.write_all(answer.as_bytes()).await?;
        if method == "PLAY" && is_known {
            return play(&mut stream).await;
        }
    }
}

/// Method, target, number and login.
async fn request(
    stream: &mut BufReader<TcpStream>,
) -> Option<(String, String, String, Option<String>)> {
    let (mut first, mut sequence, mut login) = (String::new(), String::new(), None);
    stream.read_line(&mut first).await.ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        match line.trim_end().split_once(": ") {
            None => break,
            Some(("CSeq", value)) => value.clone_into(&mut sequence),
            Some(("Authorization", value)) => login = Some(value.to_owned()),
            Some(_) => {}
        }
    }
    let mut words = first.split(' ');

    Some((words.next()?.to_owned(), words.next()?.to_owned(), sequence, login))
}

fn description(encoding: &str) -> String {
    let kind = if encoding == "JPEG" { 26 } else { 96 };
    let sdp = format!(
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n\
         m=video 0 RTP/AVP {kind}\r\na=rtpmap:{kind} {encoding}/90000\r\na=control:track\r\n"
    );

    format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len())
}

async fn play(stream: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    let mut due = time::interval(FRAME);
    let (mut number, mut at) = (1_u16, 0_u32);

    loop {
        due.tick().await;
        for packet in packets(&picture()) {
            let (last, payload) = packet;
            let mut packet = vec![0x80, if last { 0x80 | 26 } else { 26 }];
            packet.extend(number.to_be_bytes());
            packet.extend(at.to_be_bytes());
            packet.extend(1_u32.to_be_bytes());
            packet.extend(payload);
            let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
            stream.write_all(&[b"$\0", &length.to_be_bytes()[..], &packet].concat()).await?;
            number = number.wrapping_add(1);
        }
        at = at.wrapping_add(4500);
    }
}

/// The payloads of a picture, and whether each is the last one.
fn packets(picture: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let mut tables = Vec::new();
    let mut at = 2;
    // Quantisation tables, and everything else up to the scan.
    while picture[at + 1] != 0xda {
        let length = usize::from(u16::from_be_bytes([picture[at + 2], picture[at + 3]]));
        if picture[at + 1] == 0xdb {
            // Each table has its number before it.
            for table in picture[at + 4..at + 2 + length].chunks(65) {
                tables.extend_from_slice(&table[1..]);
            }
        }
        at += 2 + length;
    }
    let header = usize::from(u16::from_be_bytes([picture[at + 2], picture[at + 3]]));
    let scan = &picture[at + 2 + header..picture.len() - 2];

    let parts: Vec<&[u8]> = scan.chunks(PAYLOAD).collect();
    let mut offset = 0_u32;
    parts
        .iter()
        .enumerate()
        .map(|(n, part)| {
            // 4:2:0, and tables that come with the first packet.
            let mut payload = offset.to_be_bytes().to_vec();
            payload.extend([1, 255, (SIDE / 8) as u8, (SIDE / 8) as u8]);
            if n == 0 {
                payload.extend([0, 0, 0, tables.len() as u8]);
                payload.extend(&tables);
            }
            payload.extend(*part);
            offset += part.len() as u32;
            (n + 1 == parts.len(), payload)
        })
        .collect()
}

const SIDE: u16 = 128;

/// What the camera sees.
pub(super) fn picture() -> Bytes {
    let pixels: Vec<u8> = (0..u32::from(SIDE) * u32::from(SIDE) * 3)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 50);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.encode(&pixels, SIDE, SIDE, ColorType::Rgb).unwrap();

    jpeg.into()
}
