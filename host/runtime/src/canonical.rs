//! The canonical ABI for the types of the contract, over the memory of a core instance: what wasmtime's component
//! runtime does between a host and a component, for a core module that runs alone ([`crate::direct`]).
//!
//! Promises to be indistinguishable from wasmtime's own: the same bounds, alignments and discriminants are checked, in
//! the same order and with the same words; the guest's `realloc` is called as often and for as much; bytes are written in
//! the same order around those calls. Layouts are those that wasmtime derives for the types of [`crate::abi`]. Strings
//! are UTF-8. Does not know what a type means, nor what a function does.

use std::marker::PhantomData;

use spellhost_sim::LimitKind;
use wasmtime::component::__internal::ComponentVariant;
use wasmtime::component::ComponentType;
use wasmtime::{Memory, StoreContextMut, ValRaw, ValType, bail};

use crate::abi;
use crate::measured::{List, Measured, Text, well_formed};
use crate::session::Session;
use crate::stop::Stop;
use crate::words::WordFunction;

type Context<'a> = StoreContextMut<'a, Session>;
type Result<T> = wasmtime::Result<T>;

/// What the host needs of the guest to speak with it.
#[derive(Clone, Copy)]
pub(crate) struct Guest {
    pub(crate) memory: Memory,
    pub(crate) realloc: WordFunction<4>,
    /// Whether imports may be called: not while the guest reserves room or cleans up.
    pub(crate) may_leave: bool,
    /// How many bytes one host call may look at, in wasmtime's way of counting.
    pub(crate) host_call_bytes: usize,
}

/// The memory of the guest that a call has.
fn guest<'a>(cx: &'a Context<'_>) -> Result<&'a Guest> {
    match &cx.data().guest {
        Some(guest) => Ok(guest),
        // Before that no import answers, and admission has seen the instantiation succeed.
        None => bail!("an import was called while its instance was made"),
    }
}

/// A list or text in the guest's memory, within its bounds.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    at: usize,
    len: usize,
}

impl Span {
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// The bytes of a text, or of a list of bytes.
    pub(crate) fn bytes<'a>(self, cx: &'a Context<'_>) -> Result<&'a [u8]> {
        let memory = guest(cx)?.memory;
        // Memory does not shrink.
        Ok(&memory.data(cx)[self.at..][..self.len])
    }
}

/// The item of a list at `at`, which is less than its length.
pub(crate) fn item<T: Load>(cx: &Context<'_>, list: Span, at: usize) -> Result<T> {
    let mut lifting = Lifting::new(cx)?;
    let bytes = &lifting.memory[list.at + at * T::SIZE32..][..T::SIZE32];
    T::load(&mut lifting, bytes)
}

/// Lifting in progress: one host call's arguments, one item of a list, or one result.
pub(crate) struct Lifting<'a> {
    memory: &'a [u8],
    bytes_left: usize,
}

impl<'a> Lifting<'a> {
    pub(crate) fn new(cx: &'a Context<'_>) -> Result<Self> {
        let guest = guest(cx)?;
        Ok(Self { memory: guest.memory.data(cx), bytes_left: guest.host_call_bytes })
    }

    fn take(&mut self, bytes: Option<usize>, limit: LimitKind) -> Result<()> {
        match bytes.and_then(|bytes| self.bytes_left.checked_sub(bytes)) {
            Some(left) => self.bytes_left = left,
            None => return Err(Stop::Limit(limit).into()),
        }
        Ok(())
    }

    fn text(&mut self, Span { at, len }: Span) -> Result<Span> {
        match at.checked_add(len) {
            Some(end) if end <= self.memory.len() => self.take(Some(len), LimitKind::String)?,
            _ => bail!("string pointer/length out of bounds of memory"),
        }
        Ok(Span { at, len })
    }

    fn list<T: ComponentType>(&mut self, Span { at, len }: Span) -> Result<Span> {
        match len.checked_mul(T::SIZE32).and_then(|bytes| at.checked_add(bytes)) {
            Some(end) if end <= self.memory.len() => {
                self.take(len.checked_mul(size_of::<T>()), LimitKind::List)?;
            }
            _ => bail!("list pointer/length out of bounds of memory"),
        }
        if !at.is_multiple_of(T::ALIGN32 as usize) {
            bail!("list pointer is not aligned")
        }
        Ok(Span { at, len })
    }

