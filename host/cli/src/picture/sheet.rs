//! The PNG file: both pictures side by side with headings, markers and a legend. It promises the same
//! bytes for the same subject and never fails. It deliberately does not write files.

use super::camera::choose;
use super::canvas::Canvas;
use super::font::{ADVANCE, HEIGHT};
use super::render::{Exposure, Finish, Frame, render};
use super::stage::Stage;
use super::{Marker, MarkerKind, Moment, Subject, heading, legend, printable};

const WIDTH: usize = 1280;
const SHEET_HEIGHT: usize = 640;
/// Pixels between the two pictures.
const GAP: usize = 8;
/// Pixels of each picture kept for its heading.
const HEAD: usize = 72;
/// Pixels below the pictures, for the legend.
const FOOT: usize = 40;
/// How far from the change a marker may be and still be taken in, in blocks.
const REACH: i64 = 18;
const WHITE: [u8; 3] = [250, 250, 250];
/// The sky at the top and at the bottom.
const SKY: [[f64; 3]; 2] = [[142.0, 182.0, 224.0], [222.0, 233.0, 242.0]];
const BACKGROUND: [f64; 3] = [24.0, 28.0, 36.0];

/// The picture as the bytes of a PNG file, 1,280 by 640 pixels.
pub fn png(subject: &Subject) -> Vec<u8> {
    encode(&draw(subject))
}

/// The picture.
pub fn draw(subject: &Subject) -> Canvas {
    let stage = Stage::new(subject, REACH);
    let view = choose(&stage, subject.viewer, subject.look);
    let (width, height) = ((WIDTH - GAP) / 2, SHEET_HEIGHT - FOOT);
    let frame = Frame::fit(&stage, view, width, height, HEAD, 12);
    let finish = Finish { sky: SKY, rim: true };
    let mut sheet = Canvas::new(WIDTH, SHEET_HEIGHT);
    for y in 0..SHEET_HEIGHT {
        for x in 0..WIDTH {
            sheet.set(x, y, BACKGROUND);
        }
    }
    let moments = [&subject.before, &subject.after];
    for (side, (mut shot, moment)) in
        render(&stage, &frame, subject.look, finish).into_iter().zip(moments).enumerate()
    {
        mark(&mut shot, &stage, &frame, moment.markers);
        title(&mut shot.canvas, subject.title, moment);
        sheet.paste([side * (width + GAP), 0], &shot.canvas);
    }
    explain(&mut sheet, subject, &stage, &frame);
    sheet
}

fn title(canvas: &mut Canvas, spell: &str, moment: &Moment) {
    canvas.text([16, 14], 4, WHITE, &heading(moment.name, 12));
    let line = format!("{}  tick {}  {}", heading(spell, 22), moment.tick, heading(moment.hash, 16));
    canvas.text([16, 52], 2, WHITE, &line);
}

/// Draws the markers, the farthest first, and their labels where there is room.
fn mark(shot: &mut Exposure, stage: &Stage, frame: &Frame, markers: &[Marker]) {
    let mut placed: Vec<(&Marker, [f64; 3], [f64; 3])> = markers
        .iter()
        .filter(|marker| marker.position.iter().all(|part| part.is_finite()))
        .map(|marker| {
            let foot = stage.local(marker.position);
            let middle = [foot[0], foot[1] + marker.kind.middle(), foot[2]];
            (marker, frame.place(foot), frame.place(middle))
        })
        .filter(|(_, _, at)| {
            at[0] >= 0.0 && at[1] >= 0.0 && at[0] < frame.width as f64 && at[1] < frame.height as f64
        })
        .collect();
    placed.sort_by(|a, b| b.2[2].total_cmp(&a.2[2]));
    for (marker, foot, middle) in &placed {
        let behind = shot.depth[middle[1] as usize * frame.width + middle[0] as usize] < middle[2] - 1.0;
        figure(
            &mut shot.canvas,
            marker.kind,
            frame.scale,
            [foot[0], foot[1]],
            [middle[0], middle[1]],
            behind,
        );
    }
    let mut taken: Vec<[i64; 4]> = Vec::new();
    for (marker, _, middle) in placed.iter().rev().filter(|(marker, _, _)| !marker.label.is_empty()) {
        let text = printable(&marker.label, 16);
        let (wide, high) = (text.chars().count() as i64 * ADVANCE * 2, HEIGHT * 2);
        let left = (middle[0] as i64 - wide / 2).clamp(2, (frame.width as i64 - wide - 2).max(2));
        let above = (frame.scale * 1.3) as i64 + high + 4;
        let free =
            (0..4).map(|step| [left, middle[1] as i64 - above - step * (high + 3), wide, high]).find(|b| {
                b[1] > HEAD as i64
                    && taken.iter().all(|t| {
                        b[0] + b[2] < t[0] || t[0] + t[2] < b[0] || b[1] + b[3] < t[1] || t[1] + t[3] < b[1]
                    })
            });
        if let Some(place) = free {
            shot.canvas.text([place[0], place[1]], 2, marker.kind.colour(), &text);
            taken.push(place);
        }
    }
}

