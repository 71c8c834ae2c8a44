//! How typed state becomes bytes: small, the same on every machine, and readable by later revisions.
//!
//! Whole numbers take as many bytes as they need, whatever their type; a struct is a list of fields, each with
//! a tag made of its name and its length. So a field may be added, removed, moved or widened between revisions
//! without a migration; one that is renamed starts anew. Does not know where the bytes go.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::host::types::{BlockPos, Vec3};
use crate::material::Material;

/// What can be kept in a state. `state!` implements it for its structs and enums.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a state",
    note = "a state holds bools, integers, floats, Strings, Vec3, BlockPos, Material, Option, Vec, VecDeque, \
            BTreeMap, BTreeSet, arrays, tuples of these, and what another `state!` declares"
)]
pub trait Stored: Sized {
    /// Appends the value.
    fn write(&self, bytes: &mut Vec<u8>);
    /// Takes the value from the front; `None` if it is not there.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

/// `state!` names each type here, so that the message for a wrong one points at it.
#[doc(hidden)]
pub trait Check {
    /// The type of a field.
    type Field: Stored;
}

/// Takes so many bytes from the front.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (front, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(front)
}

impl Stored for u64 {
    fn write(&self, bytes: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }

    fn read(bytes: &mut &[u8]) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = take(bytes, 1)?[0];
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                return None;
            }
            value |= part << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

impl Stored for i64 {
    fn write(&self, bytes: &mut Vec<u8>) {
        // Small numbers of either sign become small: 0, -1, 1, -2 are 0, 1, 2, 3.
        ((self << 1) ^ (self >> 63)).cast_unsigned().write(bytes);
    }

    fn read(bytes: &mut &[u8]) -> Option<i64> {
        let folded = u64::read(bytes)?;
        Some((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }
}

macro_rules! through {
    ($($narrow:ty => $wide:ty),*) => {$(
        impl Stored for $narrow {
            fn write(&self, bytes: &mut Vec<u8>) {
                (*self as $wide).write(bytes);
            }
            fn read(bytes: &mut &[u8]) -> Option<$narrow> {
                <$narrow>::try_from(<$wide>::read(bytes)?).ok()
            }
        }
    )*};
}

through!(u8 => u64, u16 => u64, u32 => u64, usize => u64, i8 => i64, i16 => i64, i32 => i64);

impl Stored for bool {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(*self));
    }

    fn read(bytes: &mut &[u8]) -> Option<bool> {
        match take(bytes, 1)?[0] {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Stored for f64 {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }

    fn read(bytes: &mut &[u8]) -> Option<f64> {
        Some(f64::from_le_bytes(take(bytes, 8)?.try_into().ok()?))
    }
}

impl Stored for f32 {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }

    fn read(bytes: &mut &[u8]) -> Option<f32> {
        Some(f32::from_le_bytes(take(bytes, 4)?.try_into().ok()?))
    }
}

impl Stored for String {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.len().write(bytes);
        bytes.extend_from_slice(self.as_bytes());
    }

    fn read(bytes: &mut &[u8]) -> Option<String> {
        let length = usize::read(bytes)?;
        String::from_utf8(take(bytes, length)?.to_vec()).ok()
    }
}

impl Stored for Vec3 {
    fn write(&self, bytes: &mut Vec<u8>) {
        (self.x, self.y, self.z).write(bytes);
    }

    fn read(bytes: &mut &[u8]) -> Option<Vec3> {
        <(f64, f64, f64)>::read(bytes).map(Vec3::from)
    }
}

impl Stored for BlockPos {
    fn write(&self, bytes: &mut Vec<u8>) {
        (self.x, self.y, self.z).write(bytes);
    }

    fn read(bytes: &mut &[u8]) -> Option<BlockPos> {
        <(i32, i32, i32)>::read(bytes).map(BlockPos::from)
    }
}

