//! What holds for every picture, on small worlds whose every block is known.

use expect_test::expect;

use super::camera::choose;
use super::canvas::Canvas;
use super::stage::{EDGE_MAX, HEIGHT_MAX, Stage};
use super::{Ink, Look, Marker, MarkerKind, Moment, Region, Scene, Subject, font, png, sheet, terminal};

const STONE: u16 = 1;
const WATER: u16 = 2;

/// Stone below y = 0, but for what a function says.
struct Ground(fn([i64; 3]) -> Option<u16>);

impl Scene for Ground {
    fn material(&self, x: i32, y: i32, z: i32) -> u16 {
        (self.0)([x, y, z].map(i64::from)).unwrap_or(if y < 0 { STONE } else { 0 })
    }
}

fn look(material: u16) -> Look {
    match material {
        STONE => Look { name: "stone", colour: [125, 125, 130], clear: false },
        _ => Look { name: "water", colour: [52, 104, 200], clear: true },
    }
}

const UNTOUCHED: Ground = Ground(|_| None);
const CRATER: Ground = Ground(|[x, y, z]| (x * x + y * y + z * z <= 16).then_some(0));
const TUNNEL: Ground = Ground(|[x, y, z]| (x * x + (y + 9) * (y + 9) <= 5 && z.abs() < 15).then_some(0));
const WALL: Ground = Ground(|[x, y, z]| (x.abs() < 6 && (0..5).contains(&y) && z == 0).then_some(STONE));
const POND: Ground = Ground(|[x, y, z]| (x.abs() < 4 && y == -1 && z.abs() < 4).then_some(WATER));

fn around(reach: [i32; 3]) -> Option<Region> {
    Some(Region { min: reach.map(|value| -value), max: reach })
}

fn subject<'a>(after: &'a Ground, changed: Option<Region>, markers: &'a [Marker]) -> Subject<'a> {
    let moment = |name, tick, scene| Moment { name, tick, hash: "00112233445566778899", scene, markers };
    Subject {
        title: "ember",
        before: moment("before", 0, &UNTOUCHED),
        after: moment("after", 300, after),
        changed,
        focus: [0.5, 0.0, 0.5],
        viewer: [0.5, 0.0, 12.5],
        look,
    }
}

fn player() -> Marker {
    Marker { position: [0.5, 0.0, 8.5], kind: MarkerKind::Player, label: "you".to_owned() }
}

/// The mean brightness, before and after, of the pixels that differ below the headings, and their number.
fn difference(sheet: &Canvas) -> (f64, f64, usize) {
    let (mut sums, mut count) = ([0.0; 2], 0);
    for y in 80..sheet.height - 40 {
        for x in 0..636 {
            let pair = [sheet.get(x, y), sheet.get(x + 644, y)];
            if pair[0] != pair[1] {
                count += 1;
                for (sum, colour) in sums.iter_mut().zip(pair) {
                    *sum += colour.iter().map(|&part| f64::from(part)).sum::<f64>() / 3.0;
                }
            }
        }
    }
    (sums[0] / count as f64, sums[1] / count as f64, count)
}