    /// What a function returned in memory at `at`.
    pub(crate) fn returned<T: Load>(&mut self, at: u32) -> Result<T> {
        let at = at as usize;
        if !at.is_multiple_of(T::ALIGN32 as usize) {
            bail!("return pointer not aligned");
        }
        match self.memory.get(at..).and_then(|bytes| bytes.get(..T::SIZE32)) {
            Some(bytes) => T::load(self, bytes),
            None => bail!("pointer out of bounds of memory"),
        }
    }
}

fn span(bytes: &[u8]) -> Span {
    let half = |at: usize| u32::from_le_bytes(first(&bytes[at..])) as usize;
    Span { at: half(0), len: half(4) }
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut first = [0; N];
    first.copy_from_slice(&bytes[..N]);
    first
}

/// A type that is read from memory.
pub(crate) trait Load: ComponentType + Sized {
    /// Reads it from `bytes`, of which there are [`ComponentType::SIZE32`].
    fn load(cx: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self>;
}

/// The core values that a guest passes to an import, one after the other.
pub(crate) struct Flat<'a>(pub(crate) std::slice::Iter<'a, ValRaw>);

impl Flat<'_> {
    fn next(&mut self) -> Result<&ValRaw> {
        match self.0.next() {
            Some(value) => Ok(value),
            None => bail!("a core function has fewer parameters than its type"),
        }
    }
}

/// A type that is passed to imports.
pub(crate) trait Pass: ComponentType + Sized {
    /// The types of its core values.
    const TYPES: &'static [ValType];

    /// Reads it from its core values.
    fn pass(cx: &mut Lifting<'_>, flat: &mut Flat<'_>) -> Result<Self>;
}

/// The parameters of an import.
pub(crate) trait Params: ComponentType + Sized {
    /// The types of their core values.
    fn types() -> Vec<ValType>;

    /// Reads them from their core values.
    fn lift(cx: &mut Lifting<'_>, flat: &mut Flat<'_>) -> Result<Self>;
}

macro_rules! params {
    ($($name:ident)*) => {
        impl<$($name: Pass),*> Params for ($($name,)*) {
            fn types() -> Vec<ValType> {
                let types: &[&[ValType]] = &[$($name::TYPES),*];
                types.concat()
            }

            #[inline]
            #[allow(unused_variables, reason = "a tuple may be empty")]
            fn lift(cx: &mut Lifting<'_>, flat: &mut Flat<'_>) -> Result<Self> {
                Ok(($($name::pass(cx, flat)?,)*))
            }
        }
    };
}

params!();
params!(A);
params!(A B);
params!(A B C);
params!(A B C D);

/// Fields of a record, read one after the other.
struct Fields<'a, 'b, 'c> {
    cx: &'a mut Lifting<'b>,
    bytes: &'c [u8],
    at: usize,
}

impl<'a, 'b, 'c> Fields<'a, 'b, 'c> {
    fn new(cx: &'a mut Lifting<'b>, bytes: &'c [u8]) -> Self {
        Self { cx, bytes, at: 0 }
    }

    #[inline]
    fn next<T: Load>(&mut self) -> Result<T> {
        let at = self.at.next_multiple_of(T::ALIGN32 as usize);
        self.at = at + T::SIZE32;
        T::load(self.cx, &self.bytes[at..self.at])
    }
}

/// A value at the beginning of `bytes`.
fn leading<T: Load>(cx: &mut Lifting<'_>, bytes: &[u8]) -> Result<T> {
    T::load(cx, &bytes[..T::SIZE32])
}

macro_rules! scalars {
    ($($type:ty: $core:ident, $get:ident;)*) => {
        $(
            impl Load for $type {
                #[inline]
                fn load(_: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
                    Ok(Self::from_le_bytes(first(bytes)))
                }
            }

            impl Pass for $type {
                const TYPES: &'static [ValType] = &[ValType::$core];

                #[inline]
                fn pass(_: &mut Lifting<'_>, flat: &mut Flat<'_>) -> Result<Self> {
                    // A core value may be wider: the canonical ABI does not look at the rest.
                    Ok(flat.next()?.$get() as $type)
                }
            }

            impl Put for $type {
                #[inline]
                fn put(&self, bytes: &mut [u8]) {
                    bytes[..size_of::<Self>()].copy_from_slice(&self.to_le_bytes());
                }
            }
        )*
    };
}