/// A body, a cross, a target or a ball; paler where something stands in front of it.
fn figure(canvas: &mut Canvas, kind: MarkerKind, scale: f64, foot: [f64; 2], middle: [f64; 2], behind: bool) {
    let (dark, opacity) = ([18, 22, 30], if behind { 0.35 } else { 1.0 });
    let size = scale.clamp(5.0, 16.0);
    let colour = kind.colour();
    match kind {
        MarkerKind::Player | MarkerKind::Npc => {
            let hip = [foot[0], foot[1] - size * 0.25];
            let neck = [foot[0], foot[1] - size * 0.75];
            let head = [foot[0], foot[1] - size * 1.2];
            canvas.line(hip, neck, size * 0.6 + 3.0, dark, opacity);
            canvas.disc(head, size * 0.36 + 1.5, 0.0, dark, opacity);
            canvas.line(hip, neck, size * 0.6, colour, opacity);
            canvas.disc(head, size * 0.36, 0.0, colour, opacity);
        }
        MarkerKind::Dead => {
            let arm = size * 0.45;
            for (width, ink) in [(size * 0.28 + 3.0, dark), (size * 0.28, colour)] {
                for slope in [-arm, arm] {
                    let ends = [[middle[0] - arm, middle[1] - slope], [middle[0] + arm, middle[1] + slope]];
                    canvas.line(ends[0], ends[1], width, ink, opacity);
                }
            }
        }
        MarkerKind::Impact => {
            canvas.disc(middle, size * 0.9 + 1.5, size * 0.55 - 1.5, dark, opacity * 0.7);
            canvas.disc(middle, size * 0.9, size * 0.55, colour, opacity);
            canvas.disc(middle, size * 0.25, 0.0, colour, opacity);
        }
        MarkerKind::Projectile => {
            canvas.disc(middle, size * 0.4 + 2.0, 0.0, dark, opacity);
            canvas.disc(middle, size * 0.4, 0.0, colour, opacity);
        }
    }
}

fn explain(sheet: &mut Canvas, subject: &Subject, stage: &Stage, frame: &Frame) {
    let top = (SHEET_HEIGHT - FOOT) as i64 + (FOOT as i64 - HEIGHT * 2) / 2;
    let mut left = 16;
    for material in legend::materials(subject, stage, frame) {
        let look = (subject.look)(material);
        let wide = look.name.chars().count() as i64 * ADVANCE * 2;
        if left + wide + 40 > WIDTH as i64 {
            break;
        }
        sheet.fill([left, top - 1], [16, 16], look.colour, 1.0);
        sheet.text([left + 22, top], 2, WHITE, &printable(look.name, 24));
        left += wide + 42;
    }
}

fn encode(canvas: &Canvas) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, canvas.width as u32, canvas.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(canvas.bytes()))
        .expect("the size is fixed and memory takes every byte");
    bytes
}