#[test]
fn a_crater_in_plain_text() {
    let markers = [player()];
    let text = terminal(&subject(&CRATER, around([4; 3]), &markers), Ink::Plain, 40);
    expect![[r#"
        before  ember  tick 0  0011223344556677

                        .:-::.
                      ::------:::.
                    :-------------:-.
                  ::------------------::.
                ::------------------------::.
              :------------------------------:-:
           .::--------------------------------+$
         .:---------------------------------+$%%
        :---------------------------------=$%%%%
        ++-----------@------------------=%%%%%%+
        ++++++++----------------------=%%%%%%+:
        ++++++++++------------------=%%%%%$+:
        :+-+++++++++++------------=%%%%%$=
           .--++++++++++++-----+=%%%%%$=
               .--+++++++++++-$%%%%%$=
                   :+-++++++++%%%%$=
                      .--+++++%%$=
                          .--+=:

        after  ember  tick 300  0011223344556677

                        .:-::.
                      ::------:::.
                    :-------------:-.
                  ::------------------::.
                ::------------------------::.
              :----------$%$%$$++------------:-:
           .::---------$##%%%%$=$=+-----------+$
         .:------------=%%#$$=$$$=----------+$%%
        :----------------+$=#=$=----------=$%%%%
        ++-----------@------------------=%%%%%%+
        ++++++++----------------------=%%%%%%+:
        ++++++++++------------------=%%%%%$+:
        :+-+++++++++++------------=%%%%%$=
           .--++++++++++++-----+=%%%%%$=
               .--+++++++++++-$%%%%%$=
                   :+-++++++++%%%%$=
                      .--+++++%%$=
                          .--+=:

        stone  @ you
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_crater_is_large_and_darker_than_the_ground_was() {
    let (before, after, count) = difference(&sheet::draw(&subject(&CRATER, around([4; 3]), &[])));
    assert!(count > 8_000, "{count} pixels differ");
    assert!(after < before * 0.75, "brightness {before} before, {after} after");
}

#[test]
fn a_wall_is_seen() {
    let (_, _, count) = difference(&sheet::draw(&subject(&WALL, around([6; 3]), &[])));
    assert!(count > 8_000, "{count} pixels differ");
}

#[test]
fn a_tunnel_is_cut_open_and_a_crater_is_not() {
    for (ground, reach, cut) in [(&TUNNEL, [2, 14, 15], true), (&CRATER, [4; 3], false)] {
        let subject = subject(ground, around(reach), &[]);
        let stage = Stage::new(&subject, 8);
        let view = choose(&stage, subject.viewer, look);
        assert_eq!(view.bounds != stage.full, cut);
    }
    let (before, after, count) = difference(&sheet::draw(&subject(&TUNNEL, around([2, 14, 15]), &[])));
    assert!(count > 8_000 && after < before, "{count} pixels differ, brightness {before} and {after}");
}

#[test]
fn the_camera_stands_on_the_caster_s_side() {
    for viewer in [[0.5, 0.0, 30.5], [30.5, 0.0, 0.5], [0.5, 0.0, -30.5], [-30.5, 0.0, 0.5]] {
        let subject = Subject { viewer, ..subject(&CRATER, around([4; 3]), &[]) };
        let view = choose(&Stage::new(&subject, 8), viewer, look);
        assert!(view.forward[0] * viewer[0] + view.forward[2] * viewer[2] < 0.0);
    }
}

#[test]
fn water_tints_what_is_below_it() {
    let (before, after, count) = difference(&sheet::draw(&subject(&POND, around([4; 3]), &[])));
    assert!(count > 4_000 && before != after);
    let text = terminal(&subject(&POND, around([4; 3]), &[]), Ink::Plain, 100);
    assert_eq!(text.lines().last(), Some("stone  water"));
}

#[test]
fn the_file_has_its_size_and_is_the_same_every_time() {
    let markers = [player()];
    let subject = subject(&CRATER, around([4; 3]), &markers);
    let bytes = png(&subject);
    assert_eq!(bytes, png(&subject));
    let reader = ::png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().expect("a PNG file");
    assert_eq!((reader.info().width, reader.info().height), (1280, 640));
}

#[test]
fn nothing_changed_is_two_equal_pictures() {
    let (_, _, count) = difference(&sheet::draw(&subject(&UNTOUCHED, None, &[])));
    assert_eq!(count, 0);
}

#[test]
fn lines_keep_to_the_columns() {
    let markers = [player(), Marker { label: "a very long name 名前".repeat(4), ..player() }];
    let subject = subject(&CRATER, around([4; 3]), &markers);
    for columns in [0, 1, 7, 20, 48, 99, 100, 200] {
        let text = terminal(&subject, Ink::Plain, columns);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns.max(8)), "{widest:?} of {columns} columns");
        assert!(!text.contains('\x1b'));
    }
    let lines = |columns| terminal(&subject, Ink::Plain, columns).lines().count();
    assert!(lines(99) > 40 && lines(100) < 30);
}

#[test]
fn colour_ends_with_every_line() {
    let subject = subject(&CRATER, around([4; 3]), &[]);
    for (ink, start) in [(Ink::True, "\x1b[38;2;"), (Ink::Indexed, "\x1b[38;5;")] {
        let text = terminal(&subject, ink, 48);
        for line in text.lines().filter(|line| line.contains('▀')) {
            assert!(line.starts_with(start) && line.ends_with("\x1b[0m"));
            assert_eq!(line.matches('▀').count(), 48);
        }
    }
}

#[test]
fn hostile_subjects_are_drawn_too() {
    let odd = [f64::NAN, f64::INFINITY, -1e300];
    let marker =
        |value| Marker { position: [value; 3], kind: MarkerKind::Npc, label: "\x1b[2J\u{202e}\n".into() };
    let markers = odd.map(marker);
    let all = Region { min: [i32::MIN; 3], max: [i32::MAX; 3] };
    let inverted = Region { min: [i32::MAX; 3], max: [i32::MIN; 3] };
    for (changed, focus) in [(Some(all), 0.0), (Some(inverted), 0.0), (None, f64::NAN), (None, 1e300)] {
        let subject = Subject {
            title: "\x1b]0;x\x07",
            focus: [focus; 3],
            viewer: [focus; 3],
            ..subject(&CRATER, changed, &markers)
        };
        let stage = Stage::new(&subject, 8);
        assert!(i64::from(stage.full.max[0]) <= EDGE_MAX && i64::from(stage.full.max[1]) <= HEIGHT_MAX);
        let text = terminal(&subject, Ink::Plain, 100);
        assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')));
        assert!(!png(&subject).is_empty());
    }
}

#[test]
fn every_letter_has_a_shape_of_its_own() {
    let shapes: std::collections::BTreeSet<Vec<_>> = (' '..='~').map(|c| font::dots(c).collect()).collect();
    assert_eq!(shapes.len(), 95);
    assert_eq!(font::dots('é').collect::<Vec<_>>(), font::dots('?').collect::<Vec<_>>());
}