scalars! {
    u8: I32, get_u32;
    u16: I32, get_u32;
    u32: I32, get_u32;
    i32: I32, get_i32;
    u64: I64, get_u64;
    i64: I64, get_i64;
}

impl Load for f64 {
    #[inline]
    fn load(_: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
        Ok(Self::from_le_bytes(first(bytes)))
    }
}

impl Pass for f64 {
    const TYPES: &'static [ValType] = &[ValType::F64];

    #[inline]
    fn pass(_: &mut Lifting<'_>, flat: &mut Flat<'_>) -> Result<Self> {
        Ok(Self::from_bits(flat.next()?.get_f64()))
    }
}

impl Put for f64 {
    #[inline]
    fn put(&self, bytes: &mut [u8]) {
        bytes[..8].copy_from_slice(&self.to_le_bytes());
    }
}

impl Load for bool {
    fn load(_: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
        Ok(bytes[0] != 0)
    }
}

impl Put for bool {
    fn put(&self, bytes: &mut [u8]) {
        bytes[0] = u8::from(*self);
    }
}

impl Load for Text {
    fn load(cx: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
        Ok(Self::Direct(cx.text(span(bytes))?))
    }
}

impl Pass for Text {
    const TYPES: &'static [ValType] = &[ValType::I32, ValType::I32];

    fn pass(cx: &mut Lifting<'_>, flat: &mut Flat<'_>) -> Result<Self> {
        let at = u32::pass(cx, flat)? as usize;
        let len = u32::pass(cx, flat)? as usize;
        Ok(Self::Direct(cx.text(Span { at, len })?))
    }
}

impl<T: ComponentType> Load for List<T> {
    fn load(cx: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
        Ok(Self::Direct(cx.list::<T>(span(bytes))?, PhantomData))
    }
}

impl<T: ComponentType> Pass for List<T> {
    const TYPES: &'static [ValType] = &[ValType::I32, ValType::I32];

    fn pass(cx: &mut Lifting<'_>, flat: &mut Flat<'_>) -> Result<Self> {
        let at = u32::pass(cx, flat)? as usize;
        let len = u32::pass(cx, flat)? as usize;
        Ok(Self::Direct(cx.list::<T>(Span { at, len })?, PhantomData))
    }
}

impl Load for Measured<String> {
    fn load(cx: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
        let Span { at, len } = cx.text(span(bytes))?;
        let text = str::from_utf8(&cx.memory[at..][..len]).map_err(|error| well_formed(error.into()))?;
        Ok(Self(text.to_owned()))
    }
}

impl Load for Measured<Vec<u8>> {
    fn load(cx: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
        let Span { at, len } = cx.list::<u8>(span(bytes))?;
        Ok(Self(cx.memory[at..][..len].to_vec()))
    }
}

impl Load for () {
    fn load(_: &mut Lifting<'_>, _: &[u8]) -> Result<Self> {
        Ok(())
    }
}

impl<T: Load, E: Load> Load for std::result::Result<T, E> {
    fn load(cx: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
        let payload = &bytes[<Self as ComponentVariant>::PAYLOAD_OFFSET32..];
        match bytes[0] {
            0 => Ok(Ok(leading(cx, payload)?)),
            1 => Ok(Err(leading(cx, payload)?)),
            _ => bail!("invalid expected discriminant"),
        }
    }
}

impl<T: Load> Load for (T,) {
    fn load(cx: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
        Ok((T::load(cx, bytes)?,))
    }
}

impl<A: Load, B: Load> Load for (A, B) {
    fn load(cx: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
        let mut fields = Fields::new(cx, bytes);
        Ok((fields.next()?, fields.next()?))
    }
}

