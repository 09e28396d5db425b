//! What the camera sees: a picture made of the state of the gate.

use std::{convert::Infallible, time::Duration};

use embedded_graphics::{
    mono_font::{MonoTextStyle, ascii::FONT_10X20},
    pixelcolor::Rgb888,
    prelude::*,
    primitives::{Circle, Line, PrimitiveStyle, Rectangle},
    text::{Baseline, Text},
};
use jpeg_encoder::{ColorType, Encoder};

/// Everything that is in the picture; equal scenes make equal pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The name of the gate.
    pub gate: String,
    /// The time, as it is to be read.
    pub time: String,
    /// How long the gate has been there: cars pass on the road behind it.
    pub elapsed: Duration,
    /// Where the vehicle in the lane is: 0 is the left edge, 1 the right one.
    pub vehicle: Option<f32>,
    /// How far the boom is up: 0 is closed, 1 is open.
    pub opening: f32,
}

const SIZE: Size = Size::new(Scene::WIDTH as u32, Scene::HEIGHT as u32);
const QUALITY: u8 = 75;

const SKY: Rgb888 = Rgb888::new(150, 190, 225);
const ROAD: Rgb888 = Rgb888::new(120, 120, 125);
const GROUND: Rgb888 = Rgb888::new(86, 92, 84);
const LANE: Rgb888 = Rgb888::new(70, 70, 74);
const POST: Rgb888 = Rgb888::new(235, 150, 30);
const TAIL: Rgb888 = Rgb888::new(200, 40, 40);
const BODY: Rgb888 = Rgb888::new(30, 80, 160);
const GLASS: Rgb888 = Rgb888::new(190, 220, 235);

impl Scene {
    /// The width of a picture in pixels.
    pub const WIDTH: u16 = 640;
    /// The height of a picture in pixels.
    pub const HEIGHT: u16 = 360;

    /// The picture, as JPEG.
    pub fn render(&self) -> Vec<u8> {
        let mut canvas = Canvas::new();
        let Ok(()) = self.draw(&mut canvas);

        let mut jpeg = Vec::with_capacity(32 * 1024);
        Encoder::new(&mut jpeg, QUALITY)
            .encode(&canvas.pixels, Self::WIDTH, Self::HEIGHT, ColorType::Rgb)
            .expect("the picture has its size, and memory takes all of it");

        jpeg
    }

    fn draw(&self, canvas: &mut Canvas) -> Result<(), Infallible> {
        block(canvas, 0, 0, 640, 150, SKY)?;
        block(canvas, 0, 150, 640, 40, ROAD)?;
        block(canvas, 0, 190, 640, 170, GROUND)?;
        block(canvas, 0, 230, 640, 100, LANE)?;

        self.draw_traffic(canvas)?;
        self.draw_vehicle(canvas)?;
        self.draw_barrier(canvas)?;

        block(canvas, 0, 0, 640, 32, Rgb888::BLACK)?;
        write(canvas, &self.gate, 12)?;
        write(canvas, &self.time, 628 - 10 * i32::try_from(self.time.len()).unwrap_or(0))
    }

    /// A car on the road behind the gate, once in eight seconds.
    fn draw_traffic(&self, canvas: &mut Canvas) -> Result<(), Infallible> {
        let share = (self.elapsed.as_millis() % 8000) as f32 / 8000.0;

        draw_car(canvas, across(share, 60), 158, 1, TAIL)
    }

    fn draw_vehicle(&self, canvas: &mut Canvas) -> Result<(), Infallible> {
        self.vehicle.map_or(Ok(()), |place| draw_car(canvas, across(place, 180), 224, 3, BODY))
    }

    fn draw_barrier(&self, canvas: &mut Canvas) -> Result<(), Infallible> {
        let angle = self.opening.clamp(0.0, 1.0) * 80.0_f32.to_radians();
        let pivot = Point::new(500, 245);
        let at = |length: f32| {
            pivot - Point::new((length * angle.cos()) as i32, (length * angle.sin()) as i32)
        };

        block(canvas, 485, 225, 30, 95, POST)?;
        for part in 0..6_u8 {
            let colour = if part % 2 == 0 { TAIL } else { Rgb888::WHITE };
            let from = f32::from(part) * 35.0;

            Line::new(at(from), at(from + 35.0))
                .into_styled(PrimitiveStyle::with_stroke(colour, 9))
                .draw(canvas)?;
        }

        Ok(())
    }
}

/// The left edge of something that is `width` wide and `share` of its way through.
fn across(share: f32, width: i32) -> i32 {
    (share.clamp(0.0, 1.0) * (640 + width) as f32) as i32 - width
}

