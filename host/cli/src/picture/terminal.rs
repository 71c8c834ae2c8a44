//! The picture in a terminal: half blocks of two colours each, or shades of ASCII. It promises that a line
//! is never wider than the columns it is given (fewer than eight count as eight) and that without colour there is no escape sequence. It
//! deliberately does not know which terminal it is.

use std::collections::BTreeMap;

use super::camera::choose;
use super::canvas::Canvas;
use super::render::{Exposure, Finish, Frame, render};
use super::stage::Stage;
use super::{Ink, Marker, MarkerKind, Moment, Subject, heading, legend, printable};

/// From how many columns on the pictures stand side by side.
const WIDE: usize = 100;
/// Fewer columns than this count as this many.
const NARROW: usize = 8;
/// The columns of one picture.
const COLUMNS: usize = 48;
/// The rows of one picture, without its caption.
const ROWS: usize = 20;
/// Columns between two pictures.
const GAP: usize = 2;
/// How far from the change a marker may be and still be taken in, in blocks.
const REACH: i64 = 7;
/// One of the 256 indexed colours, so that it is the same in both palettes.
const SKY: [f64; 3] = [135.0, 175.0, 215.0];
/// From dark to bright; the sky is a space. None of them is the sign of a marker.
const SHADES: &[u8] = b"M#%$=+-:.";

/// The picture as text that ends with a line break. From 100 columns on before and after stand side by
/// side, else below each other.
pub fn terminal(subject: &Subject, ink: Ink, columns: usize) -> String {
    let columns = columns.max(NARROW);
    let side_by_side = columns >= WIDE;
    let width = COLUMNS.min(columns);
    let stage = Stage::new(subject, REACH);
    let view = choose(&stage, subject.viewer, subject.look);
    let frame = Frame::fit(&stage, view, width, ROWS * 2, 0, 0);
    let moments = [&subject.before, &subject.after];
    let shots = render(&stage, &frame, subject.look, Finish { sky: [SKY; 2], rim: false });
    let panels: Vec<Vec<String>> = shots
        .iter()
        .zip(moments)
        .map(|(shot, moment)| {
            let glyphs = glyphs(shot, &stage, &frame, moment.markers);
            let caption = caption(subject.title, moment, width);
            let rows = (0..ROWS).map(|row| paint(shot, &glyphs, row, ink));
            std::iter::once(caption).chain(rows).collect()
        })
        .collect();
    let mut text = String::new();
    if side_by_side {
        for (before, after) in panels[0].iter().zip(&panels[1]) {
            text += &format!("{before}{:GAP$}{}\n", "", after.trim_end());
        }
    } else {
        for line in panels.iter().flatten() {
            text += &format!("{}\n", line.trim_end());
        }
    }
    text += &explain(subject, &stage, &frame, ink, columns);
    text
}

fn caption(title: &str, moment: &Moment, width: usize) -> String {
    let (name, title, hash) = (heading(moment.name, 8), heading(title, 20), heading(moment.hash, 16));
    let text: String = format!("{name}  {title}  tick {}  {hash}", moment.tick).chars().take(width).collect();
    format!("{text:<width$}")
}

/// The markers that can be seen, by column and row.
fn glyphs(
    shot: &Exposure,
    stage: &Stage,
    frame: &Frame,
    markers: &[Marker],
) -> BTreeMap<(usize, usize), MarkerKind> {
    let mut glyphs = BTreeMap::new();
    for marker in markers.iter().filter(|marker| marker.position.iter().all(|part| part.is_finite())) {
        let foot = stage.local(marker.position);
        let [x, y, depth] = frame.place([foot[0], foot[1] + marker.kind.middle(), foot[2]]);
        let inside = x >= 0.0 && y >= 0.0 && x < frame.width as f64 && y < frame.height as f64;
        if inside && shot.depth[y as usize * frame.width + x as usize] > depth - 2.0 {
            let kind: &mut MarkerKind = glyphs.entry((x as usize, y as usize / 2)).or_insert(marker.kind);
            *kind = (*kind).max(marker.kind);
        }
    }
    glyphs
}