impl Stored for Material {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.0.write(bytes);
    }

    fn read(bytes: &mut &[u8]) -> Option<Material> {
        u16::read(bytes).map(Material)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.is_some().write(bytes);
        if let Some(value) = self {
            value.write(bytes);
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Option<T>> {
        if bool::read(bytes)? { T::read(bytes).map(Some) } else { Some(None) }
    }
}

/// Collections are their length and their items.
macro_rules! collection {
    ($($collection:ident [$($item:ident: $bound:path),+]),*) => {$(
        impl<$($item: Stored + $bound),+> Stored for $collection<$($item),+> {
            fn write(&self, bytes: &mut Vec<u8>) {
                self.len().write(bytes);
                for item in self {
                    item.write(bytes);
                }
            }
            fn read(bytes: &mut &[u8]) -> Option<Self> {
                let length = usize::read(bytes)?;
                // An item takes a byte at least: a length beyond that is not one of ours.
                (length <= bytes.len()).then(|| (0..length).map(|_| Stored::read(bytes)).collect())?
            }
        }
    )*};
}

collection!(Vec[T: Sized], VecDeque[T: Sized], BTreeSet[T: Ord]);

impl<K: Stored + Ord, V: Stored> Stored for BTreeMap<K, V> {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.len().write(bytes);
        for (key, value) in self {
            key.write(bytes);
            value.write(bytes);
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let length = usize::read(bytes)?;
        (length <= bytes.len()).then(|| (0..length).map(|_| Stored::read(bytes)).collect())?
    }
}

impl<T: Stored, const N: usize> Stored for [T; N] {
    fn write(&self, bytes: &mut Vec<u8>) {
        for item in self {
            item.write(bytes);
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<[T; N]> {
        let items: Option<Vec<T>> = (0..N).map(|_| T::read(bytes)).collect();
        items?.try_into().ok()
    }
}

macro_rules! tuple {
    ($($item:ident)+) => {
        impl<$($item: Stored),+> Stored for ($($item,)+) {
            #[allow(non_snake_case, reason = "the items are named as their types")]
            fn write(&self, bytes: &mut Vec<u8>) {
                let ($($item,)+) = self;
                $($item.write(bytes);)+
            }
            fn read(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($item::read(bytes)?,)+))
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);

/// The tag of a field: sixteen bits of its name.
#[doc(hidden)]
pub const fn tag(name: &str) -> u16 {
    let (bytes, mut hash, mut at) = (name.as_bytes(), 0x811c_9dc5_u32, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ (hash >> 16)) as u16
}

/// Whether no two fields of a struct have the same tag.
#[doc(hidden)]
pub const fn distinct(tags: &[u16]) -> bool {
    let mut one = 0;
    while one < tags.len() {
        let mut other = one + 1;
        while other < tags.len() {
            if tags[one] == tags[other] {
                return false;
            }
            other += 1;
        }
        one += 1;
    }
    true
}

/// Appends one field of a struct: tag, length, value.
#[doc(hidden)]
pub fn write_field<T: Stored>(bytes: &mut Vec<u8>, tag: u16, value: &T) {
    bytes.extend_from_slice(&tag.to_le_bytes());
    write_sized(bytes, |bytes| value.write(bytes));
}

/// Takes one field: its tag and its bytes.
#[doc(hidden)]
pub fn read_field<'a>(bytes: &mut &'a [u8]) -> Option<(u16, &'a [u8])> {
    let tag = u16::from_le_bytes(take(bytes, 2)?.try_into().ok()?);
    Some((tag, read_sized(bytes)?))
}

/// A field's value, which must be all there is.
#[doc(hidden)]
pub fn read_whole<T: Stored>(mut bytes: &[u8]) -> Option<T> {
    T::read(&mut bytes).filter(|_| bytes.is_empty())
}

/// Appends something behind its own length.
#[doc(hidden)]
pub fn write_sized(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    write(&mut inner);
    inner.len().write(bytes);
    bytes.append(&mut inner);
}

/// Takes something behind its own length.
#[doc(hidden)]
pub fn read_sized<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::read(bytes)?;
    take(bytes, length)
}