fn draw_car(
    canvas: &mut Canvas,
    x: i32,
    y: i32,
    scale: u32,
    body: Rgb888,
) -> Result<(), Infallible> {
    let s = i32::try_from(scale).unwrap_or(1);

    block(canvas, x + 14 * s, y, 30 * scale, 12 * scale, GLASS)?;
    block(canvas, x, y + 10 * s, 60 * scale, 14 * scale, body)?;
    for wheel in [8, 42] {
        Circle::new(Point::new(x + wheel * s, y + 19 * s), 11 * scale)
            .into_styled(PrimitiveStyle::with_fill(Rgb888::BLACK))
            .draw(canvas)?;
    }

    Ok(())
}

fn block(
    canvas: &mut Canvas,
    x: i32,
    y: i32,
    width: u32,
    height: u32,
    colour: Rgb888,
) -> Result<(), Infallible> {
    canvas.fill_solid(&Rectangle::new(Point::new(x, y), Size::new(width, height)), colour)
}

fn write(canvas: &mut Canvas, text: &str, x: i32) -> Result<(), Infallible> {
    let style = MonoTextStyle::new(&FONT_10X20, Rgb888::WHITE);

    Text::with_baseline(text, Point::new(x, 6), style, Baseline::Top).draw(canvas).map(|_| ())
}

/// Pixels as the encoder wants them: rows of red, green and blue.
struct Canvas {
    pixels: Vec<u8>,
}

impl Canvas {
    fn new() -> Self {
        Self { pixels: vec![0; 3 * (SIZE.width * SIZE.height) as usize] }
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        SIZE
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        let area = self.bounding_box();

        for Pixel(at, colour) in pixels.into_iter().filter(|pixel| area.contains(pixel.0)) {
            let first = 3 * (at.y * i32::from(Scene::WIDTH) + at.x) as usize;
            self.pixels[first..first + 3].copy_from_slice(&[colour.r(), colour.g(), colour.b()]);
        }

        Ok(())
    }

    fn fill_solid(&mut self, area: &Rectangle, colour: Rgb888) -> Result<(), Infallible> {
        let area = area.intersection(&self.bounding_box());
        let width = 3 * area.size.width as usize;

        for y in area.rows() {
            let first = 3 * (y * i32::from(Scene::WIDTH) + area.top_left.x) as usize;
            for pixel in self.pixels[first..first + width].chunks_exact_mut(3) {
                pixel.copy_from_slice(&[colour.r(), colour.g(), colour.b()]);
            }
        }

        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use zune_jpeg::{JpegDecoder, zune_core::bytestream::ZCursor};

    use super::*;

    #[test]
    fn a_picture_is_a_small_jpeg_of_the_right_size() {
        let jpeg = scene().render();

        let mut decoder = JpegDecoder::new(ZCursor::new(&jpeg));
        let pixels = decoder.decode().unwrap();

        assert_eq!(decoder.dimensions(), Some((640, 360)));
        assert_eq!(pixels.len(), 640 * 360 * 3);
        assert!(jpeg.len() < 60_000, "{} bytes", jpeg.len());
    }

    #[test]
    fn equal_scenes_make_equal_pictures() {
        assert_eq!(scene().render(), scene().render());
    }

    #[test]
    fn whatever_changes_is_seen() {
        let seen = [
            scene(),
            Scene { gate: "gate_out".into(), ..scene() },
            Scene { time: "2024-01-20 10:30:01".into(), ..scene() },
            Scene { elapsed: Duration::from_millis(100), ..scene() },
            Scene { vehicle: Some(0.31), ..scene() },
            Scene { vehicle: None, ..scene() },
            Scene { opening: 0.5, ..scene() },
        ]
        .map(|scene| scene.render());

        for (n, picture) in seen.iter().enumerate() {
            assert!(!seen[n + 1..].contains(picture), "{n} looks like a later one");
        }
    }

    #[test]
    fn nothing_outside_the_picture_is_drawn() {
        for vehicle in [-9.0, 0.0, 1.0, 9.0, f32::NAN, f32::INFINITY] {
            Scene { vehicle: Some(vehicle), gate: "x".repeat(99), opening: vehicle, ..scene() }
                .render();
        }
    }

    fn scene() -> Scene {
        Scene {
            gate: "gate_in".into(),
            time: "2024-01-20 10:30:00".into(),
            elapsed: Duration::ZERO,
            vehicle: Some(0.3),
            opening: 0.0,
        }
    }
}
