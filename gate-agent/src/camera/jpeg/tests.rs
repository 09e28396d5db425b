//! Pictures between bytes that are none.

use jpeg_encoder::{ColorType, Encoder};
use zune_jpeg::{JpegDecoder, zune_core::bytestream::ZCursor};

use super::*;

const LIMIT: usize = 100_000;

#[test]
fn a_picture_is_found_with_its_size() {
    let picture = picture(320, 200);

    let frame = only(&picture, LIMIT).unwrap();

    assert_eq!((frame.width, frame.height), (320, 200));
    assert_eq!(frame.jpeg, picture);
}

#[test]
fn what_an_earlier_frame_left_in_a_buffer_is_cut_off() {
    let whole = picture(320, 200);
    let mut buffer = whole.to_vec();
    buffer.extend_from_slice(&picture(64, 64)[40..]);

    assert_eq!(only(&buffer.into(), LIMIT).unwrap().jpeg, whole);
}

#[test]
fn a_thumbnail_does_not_end_its_picture() {
    let (outer, thumbnail) = (picture(320, 200), picture(32, 32));
    let mut with_thumbnail = vec![0xff, 0xd8, 0xff, 0xe1];
    with_thumbnail.extend_from_slice(&u16::try_from(thumbnail.len() + 2).unwrap().to_be_bytes());
    with_thumbnail.extend_from_slice(&thumbnail);
    with_thumbnail.extend_from_slice(&outer[2..]);

    let frame = only(&with_thumbnail.clone().into(), LIMIT).unwrap();

    assert_eq!((frame.width, frame.height), (320, 200));
    assert_eq!(frame.jpeg, with_thumbnail);
}

#[test]
fn what_is_no_whole_picture_is_refused() {
    let whole = picture(64, 48);

    for cut in [3, 20, whole.len() / 2, whole.len() - 1] {
        let error = only(&whole.slice(..cut), LIMIT).unwrap_err();
        assert_eq!(error, CameraError::CutShort, "{cut} bytes");
    }
    for bytes in ["", "<html>not found</html>", "\u{ff}\u{d8}"] {
        assert_eq!(only(&Bytes::from(bytes), LIMIT).unwrap_err(), CameraError::NotAPicture);
    }
    let too_large = CameraError::TooLarge { max_bytes: 100 };
    assert_eq!(only(&whole, 100).unwrap_err(), too_large);
    assert_eq!(
        only(&Bytes::from_static(&[0xff, 0xd8, 0xff, 0xd9]), 9).unwrap_err(),
        CameraError::NotAPicture
    );
}

#[test]
fn pictures_are_found_in_a_stream_however_it_is_cut() {
    let pictures = [picture(64, 48), picture(320, 200), picture(16, 16)];
    let mut stream = b"junk\xff\xd8\xff\x00junk".to_vec();
    for picture in &pictures {
        stream
            .extend_from_slice(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 7\r\n\r\n");
        stream.extend_from_slice(picture);
        stream.extend_from_slice(b"\r\n");
    }

    for chunk in [1, 2, 3, 1000, stream.len()] {
        let mut finder = Finder::new(LIMIT);
        let mut found = Vec::new();
        for bytes in stream.chunks(chunk) {
            finder.feed(bytes);
            while let Some(frame) = finder.next_frame().unwrap() {
                found.push(frame.jpeg);
            }
        }
        assert_eq!(found, pictures, "in pieces of {chunk}");
    }
}

#[test]
fn a_picture_without_end_is_not_waited_for() {
    let mut finder = Finder::new(1000);
    let whole = picture(16, 16);
    finder.feed(&whole[..whole.len() - 2]);
    assert_eq!(finder.next_frame(), Ok(None));
    finder.feed(&[7; 1000]);

    assert_eq!(finder.next_frame(), Err(CameraError::TooLarge { max_bytes: 1000 }));
}

#[test]
fn tables_that_a_webcam_leaves_out_are_put_in() {
    let whole = picture(64, 48);
    let tables = huffman::TABLES;
    let at = whole.windows(4).position(|bytes| bytes == &tables[..4]).unwrap();
    let end = whole.windows(2).position(|bytes| bytes == [0xff, START_OF_SCAN]).unwrap();
    let abbreviated = Bytes::from([&whole[..at], &whole[end..]].concat());

    let frame = only(&abbreviated, LIMIT).unwrap();

    assert!(frame.jpeg.len() > abbreviated.len());
    assert_eq!(decoded(&frame.jpeg), decoded(&whole));
}

fn decoded(jpeg: &[u8]) -> Vec<u8> {
    JpegDecoder::new(ZCursor::new(jpeg)).decode().unwrap()
}

/// Noise, so that every byte occurs in it.
fn picture(width: u16, height: u16) -> Bytes {
    let mut seed = 1_u32;
    let pixels: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    })
    .take(usize::from(width) * usize::from(height) * 3)
    .collect();
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, 60).encode(&pixels, width, height, ColorType::Rgb).unwrap();

    jpeg.into()
}
