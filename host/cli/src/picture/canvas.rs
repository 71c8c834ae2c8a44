//! A rectangle of colours and the few shapes drawn on it. It promises that drawing outside is drawing
//! nothing. It deliberately does not know what the shapes mean.

use super::font;

/// A rectangle of colours: red, green, blue, from 0 to 255.
pub struct Canvas {
    pub width: usize,
    pub height: usize,
    pixels: Vec<[u8; 3]>,
}

/// `part` of the way from one colour to another.
pub fn mix(from: [f64; 3], to: [f64; 3], part: f64) -> [f64; 3] {
    std::array::from_fn(|channel| from[channel] + (to[channel] - from[channel]) * part)
}

/// Unlike `hypot`, the same on every platform.
fn length(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

impl Canvas {
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0; 3]; width * height] }
    }

    /// The colour at a place inside.
    pub fn get(&self, x: usize, y: usize) -> [u8; 3] {
        self.pixels[y * self.width + x]
    }

    pub fn set(&mut self, x: usize, y: usize, colour: [f64; 3]) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour.map(|part| part.round().clamp(0.0, 255.0) as u8);
        }
    }

    /// Lays a colour over the one that is there.
    pub fn blend(&mut self, x: i64, y: i64, colour: [u8; 3], opacity: f64) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < self.width && y < self.height {
            let under = self.get(x, y).map(f64::from);
            self.set(x, y, mix(under, colour.map(f64::from), opacity.clamp(0.0, 1.0)));
        }
    }

    pub fn fill(&mut self, [x, y]: [i64; 2], [width, height]: [i64; 2], colour: [u8; 3], opacity: f64) {
        for row in y..y + height {
            for column in x..x + width {
                self.blend(column, row, colour, opacity);
            }
        }
    }

    /// A disc with a smooth rim; with `hole`, a ring.
    pub fn disc(&mut self, [x, y]: [f64; 2], radius: f64, hole: f64, colour: [u8; 3], opacity: f64) {
        let reach = radius.ceil() as i64 + 1;
        for row in y.floor() as i64 - reach..=y.floor() as i64 + reach {
            for column in x.floor() as i64 - reach..=x.floor() as i64 + reach {
                let distance = length(column as f64 + 0.5 - x, row as f64 + 0.5 - y);
                let cover =
                    (radius - distance + 0.5).clamp(0.0, 1.0) * (distance - hole + 0.5).clamp(0.0, 1.0);
                if cover > 0.0 {
                    self.blend(column, row, colour, cover * opacity);
                }
            }
        }
    }

    /// A line so many pixels wide.
    pub fn line(&mut self, from: [f64; 2], to: [f64; 2], width: f64, colour: [u8; 3], opacity: f64) {
        let along = [to[0] - from[0], to[1] - from[1]];
        let square = (along[0] * along[0] + along[1] * along[1]).max(1e-9);
        let range = |axis: usize| {
            let (low, high) = (from[axis].min(to[axis]) - width, from[axis].max(to[axis]) + width);
            low.floor() as i64..=high.ceil() as i64
        };
        for y in range(1) {
            for x in range(0) {
                let (dx, dy) = (x as f64 + 0.5 - from[0], y as f64 + 0.5 - from[1]);
                let part = ((dx * along[0] + dy * along[1]) / square).clamp(0.0, 1.0);
                let distance = length(dx - along[0] * part, dy - along[1] * part);
                let cover = (width / 2.0 - distance + 0.5).clamp(0.0, 1.0);
                if cover > 0.0 {
                    self.blend(x, y, colour, cover * opacity);
                }
            }
        }
    }

    /// Text with a shadow, its upper left corner at `x`, `y`, each dot of a letter `scale` pixels wide.
    pub fn text(&mut self, [x, y]: [i64; 2], scale: i64, colour: [u8; 3], text: &str) {
        let shift = (scale + 1) / 2;
        for (offset, ink, opacity) in [(shift, [18, 22, 30], 0.8), (0, colour, 1.0)] {
            for (index, letter) in text.chars().enumerate() {
                let left = x + index as i64 * font::ADVANCE * scale + offset;
                for (column, row) in font::dots(letter) {
                    let corner = [left + column * scale, y + row * scale + offset];
                    self.fill(corner, [scale, scale], ink, opacity);
                }
            }
        }
    }

    /// Puts another canvas onto this one.
    pub fn paste(&mut self, [x, y]: [usize; 2], other: &Self) {
        for row in 0..other.height {
            for column in 0..other.width {
                self.set(x + column, y + row, other.get(column, row).map(f64::from));
            }
        }
    }

    /// The colours row by row, three bytes each.
    pub fn bytes(&self) -> &[u8] {
        self.pixels.as_flattened()
    }
}