fn paint(shot: &Exposure, glyphs: &BTreeMap<(usize, usize), MarkerKind>, row: usize, ink: Ink) -> String {
    let canvas = &shot.canvas;
    let mut line = String::new();
    let mut worn = String::new();
    for x in 0..canvas.width {
        let halves = [canvas.get(x, row * 2), canvas.get(x, row * 2 + 1)];
        let marker = glyphs.get(&(x, row));
        if ink == Ink::Plain {
            line.push(marker.map_or_else(|| shade(shot, x, row), |kind| kind.glyph()));
            continue;
        }
        let (letter, above, below) = match marker {
            Some(kind) => (kind.glyph(), kind.colour(), halves[1].map(|part| part / 3)),
            None => ('▀', halves[0], halves[1]),
        };
        let wear = format!("{}{}", code(38, above, ink), code(48, below, ink));
        if wear != worn {
            line += &wear;
            worn = wear;
        }
        line.push(letter);
    }
    if ink != Ink::Plain {
        line += "\x1b[0m";
    }
    line
}

fn shade(shot: &Exposure, x: usize, row: usize) -> char {
    let canvas: &Canvas = &shot.canvas;
    let ground = (0..2).filter(|half| shot.depth[(row * 2 + half) * canvas.width + x].is_finite());
    let tones: Vec<f64> = ground.map(|half| luminance(canvas.get(x, row * 2 + half))).collect();
    if tones.is_empty() {
        return ' ';
    }
    let tone = tones.iter().sum::<f64>() / tones.len() as f64;
    let level = ((tone - 25.0) / 140.0 * SHADES.len() as f64).clamp(0.0, SHADES.len() as f64 - 1.0);
    char::from(SHADES[level as usize])
}

fn luminance(colour: [u8; 3]) -> f64 {
    0.30 * f64::from(colour[0]) + 0.59 * f64::from(colour[1]) + 0.11 * f64::from(colour[2])
}

/// The escape sequence for a colour; `ground` is 38 for letters and 48 for what is behind them.
fn code(ground: u8, [red, green, blue]: [u8; 3], ink: Ink) -> String {
    match ink {
        Ink::True => format!("\x1b[{ground};2;{red};{green};{blue}m"),
        Ink::Indexed => format!("\x1b[{ground};5;{}m", indexed([red, green, blue])),
        Ink::Plain => String::new(),
    }
}

/// The nearest of the 6 by 6 by 6 colours and the 24 greys.
fn indexed(colour: [u8; 3]) -> u8 {
    const LEVELS: [i32; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |value: u8| (0..6).min_by_key(|&at| (LEVELS[at] - i32::from(value)).abs()).unwrap_or(0);
    let cube = colour.map(nearest);
    let mean = colour.iter().map(|&part| i32::from(part)).sum::<i32>() / 3;
    let grey = ((mean - 3) / 10).clamp(0, 23);
    let distance = |other: [i32; 3]| -> i32 {
        colour.iter().zip(other).map(|(&part, other)| (i32::from(part) - other).pow(2)).sum()
    };
    if distance([8 + 10 * grey; 3]) < distance(cube.map(|at| LEVELS[at])) {
        232 + grey as u8
    } else {
        (16 + 36 * cube[0] + 6 * cube[1] + cube[2]) as u8
    }
}

/// What the colours and the signs mean, broken into lines that fit.
fn explain(subject: &Subject, stage: &Stage, frame: &Frame, ink: Ink, columns: usize) -> String {
    let sign = |sign: &str, colour| match ink {
        Ink::Plain => sign.to_owned(),
        _ => format!("{}{sign}\x1b[0m", code(38, colour, ink)),
    };
    let materials = legend::materials(subject, stage, frame).into_iter().map(|material| {
        let look = (subject.look)(material);
        // Without colour a material has no sign of its own: its name says that it is there.
        let block = if ink == Ink::Plain { "" } else { "█" };
        (block.to_owned(), look.colour, printable(look.name, 24))
    });
    let markers = legend::markers(subject)
        .into_iter()
        .map(|(kind, text)| (kind.glyph().to_string(), kind.colour(), text));
    let (mut text, mut used) = (String::new(), 0);
    for (mark, colour, name) in materials.chain(markers) {
        let room = columns.saturating_sub(2);
        let mut width = if mark.is_empty() { 0 } else { 2 };
        let fits = |c: &char| {
            width += if c.is_ascii() { 1 } else { 2 };
            width <= room
        };
        let name: String = name.chars().take_while(fits).collect();
        let gap = if mark.is_empty() { "" } else { " " };
        if used > 0 && used + 2 + width > columns {
            text.push('\n');
            used = 0;
        }
        let space = if used > 0 { "  " } else { "" };
        text += &format!("{space}{}{gap}{name}", if mark.is_empty() { mark } else { sign(&mark, colour) });
        used += space.len() + width;
    }
    text.push('\n');
    text
}
