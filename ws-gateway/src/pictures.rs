//! The latest pictures of each gate, and the frames of a running stream.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::{BufMut, Bytes, BytesMut};
use schemas::{GateId, Id, ImageCaptured};
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, watch};

use crate::{config::Limits, coverage::Coverage};

/// What stands between the frames of a stream, as HTTP sends them.
pub(crate) const BOUNDARY: &str = "manless-frame";

/// The pictures of all gates.
#[derive(Debug)]
pub(crate) struct Pictures {
    albums: Mutex<HashMap<GateId, Album>>,
    /// A picture came that somebody may wait for.
    came: Notify,
    limits: Limits,
}

/// The pictures of one gate.
///
/// A picture and the event that names it come on two topics, in either order: what they have in
/// common is the SHA-256, by which a picture is found when somebody asks for it.
#[derive(Debug)]
struct Album {
    latest: Option<Bytes>,
    recent: Shelf,
    named: VecDeque<(Id, String)>,
    /// Older ones, which somebody has asked for.
    fetched: Shelf,
    /// The latest frame of the stream, as a part of `multipart/x-mixed-replace`: one for all who
    /// watch.
    stream: watch::Sender<Bytes>,
}

/// Pictures by their SHA-256, the oldest first.
#[derive(Debug, Default)]
struct Shelf {
    pictures: VecDeque<(String, Bytes)>,
    bytes: usize,
}

impl Pictures {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { albums: Mutex::default(), came: Notify::new(), limits }
    }

    /// A picture came.
    pub(crate) fn add(&self, gate: &GateId, picture: Bytes) {
        let sha256 = hex(&Sha256::digest(&picture));

        self.with_album(gate, |album| {
            album.latest = Some(picture.clone());
            album.recent.add(sha256, picture, &self.limits);
        });
    }

    /// A picture came that somebody had asked for.
    pub(crate) fn add_fetched(&self, gate: &GateId, picture: Bytes) {
        let sha256 = hex(&Sha256::digest(&picture));

        self.with_album(gate, |album| album.fetched.add(sha256, picture, &self.limits));
        self.came.notify_waiters();
    }

    /// A picture that was asked for, as soon as it is here.
    pub(crate) async fn fetched(&self, gate: &GateId, sha256: &str) -> Bytes {
        loop {
            let came = self.came.notified();
            let found = self.albums().get(gate).and_then(|album| album.find(sha256));
            match found {
                Some(picture) => return picture,
                None => came.await,
            }
        }
    }

    /// Somebody cleared the retained picture.
    pub(crate) fn forget(&self, gate: &GateId) {
        if let Some(album) = self.albums().get_mut(gate) {
            album.latest = None;
        }
    }

    /// Of gates that are not heard whole nobody knows which picture is the latest.
    pub(crate) fn forget_all_but(&self, covered: &Coverage) {
        for (_, album) in self.albums().iter_mut().filter(|(gate, _)| !covered.has(gate)) {
            album.latest = None;
        }
    }

    /// A picture has a name.
    pub(crate) fn name(&self, gate: &GateId, image: &ImageCaptured) {
        self.name_as(gate, image.image_id.clone(), image.sha256.clone());
    }

    /// The picture with this SHA-256 has a name.
    pub(crate) fn name_as(&self, gate: &GateId, image: Id, sha256: String) {
        self.with_album(gate, |album| {
            album.named.push_back((image, sha256));
            while album.named.len() > 4 * self.limits.pictures {
                album.named.pop_front();
            }
        });
    }

    /// A frame of a stream came. Whoever has not sent the one before skips it.
    pub(crate) fn stream(&self, gate: &GateId, jpeg: &[u8]) {
        let albums = self.albums();
        let watched = albums.get(gate).filter(|album| album.stream.receiver_count() > 0);

        if let Some(album) = watched {
            album.stream.send_replace(part(jpeg));
        }
    }

    pub(crate) fn latest(&self, gate: &GateId) -> Option<Bytes> {
        self.albums().get(gate)?.latest.clone()
    }

    pub(crate) fn find(&self, gate: &GateId, image: &str) -> Option<Bytes> {
        let albums = self.albums();
        let album = albums.get(gate)?;
        let (_, sha256) = album.named.iter().rev().find(|(id, _)| id.as_str() == image)?;

        album.find(sha256)
    }

    /// The frames from here on. `None`: there is no room for a further gate.
    pub(crate) fn frames(&self, gate: &GateId) -> Option<watch::Receiver<Bytes>> {
        self.with_album(gate, |album| album.stream.subscribe())
    }

    /// Beyond the bound on gates there are no albums: such a gate has no pictures here.
    fn with_album<T>(&self, gate: &GateId, act: impl FnOnce(&mut Album) -> T) -> Option<T> {
        let mut albums = self.albums();
        let has_room = albums.contains_key(gate) || albums.len() < self.limits.gates;

        has_room.then(|| act(albums.entry(gate.clone()).or_insert_with(Album::new)))
    }

    fn albums(&self) -> MutexGuard<'_, HashMap<GateId, Album>> {
        self.albums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Album {
    fn new() -> Self {
        Self {
            latest: None,
            recent: Shelf::default(),
            named: VecDeque::new(),
            fetched: Shelf::default(),
            stream: watch::Sender::new(Bytes::new()),
        }
    }

    fn find(&self, sha256: &str) -> Option<Bytes> {
        self.recent.find(sha256).or_else(|| self.fetched.find(sha256))
    }
}