macro_rules! load_records {
    ($($type:ident { $($field:ident),* })*) => {
        $(impl Load for abi::$type {
            #[inline]
            fn load(cx: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
                let mut fields = Fields::new(cx, bytes);
                Ok(Self { $($field: fields.next()?),* })
            }
        })*
    };
}

load_records! {
    Vec3 { x, y, z }
    BlockPos { x, y, z }
    BlockSize { x, y, z }
    GuestNamedValue { name, value }
    Ray { origin, direction, max_distance }
    Voxel { pos, material }
    Sphere { center, radius, material, mode }
    Cuboid { min, size, material, mode }
    ProjectileSpec { position, velocity, gravity, radius, lifetime, bounces, tag }
    Amount { id, points }
    Motion { id, vector }
    Status { id, name, duration }
    NpcSpec { template, position, tag }
    Vfx { asset, at, params }
    Sound { asset, at }
    Note { player, text }
    RemoteMessage { name, payload }
}

macro_rules! pass_records {
    ($($type:ident { $($field:ident),* }: [$($core:ident),*];)*) => {
        $(impl Pass for abi::$type {
            const TYPES: &'static [ValType] = &[$(ValType::$core),*];

            #[inline]
            fn pass(cx: &mut Lifting<'_>, flat: &mut Flat<'_>) -> Result<Self> {
                Ok(Self { $($field: Pass::pass(cx, flat)?),* })
            }
        })*
    };
}

pass_records! {
    Vec3 { x, y, z }: [F64, F64, F64];
    BlockPos { x, y, z }: [I32, I32, I32];
    BlockSize { x, y, z }: [I32, I32, I32];
}

macro_rules! load_variants {
    ($($type:ident { $($number:literal => $case:ident),* })*) => {
        $(impl Load for abi::$type {
            #[inline]
            fn load(cx: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
                let payload = &bytes[<Self as ComponentVariant>::PAYLOAD_OFFSET32..];
                Ok(match bytes[0] {
                    $($number => Self::$case(leading(cx, payload)?),)*
                    other => bail!("unexpected discriminant: {}", other),
                })
            }
        })*
    };
}

load_variants! {
    GuestValue {
        0 => Flag, 1 => Integer, 2 => Number, 3 => Text, 4 => Point, 5 => Block, 6 => Entity, 7 => Material
    }
    TerrainOp { 0 => SetVoxel, 1 => FillSphere, 2 => FillBox }
    EntityOp {
        0 => Damage, 1 => Heal, 2 => Push, 3 => Teleport, 4 => ApplyStatus, 5 => SpawnNpc, 6 => Despawn
    }
    ShowOp { 0 => PlayVfx, 1 => PlaySound, 2 => Message }
    RemoteOp { 0 => Broadcast, 1 => Send }
}

macro_rules! enums {
    ($($type:ident { $($number:literal => $case:ident),* })*) => {
        $(
            impl Load for abi::$type {
                #[inline]
                fn load(_: &mut Lifting<'_>, bytes: &[u8]) -> Result<Self> {
                    Ok(match bytes[0] {
                        $($number => Self::$case,)*
                        other => bail!("unexpected discriminant: {other}"),
                    })
                }
            }

            impl Pass for abi::$type {
                const TYPES: &'static [ValType] = &[ValType::I32];

                #[inline]
                fn pass(cx: &mut Lifting<'_>, flat: &mut Flat<'_>) -> Result<Self> {
                    Ok(match u32::pass(cx, flat)? {
                        $($number => Self::$case,)*
                        other => bail!("unexpected discriminant: {other}"),
                    })
                }
            }
        )*
    };
}

enums! {
    EntityKind { 0 => Player, 1 => Projectile, 2 => Npc, 3 => Item }
    FillMode { 0 => Add, 1 => Subtract, 2 => Paint }
    Level { 0 => Error, 1 => Warn, 2 => Info, 3 => Debug }
}

impl Pass for Option<abi::EntityKind> {
    const TYPES: &'static [ValType] = &[ValType::I32, ValType::I32];

    fn pass(cx: &mut Lifting<'_>, flat: &mut Flat<'_>) -> Result<Self> {
        match i32::pass(cx, flat)? {
            0 => {
                flat.next()?;
                Ok(None)
            }
            1 => Ok(Some(abi::EntityKind::pass(cx, flat)?)),
            _ => bail!("invalid option discriminant"),
        }
    }
}

