//! What lies in the memory of a generated spell before it runs: a description, results, and lists of
//! records that imports accept, so that generated calls are not all refused at their first argument.

/// Where the description lies.
pub const INFO: u32 = 1024;
/// Where a successful result lies.
pub const OK: u32 = 3072;
/// Where a migration's successful result lies.
pub const MIGRATED: u32 = 3136;
/// Where `cabi_realloc` keeps the end of the heap.
pub const HEAP: u32 = 3200;
/// Where the heap begins.
pub const HEAP_START: u32 = 0x1_0000;
/// Where imports may write what they return.
pub const RETURNED: u32 = 0x8000;
/// Where text lies.
pub const TEXT: u32 = 0x2000;
/// Text: names that the contract knows, one after the other.
const WORDS: &str = "burningfrozenslowedshieldedstonegrasswaterwolfgolemdummywisptotemparticleboom";

/// A list of records: where it lies and how large a record is.
#[derive(Clone, Copy)]
pub struct List {
    pub at: u32,
    pub stride: u32,
}

/// `list<terrain-op>`.
pub const TERRAIN: List = List { at: 0x3000, stride: 48 };
/// `list<projectile-spec>`.
pub const PROJECTILES: List = List { at: 0x3400, stride: 80 };
/// `list<entity-op>`.
pub const ENTITIES: List = List { at: 0x3800, stride: 48 };
/// `list<show-op>`.
pub const SHOWS: List = List { at: 0x3c00, stride: 48 };
/// `list<remote-op>`.
pub const REMOTES: List = List { at: 0x4000, stride: 32 };
/// `list<ray>`.
pub const RAYS: List = List { at: 0x4400, stride: 56 };
/// The records of each list.
pub const RECORDS: usize = 8;

/// Everything, as pieces of memory.
pub fn pieces() -> Vec<(u32, Vec<u8>)> {
    let info = [TEXT, 7, TEXT + 7, 6].map(u32::to_le_bytes).concat();
    let mut migrated = vec![0; 4];
    migrated.extend([TERRAIN.at, 24].map(u32::to_le_bytes).concat());
    let mut pieces = vec![
        (INFO, [info, vec![0; 64]].concat()),
        (OK, vec![0; 32]),
        (MIGRATED, migrated),
        (HEAP, HEAP_START.to_le_bytes().to_vec()),
        (TEXT, WORDS.as_bytes().to_vec()),
    ];
    let lists: [(List, fn(usize) -> Record); 6] = [
        (TERRAIN, terrain),
        (PROJECTILES, projectile),
        (ENTITIES, entity),
        (SHOWS, show),
        (REMOTES, remote),
        (RAYS, ray),
    ];
    for (list, record) in lists {
        let records = (0..RECORDS).flat_map(|n| record(n).sized(list.stride)).collect();
        pieces.push((list.at, records));
    }
    pieces
}

/// A record in memory, field by field.
#[derive(Default)]
struct Record(Vec<u8>);

impl Record {
    fn case(number: u8) -> Self {
        Self(vec![number, 0, 0, 0, 0, 0, 0, 0])
    }

    fn with(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn numbers(self, numbers: &[f64]) -> Self {
        numbers.iter().fold(self, |record, number| record.with(&number.to_le_bytes()))
    }

    fn words(self, words: &[u32]) -> Self {
        words.iter().fold(self, |record, word| record.with(&word.to_le_bytes()))
    }

    /// A text of some bytes, from `word` on.
    fn text(self, word: &str, bytes: u32) -> Self {
        let at = WORDS.find(word).expect("one of the words") as u32;
        self.words(&[TEXT + at, bytes])
    }

    fn word(self, word: &str) -> Self {
        self.text(word, word.len() as u32)
    }

    fn sized(mut self, bytes: u32) -> Vec<u8> {
        self.0.resize(bytes as usize, 0);
        self.0
    }
}

/// Somewhere near the player.
fn near(n: usize) -> [f64; 3] {
    let n = n as f64;
    [n * 1.5 - 4.0, n * 0.25 - 1.0, -n * 1.25]
}

fn terrain(n: usize) -> Record {
    let (material, mode) = ([n as u8 + 1, 0], [(n % 3) as u8]);
    match n % 3 {
        0 => Record::case(0).words(&[n as u32, 2, (n as u32).wrapping_neg()]).with(&material),
        1 => Record::case(1).numbers(&near(n)).numbers(&[1.5]).with(&material).with(&mode),
        _ => Record::case(2).words(&[n as u32, 1, 3, 2, 3, 1]).with(&material).with(&mode),
    }
}

fn projectile(n: usize) -> Record {
    let speed = n as f64 * 40.0 - 100.0;
    Record::default().numbers(&near(n)).numbers(&[speed, 5.0, -speed]).numbers(&[9.8, 0.25]).words(&[
        3 + n as u32,
        n as u32 % 3,
        n as u32,
    ])
}

fn entity(n: usize) -> Record {
    let whom = (n as u64 % 3 + 1).to_le_bytes();
    match n {
        0 | 1 => Record::case(n as u8).with(&whom).numbers(&[7.5]),
        2 | 3 => Record::case(n as u8).with(&whom).numbers(&near(n)),
        4 => Record::case(4).with(&whom).word("burning").words(&[30]),
        5 => Record::case(5).word("wolf").numbers(&near(n)).words(&[5]),
        6 => Record::case(6).with(&3_u64.to_le_bytes()),
        _ => Record::case(0).with(&999_u64.to_le_bytes()).numbers(&[1.0]),
    }
}

fn show(n: usize) -> Record {
    match n % 3 {
        0 => Record::case(0).word("particle").numbers(&near(n)),
        1 => Record::case(1).word("boom").numbers(&near(n)),
        _ => Record::case(2).with(&1_u64.to_le_bytes()).text("burning", n as u32),
    }
}

fn remote(n: usize) -> Record {
    match n % 2 {
        0 => Record::case(0).word("burning").text("frozen", n as u32),
        _ => Record::case(1).with(&1_u64.to_le_bytes()).word("frozen").text("burning", n as u32),
    }
}

fn ray(n: usize) -> Record {
    Record::default().numbers(&near(n)).numbers(&[0.5, n as f64 - 2.0, -1.0]).numbers(&[n as f64 * 8.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_lie_beside_each_other() {
        let mut pieces = pieces();
        pieces.sort();
        for pair in pieces.windows(2) {
            assert!(pair[0].0 as usize + pair[0].1.len() <= pair[1].0 as usize, "{:x}", pair[1].0);
        }
        assert!(pieces.iter().all(|(at, bytes)| *at as usize + bytes.len() <= RETURNED as usize));
    }
}
