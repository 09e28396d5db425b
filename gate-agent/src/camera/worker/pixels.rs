//! Pictures of cameras that do not compress them.

use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, SamplingFactor};

/// Plates can be read, and half the bytes of 95 are spent.
const QUALITY: u8 = 85;

/// How the pixels lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Two pixels in four bytes: Y, U, Y, V.
    Yuyv,
    /// All Y, then U and V of four pixels each.
    Nv12,
}

/// A picture as its driver has it.
#[derive(Debug)]
pub(super) struct Raw<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) layout: Layout,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bytes from one row to the next.
    pub(super) stride: usize,
}

impl Raw<'_> {
    /// `None` where there are too few bytes for the picture.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let (width, height) = (self.width as usize, self.height as usize);
        let (row, rows) = match self.layout {
            Layout::Yuyv => (width.next_multiple_of(2) * 2, height),
            Layout::Nv12 => (width.next_multiple_of(2), height + height.div_ceil(2)),
        };
        let whole = self.stride >= row && self.bytes.len() >= self.stride * rows;
        let fits = self.width <= u32::from(u16::MAX) && self.height <= u32::from(u16::MAX);
        if !whole || !fits || width == 0 || height == 0 {
            return None;
        }

        let mut jpeg = Vec::with_capacity(self.bytes.len() / 8);
        let mut encoder = Encoder::new(&mut jpeg, QUALITY);
        encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
        encoder.encode_image(self).ok()?;

        Some(jpeg)
    }

    fn row(&self, number: usize) -> &[u8] {
        &self.bytes[number * self.stride..][..self.stride]
    }
}

impl ImageBuffer for &Raw<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width as u16
    }

    fn height(&self) -> u16 {
        self.height as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let (y, width) = (usize::from(y), self.width as usize);
        let [luma, blue, red, _] = buffers;
        let start = luma.len();

        match self.layout {
            Layout::Yuyv => {
                for pair in self.row(y).chunks_exact(4).take(width.div_ceil(2)) {
                    luma.extend([pair[0], pair[2]]);
                    blue.extend([pair[1]; 2]);
                    red.extend([pair[3]; 2]);
                }
            }
            Layout::Nv12 => {
                let chroma = self.row(self.height as usize + y / 2);
                luma.extend_from_slice(&self.row(y)[..width]);
                for pair in chroma.chunks_exact(2).take(width.div_ceil(2)) {
                    blue.extend([pair[0]; 2]);
                    red.extend([pair[1]; 2]);
                }
            }
        }
        // Of an odd width, the last pair has one pixel too many.
        for plane in [luma, blue, red] {
            plane.truncate(start + width);
        }
    }
}

#[cfg(test)]
mod tests {
    use zune_jpeg::{JpegDecoder, zune_core::bytestream::ZCursor};

    use super::*;

    #[test]
    fn colours_are_what_they_were() {
        // Orange in BT.601, and half as bright on the right.
        let (y, u, v) = (160, 60, 190);
        for layout in [Layout::Yuyv, Layout::Nv12] {
            for (width, padding) in [(64, 0), (64, 32), (34, 6)] {
                let raw = drawn(layout, width, padding, (y, u, v));
                let jpeg = raw.encode(width as u32).unwrap();
                let mut decoder = JpegDecoder::new(ZCursor::new(&jpeg));
                let rgb = decoder.decode().unwrap();
                let pixel = |x: usize| [rgb[x * 3], rgb[x * 3 + 1], rgb[x * 3 + 2]];

                assert_near(pixel(4), [247, 138, 39]);
                assert_near(pixel(width - 4), [167, 58, 0]);
            }
        }
    }

    #[test]
    fn half_a_frame_is_none() {
        for layout in [Layout::Yuyv, Layout::Nv12] {
            let raw = drawn(layout, 64, 0, (1, 2, 3));
            let short = Drawn { bytes: raw.bytes[1..].to_vec(), ..raw };
            assert!(short.encode(64).is_none());
        }
    }

    struct Drawn {
        bytes: Vec<u8>,
        layout: Layout,
        stride: usize,
    }

    impl Drawn {
        fn encode(&self, width: u32) -> Option<Vec<u8>> {
            let Self { bytes, layout, stride } = self;

            Raw { bytes, layout: *layout, width, height: 32, stride: *stride }.encode()
        }
    }

    fn drawn(layout: Layout, width: usize, padding: usize, (y, u, v): (u8, u8, u8)) -> Drawn {
        let light = |x: usize| if x < width / 2 { y } else { y / 2 };
        let pad = |mut row: Vec<u8>| {
            row.extend(vec![0; padding]);
            row
        };
        let (row, rows) = match layout {
            Layout::Yuyv => (
                (0..width).flat_map(|x| [light(x), if x % 2 == 0 { u } else { v }]).collect(),
                vec![],
            ),
            Layout::Nv12 => ((0..width).map(light).collect(), pad([u, v].repeat(width / 2))),
        };
        let row = pad(row);
        let stride = row.len();
        let mut bytes = row.repeat(32);
        if layout == Layout::Nv12 {
            bytes.extend(rows.repeat(16));
        }

        Drawn { bytes, layout, stride }
    }

    fn assert_near(pixel: [u8; 3], expected: [u8; 3]) {
        let near = pixel.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 12);

        assert!(near, "{pixel:?} is not {expected:?}");
    }
}