/// Lowering in progress: what a guest is told, written into its memory.
pub(crate) struct Lowering<'a> {
    cx: Context<'a>,
    memory: Memory,
    realloc: WordFunction<4>,
}

impl<'a> Lowering<'a> {
    pub(crate) fn new(cx: Context<'a>) -> Result<Self> {
        let Guest { memory, realloc, .. } = *guest(&cx)?;
        Ok(Self { cx, memory, realloc })
    }

    fn bytes(&mut self) -> &mut [u8] {
        self.memory.data_mut(&mut self.cx)
    }

    /// Has the guest reserve room; imports do not answer while it does.
    fn reserve(&mut self, align: u32, size: usize) -> Result<usize> {
        let size = u32::try_from(size)?;
        may_leave(&mut self.cx, false);
        let reserved = self.realloc.call(&mut self.cx, [0, 0, align, size]);
        may_leave(&mut self.cx, true);
        let at = reserved?;
        if at % align != 0 {
            bail!("realloc return: result not aligned");
        }
        let at = at as usize;
        if self.bytes().get(at..).and_then(|bytes| bytes.get(..size as usize)).is_none() {
            bail!("realloc return: beyond end of memory")
        }
        Ok(at)
    }

    /// Where a function wants its result written.
    pub(crate) fn place<T: ComponentType>(&mut self, at: u32) -> Result<usize> {
        let at = at as usize;
        if !at.is_multiple_of(T::ALIGN32 as usize) {
            bail!("pointer not aligned");
        }
        if at + T::SIZE32 > self.bytes().len() {
            bail!("pointer out of bounds")
        }
        Ok(at)
    }

    /// Writes the parameters `P`, which are too many to be passed as core values; where they are.
    pub(crate) fn spill<P: ComponentType>(
        &mut self,
        write: impl FnOnce(&mut Self, usize) -> Result<()>,
    ) -> Result<u32> {
        let at = self.reserve(P::ALIGN32, P::SIZE32)?;
        write(self, at)?;
        Ok(at as u32)
    }

    fn pair(&mut self, at: usize, (to, len): (usize, usize)) {
        // Both lie in a memory of 32 bits.
        self.bytes()[at..][..4].copy_from_slice(&(to as u32).to_le_bytes());
        self.bytes()[at + 4..][..4].copy_from_slice(&(len as u32).to_le_bytes());
    }

    /// Writes a text; its place and length.
    pub(crate) fn text(&mut self, text: &str) -> Result<(usize, usize)> {
        let at = self.reserve(1, text.len())?;
        self.bytes()[at..][..text.len()].copy_from_slice(text.as_bytes());
        Ok((at, text.len()))
    }

    /// Writes a list; its place and length.
    pub(crate) fn list<T: Store>(&mut self, items: &[T]) -> Result<(usize, usize)> {
        let at = self.reserve(T::ALIGN32, items.len() * T::SIZE32)?;
        T::store_all(items, self, at)?;
        Ok((at, items.len()))
    }
}

/// Says whether imports may be called.
pub(crate) fn may_leave(cx: &mut Context<'_>, may: bool) {
    if let Some(guest) = &mut cx.data_mut().guest {
        guest.may_leave = may;
    }
}

/// A type that is written without reserving room for a part of it.
pub(crate) trait Put {
    /// Writes it at the beginning of `bytes`.
    fn put(&self, bytes: &mut [u8]);
}

/// A type that is written to memory.
pub(crate) trait Store: ComponentType + Sized {
    /// Writes it at `at`, which is aligned and within the memory.
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()>;

    /// Writes items one after the other.
    fn store_all(items: &[Self], cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        for (n, item) in items.iter().enumerate() {
            item.store(cx, at + n * Self::SIZE32)?;
        }
        Ok(())
    }

    /// The type of the one core value that it is, where it is one.
    const CORE: Option<ValType> = None;
    /// Whether it is one.
    const IS_CORE: bool = false;

    /// That core value.
    fn core(&self) -> Option<ValRaw> {
        None
    }
}

