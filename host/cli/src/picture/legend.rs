//! What the colours and the signs of a picture mean: the materials that it shows and the kinds of markers
//! with their labels. It deliberately does not know how a legend is laid out.

use std::collections::BTreeMap;

use super::render::Frame;
use super::sight::Space;
use super::stage::Stage;
use super::{MarkerKind, Subject, printable};

/// Lines of sight tried on each axis of a picture.
const PROBES: usize = 160;

/// The materials that the pictures show, the most seen first.
pub fn materials(subject: &Subject, stage: &Stage, frame: &Frame) -> Vec<u16> {
    let spaces = [&stage.before, &stage.after].map(|grid| Space {
        grid,
        bounds: frame.view.bounds,
        look: subject.look,
    });
    let mut counts: BTreeMap<u16, u32> = BTreeMap::new();
    for row in 0..PROBES {
        for column in 0..PROBES {
            let part = |index: usize, whole: usize| (index as f64 + 0.5) / PROBES as f64 * whole as f64;
            let origin = frame.origin(part(column, frame.width), part(row, frame.height));
            for sight in spaces.map(|space| space.sight(origin, frame.view.forward)) {
                for hit in [sight.solid, sight.clear].into_iter().flatten() {
                    *counts.entry(hit.material).or_default() += 1;
                }
            }
        }
    }
    let mut seen: Vec<(u16, u32)> = counts.into_iter().collect();
    seen.sort_by_key(|&(material, count)| (std::cmp::Reverse(count), material));
    seen.into_iter().map(|(material, _)| material).collect()
}

/// The kinds of markers there are, each with its labels, or its own name where it has none.
pub fn markers(subject: &Subject) -> Vec<(MarkerKind, String)> {
    let mut entries = Vec::new();
    for kind in MarkerKind::ALL {
        let all = subject.before.markers.iter().chain(subject.after.markers);
        let mut labels: Vec<&str> = Vec::new();
        let mut present = false;
        for marker in all.filter(|marker| marker.kind == kind) {
            present = true;
            if !marker.label.is_empty() && !labels.contains(&marker.label.as_str()) {
                labels.push(&marker.label);
            }
        }
        if present {
            let text = if labels.is_empty() { kind.name().to_owned() } else { labels.join(", ") };
            entries.push((kind, printable(&text, 40)));
        }
    }
    entries
}