impl Shelf {
    fn find(&self, sha256: &str) -> Option<Bytes> {
        self.pictures.iter().find(|(sum, _)| sum == sha256).map(|(_, picture)| picture.clone())
    }

    fn add(&mut self, sha256: String, picture: Bytes, limits: &Limits) {
        // A broker that is reached again sends its copy once more.
        if self.pictures.iter().any(|(sum, _)| *sum == sha256) {
            return;
        }
        self.bytes += picture.len();
        self.pictures.push_back((sha256, picture));

        while self.pictures.len() > limits.pictures || self.bytes > limits.picture_bytes {
            let Some((_, oldest)) = self.pictures.pop_front() else { return };
            self.bytes -= oldest.len();
        }
    }
}

fn part(jpeg: &[u8]) -> Bytes {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
        jpeg.len()
    );
    let mut part = BytesMut::with_capacity(head.len() + jpeg.len() + 2);
    part.put_slice(head.as_bytes());
    part.put_slice(jpeg);
    part.put_slice(b"\r\n");

    part.freeze()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_found_by_its_name_whichever_came_first() {
        let pictures = Pictures::new(Limits::default());
        let (before, after) = (Bytes::from_static(b"before"), Bytes::from_static(b"after"));

        pictures.name(&gate(), &named("p1", &before));
        pictures.add(&gate(), before.clone());
        pictures.add(&gate(), after.clone());
        pictures.name(&gate(), &named("p2", &after));

        assert_eq!(pictures.find(&gate(), "p1"), Some(before));
        assert_eq!(pictures.find(&gate(), "p2"), Some(after.clone()));
        assert_eq!(pictures.find(&gate(), "p3"), None);
        assert_eq!(pictures.latest(&gate()), Some(after));
    }

    #[test]
    fn old_pictures_are_forgotten() {
        let limits = Limits { picture_bytes: 30, ..Limits::default() };
        let pictures = Pictures::new(limits);
        for n in 0..100 {
            let picture = Bytes::from(format!("picture {n:02}"));
            pictures.name(&gate(), &named(&format!("p{n}"), &picture));
            pictures.add(&gate(), picture);
        }

        assert!(pictures.find(&gate(), "p96").is_none());
        assert!(pictures.find(&gate(), "p97").is_some());
    }

    #[test]
    fn a_cleared_picture_is_not_the_latest_any_more() {
        let pictures = Pictures::new(Limits::default());
        pictures.add(&gate(), Bytes::from_static(b"x"));

        pictures.forget(&gate());

        assert_eq!(pictures.latest(&gate()), None);
    }

    fn gate() -> GateId {
        "gate_in".parse().unwrap()
    }

    fn named(id: &str, picture: &[u8]) -> ImageCaptured {
        ImageCaptured {
            image_id: id.parse().unwrap(),
            content_type: "image/jpeg".to_owned(),
            width: 1,
            height: 1,
            size: picture.len() as u64,
            sha256: hex(&Sha256::digest(picture)),
            trigger: "command".to_owned(),
            event_id: None,
            url: String::new(),
        }
    }
}