macro_rules! store_puts {
    ($($type:ty $(: $core:ident, $raw:expr)?;)*) => {
        $(impl Store for $type {
            fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
                self.put(&mut cx.bytes()[at..][..Self::SIZE32]);
                Ok(())
            }

            fn store_all(items: &[Self], cx: &mut Lowering<'_>, at: usize) -> Result<()> {
                let bytes = &mut cx.bytes()[at..][..items.len() * Self::SIZE32];
                for (item, bytes) in items.iter().zip(bytes.chunks_exact_mut(Self::SIZE32)) {
                    item.put(bytes);
                }
                Ok(())
            }

            $(
                const CORE: Option<ValType> = Some(ValType::$core);
                const IS_CORE: bool = true;

                fn core(&self) -> Option<ValRaw> {
                    #[allow(clippy::redundant_closure_call, reason = "a macro's argument")]
                    Some(($raw)(*self))
                }
            )?
        })*
    };
}

store_puts! {
    u16: I32, |value: u16| ValRaw::u32(value.into());
    u64: I64, ValRaw::u64;
    bool: I32, |value: bool| ValRaw::u32(value.into());
    Option<u16>;
    Option<abi::RayHit>;
}

impl Store for u8 {
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        cx.bytes()[at] = *self;
        Ok(())
    }

    fn store_all(items: &[Self], cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        cx.bytes()[at..][..items.len()].copy_from_slice(items);
        Ok(())
    }
}

/// Writes fields of a record one after the other, and says where the next would begin at the earliest.
macro_rules! put_fields {
    ($bytes:expr; $($value:expr),*) => {{
        let (bytes, mut at): (&mut [u8], usize) = ($bytes, 0);
        $(at = put_field(bytes, at, $value);)*
        at
    }};
}

#[inline]
fn put_field<T: Put + ComponentType>(bytes: &mut [u8], at: usize, value: &T) -> usize {
    let at = at.next_multiple_of(T::ALIGN32 as usize);
    value.put(&mut bytes[at..][..T::SIZE32]);
    at + T::SIZE32
}

macro_rules! put_records {
    ($($type:ident { $($field:ident),* })*) => {
        $(impl Put for abi::$type {
            #[inline]
            fn put(&self, bytes: &mut [u8]) {
                put_fields!(bytes; $(&self.$field),*);
            }
        })*
    };
}

put_records! {
    Vec3 { x, y, z }
    BlockPos { x, y, z }
    RayHit { block, material, position, normal, distance, entity }
    Hit { projectile, tag, position, normal, block, entity }
    Expired { projectile, tag, position }
    Trigger { tag, entity, entered }
    Death { entity, killer }
}

impl Put for abi::EntityKind {
    fn put(&self, bytes: &mut [u8]) {
        bytes[0] = *self as u8;
    }
}

impl<T: Put + ComponentType> Put for Option<T> {
    #[inline]
    fn put(&self, bytes: &mut [u8]) {
        bytes[0] = u8::from(self.is_some());
        if let Some(value) = self {
            value.put(&mut bytes[<Self as ComponentVariant>::PAYLOAD_OFFSET32..]);
        }
    }
}

impl Store for String {
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        let written = cx.text(self)?;
        cx.pair(at, written);
        Ok(())
    }
}

impl Store for &'static str {
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        let written = cx.text(self)?;
        cx.pair(at, written);
        Ok(())
    }
}

impl<T: Store> Store for Vec<T> {
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        let written = cx.list(self)?;
        cx.pair(at, written);
        Ok(())
    }
}

impl Store for Option<abi::EntityInfo> {
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        cx.bytes()[at] = u8::from(self.is_some());
        match self {
            Some(entity) => entity.store(cx, at + <Self as ComponentVariant>::PAYLOAD_OFFSET32),
            None => Ok(()),
        }
    }
}

impl Store for abi::EntityInfo {
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        let Self { id, owner, kind, position, velocity, radius, health, health_max, statuses } = self;
        let bytes = &mut cx.bytes()[at..];
        let end = put_fields!(bytes; id, owner, kind, position, velocity, radius, health, health_max);
        statuses.store(cx, at + end)
    }
}

impl Store for abi::CastContext {
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        let Self { cast, tick, caster, origin, direction, target_position, target_entity, .. } = self;
        let Self { first_entity, fuel, params, .. } = self;
        let bytes = &mut cx.bytes()[at..];
        let end = put_fields!(
            bytes; cast, tick, caster, origin, direction, target_position, target_entity, first_entity, fuel
        );
        params.store(cx, at + end)
    }
}

impl Store for abi::NamedValue {
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        self.name.store(cx, at)?;
        self.value.store(cx, at + String::SIZE32.next_multiple_of(abi::Value::ALIGN32 as usize))
    }
}

/// Writes a case of the variant `V` whose payload needs no room of its own.
fn put_case<V: ComponentVariant, T: Put>(
    cx: &mut Lowering<'_>,
    at: usize,
    case: u8,
    value: &T,
) -> Result<()> {
    let bytes = &mut cx.bytes()[at..][..V::SIZE32];
    bytes[0] = case;
    value.put(&mut bytes[V::PAYLOAD_OFFSET32..]);
    Ok(())
}

/// Begins a case of the variant `V`; says where its payload goes.
fn begin_case<V: ComponentVariant>(cx: &mut Lowering<'_>, at: usize, case: u8) -> usize {
    cx.bytes()[at] = case;
    at + V::PAYLOAD_OFFSET32
}

impl Store for abi::Value {
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        match self {
            Self::Flag(flag) => put_case::<Self, _>(cx, at, 0, flag),
            Self::Integer(integer) => put_case::<Self, _>(cx, at, 1, integer),
            Self::Number(number) => put_case::<Self, _>(cx, at, 2, number),
            Self::Text(text) => {
                let at = begin_case::<Self>(cx, at, 3);
                text.store(cx, at)
            }
            Self::Point(point) => put_case::<Self, _>(cx, at, 4, point),
            Self::Block(block) => put_case::<Self, _>(cx, at, 5, block),
            Self::Entity(entity) => put_case::<Self, _>(cx, at, 6, entity),
            Self::Material(material) => put_case::<Self, _>(cx, at, 7, material),
        }
    }
}

impl Store for abi::SpellEvent {
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        match self {
            Self::Timer(tag) => put_case::<Self, _>(cx, at, 0, tag),
            Self::ProjectileHit(hit) => put_case::<Self, _>(cx, at, 1, hit),
            Self::ProjectileExpired(expired) => put_case::<Self, _>(cx, at, 2, expired),
            Self::Remote(abi::Remote { player, name, payload }) => {
                let at = begin_case::<Self>(cx, at, 3);
                player.store(cx, at)?;
                name.store(cx, at + u64::SIZE32)?;
                payload.store(cx, at + u64::SIZE32 + String::SIZE32)
            }
            Self::EntityDied(death) => put_case::<Self, _>(cx, at, 4, death),
            Self::Trigger(trigger) => put_case::<Self, _>(cx, at, 5, trigger),
            Self::Other(abi::UnknownEvent { name, payload }) => {
                let at = begin_case::<Self>(cx, at, 6);
                name.store(cx, at)?;
                payload.store(cx, at + String::SIZE32)
            }
        }
    }
}

/// The result of an import.
pub(crate) trait Answer: ComponentType {
    /// The type of the core value that is returned; none where it is nothing, or goes to memory.
    const CORE: Option<ValType>;
    /// Whether it goes to memory.
    const IN_MEMORY: bool;

    /// The core value that is returned.
    fn core(&self) -> Option<ValRaw>;

    /// Writes it at `at`.
    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()>;
}

impl Answer for () {
    const CORE: Option<ValType> = None;
    const IN_MEMORY: bool = false;

    fn core(&self) -> Option<ValRaw> {
        None
    }

    fn store(&self, _: &mut Lowering<'_>, _: usize) -> Result<()> {
        Ok(())
    }
}

impl<T: Store> Answer for (T,) {
    const CORE: Option<ValType> = T::CORE;
    const IN_MEMORY: bool = !T::IS_CORE;

    fn core(&self) -> Option<ValRaw> {
        self.0.core()
    }

    fn store(&self, cx: &mut Lowering<'_>, at: usize) -> Result<()> {
        self.0.store(cx, at)
    }
}
