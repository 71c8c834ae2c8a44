//! What one call has while it runs: the world it reads, its random stream, the commands, state and
//! log it has produced so far. Dies with the call.
//!
//! The version-free side of every import starts here: [`enter`] says whether an import answers at
//! all and charges for it. Knows no WIT types.

use std::collections::BTreeSet;
use std::sync::Arc;

use spellhost_sim::limits::{
    COMMAND_BYTES_MAX, COMMANDS_MAX, EDITED_CHUNKS_MAX, EDITED_VOXELS_MAX, STATE_BYTES_MAX,
};
use spellhost_sim::{CallLimits, CallStream, CastId, ChunkPos, Command, Edit, LimitKind, World};
use wasmtime::{ResourceLimiter, StoreContextMut};

use crate::canonical::Guest;
use crate::limits::{MEMORY_BYTES_MAX, TABLE_ELEMENTS_MAX};
use crate::log::Log;
use crate::place::Place;
use crate::stop::Stop;
use crate::trace::HostCall;
use crate::wasi::Wasi;

/// Which imports answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// None: the instance is being made, and what a `start` function did would not be a call's.
    Instantiating,
    /// None: a description depends on nothing.
    Describing,
    /// `scene`, `random` and `log`: a migration only translates bytes.
    Migrating,
    /// All.
    Full,
}

/// What stands behind the imports of one call.
pub(crate) struct Session {
    world: Option<Arc<World>>,
    cast: CastId,
    pub(crate) tick: u64,
    pub(crate) access: Access,
    seed: [u8; 32],
    random: Option<Box<CallStream>>,
    pub(crate) log: Log,
    pub(crate) quota: Quota,
    /// What WASI has of the call, made when it is first asked for.
    wasi: Option<Box<Wasi>>,
    /// Where the call is traced: its host calls so far.
    pub(crate) trace: Option<Vec<HostCall>>,
    /// Where the call runs without its component: the guest's memory, once it is there.
    pub(crate) guest: Option<Guest>,
    limits: CallLimits,
    state: Vec<u8>,
    commands: Vec<Command>,
    command_bytes: usize,
    edited_voxels: u64,
    edited_chunks: BTreeSet<ChunkPos>,
}

impl Session {
    /// A session of a call of `cast` in an opened world.
    pub(crate) fn new(
        world: Arc<World>,
        tick: u64,
        cast: CastId,
        seed: [u8; 32],
        limits: CallLimits,
        state: Vec<u8>,
    ) -> Self {
        let quota = Quota { memory_bytes_max: limits.memory_bytes as usize, ..Quota::default() };
        Self { world: Some(world), tick, cast, limits, quota, state, ..Self::without_world(seed) }
    }

    /// A session in which nothing answers.
    pub(crate) fn without_world(seed: [u8; 32]) -> Self {
        Self {
            world: None,
            cast: CastId(0),
            tick: 0,
            access: Access::Instantiating,
            seed,
            random: None,
            log: Log::default(),
            quota: Quota::default(),
            wasi: None,
            trace: None,
            guest: None,
            limits: CallLimits::default(),
            state: Vec::new(),
            commands: Vec::new(),
            command_bytes: 0,
            edited_voxels: 0,
            edited_chunks: BTreeSet::new(),
        }
    }

    /// The call's random stream. Made when it is first asked for: most calls never do, and it is as
    /// large as all the rest of a session.
    pub(crate) fn random(&mut self) -> &mut CallStream {
        self.random.get_or_insert_with(|| Box::new(CallStream::new(self.seed)))
    }

    /// What WASI has of the call, and the log that it writes to.
    pub(crate) fn wasi(&mut self) -> (&mut Wasi, &mut Log) {
        let wasi = self.wasi.get_or_insert_with(|| Box::new(Wasi::new(&self.seed)));
        (wasi, &mut self.log)
    }

    /// The world as it was when the tick opened.
    pub(crate) fn world(&self) -> Result<&World, Stop> {
        self.world.as_deref().ok_or(Stop::Describing { function: "scene", said: None })
    }

    /// The state bytes that the call sees: its own last save, else what the lane handed on.
    pub(crate) fn state(&self) -> &[u8] {
        &self.state
    }

    /// The most bytes of state that the call may leave.
    pub(crate) fn state_bytes_max(&self) -> usize {
        STATE_BYTES_MAX.min(self.limits.state_bytes as usize)
    }

    /// Takes the commands, the state and the log out.
    pub(crate) fn finish(mut self) -> (Vec<Command>, Vec<u8>, Log) {
        if let Some(wasi) = self.wasi {
            wasi.finish(&mut self.log);
        }
        (self.commands, self.state, self.log)
    }

    /// Notes the chunks that an edit touches; how many of them no earlier edit of this call has touched.
    pub(crate) fn touch(&mut self, command: &Command) -> Result<u64, Stop> {
        let before = self.edited_chunks.len();
        for at in command.edit().iter().flat_map(Edit::chunks) {
            self.edited_chunks.insert(at);
            if self.edited_chunks.len() > EDITED_CHUNKS_MAX {
                return Err(Stop::Limit(LimitKind::EditedChunks));
            }
        }
        Ok((self.edited_chunks.len() - before) as u64)
    }

    /// Adds a command if it is within the call's limits and valid in the opened world.
    ///
    /// `place` is where it stood, and names the field of an error.
    pub(crate) fn issue(
        &mut self,
        function: &'static str,
        place: Place<'_>,
        command: Command,
    ) -> Result<(), Stop> {
        if self.commands.len() >= COMMANDS_MAX.min(self.limits.commands as usize) {
            return Err(Stop::Limit(LimitKind::Commands));
        }
        self.world()?.check(self.cast, &self.commands, &command).map_err(|invalid| {
            Stop::invalid(function, place.field(invalid.field).to_string(), invalid.message)
        })?;
        let bytes = self.command_bytes.saturating_add(command.bytes());
        if bytes > COMMAND_BYTES_MAX {
            return Err(Stop::Limit(LimitKind::CommandBytes));
        }
        let voxels = self.edited_voxels.saturating_add(command.voxel_volume());
        if voxels > EDITED_VOXELS_MAX.min(self.limits.edited_voxels.into()) {
            return Err(Stop::Limit(LimitKind::EditedVoxels));
        }
        (self.command_bytes, self.edited_voxels) = (bytes, voxels);
        if let Command::Save { bytes } = &command {
            self.state.clone_from(bytes);
        }
        if self.commands.is_empty() {
            // Spells that ask for one thing ask for several.
            self.commands.reserve(8);
        }
        self.commands.push(command);
        Ok(())
    }
}

/// Whether `function` answers in this phase of the call.
fn answers(access: Access, function: &'static str) -> Result<(), Stop> {
    let interface = || function.split('.').next().unwrap_or_default();
    match access {
        Access::Full => Ok(()),
        Access::Migrating if matches!(interface(), "scene" | "random" | "log") => Ok(()),
        Access::Migrating => Err(Stop::invalid(
            function,
            "",
            "migrate may use only scene, random and log; return the new bytes instead",
        )),
        Access::Instantiating => Err(Stop::invalid(
            function,
            "",
            "no import answers while the component is instantiated; call it in cast",
        )),
        Access::Describing => Err(Stop::Describing { function, said: None }),
    }
}

/// Begins a host call: refuses it where it does not answer, and charges `fuel` for it.
pub(crate) fn enter(
    cx: &mut StoreContextMut<'_, Session>,
    function: &'static str,
    fuel: u64,
) -> Result<(), Stop> {
    charge(cx, function, fuel)?;
    answers(cx.data().access, function)
}

/// Takes `fuel` from the call's grant; what is left decides nothing but whether the call goes on.
pub(crate) fn charge(
    cx: &mut StoreContextMut<'_, Session>,
    function: &'static str,
    fuel: u64,
) -> Result<(), Stop> {
    let left = cx.get_fuel().unwrap_or(0);
    let rest = left.checked_sub(fuel);
    // Fuel is always enabled, so setting it cannot fail; were it off, nothing would be left above.
    let set = cx.set_fuel(rest.unwrap_or(0));
    if rest.is_none() || set.is_err() { Err(Stop::OutOfFuel(function)) } else { Ok(()) }
}

/// The memory and tables of one call, summed over all its core instances.
#[derive(Debug)]
pub(crate) struct Quota {
    memory_bytes: usize,
    memory_bytes_max: usize,
    table_elements: usize,
}

impl Default for Quota {
    fn default() -> Self {
        Self { memory_bytes: 0, memory_bytes_max: MEMORY_BYTES_MAX, table_elements: 0 }
    }
}

impl Quota {
    /// Counts a small table that the call would have.
    pub(crate) fn take_table(&mut self, elements: usize) {
        self.table_elements += elements;
    }

    fn grow(
        total: &mut usize,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
        most: usize,
    ) -> Option<bool> {
        let sum = total.saturating_add(desired.saturating_sub(current));
        if sum > most {
            return None;
        }
        // The module's own maximum: WebAssembly says −1, and nothing has grown.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Some(false);
        }
        *total = sum;
        Some(true)
    }
}

impl ResourceLimiter for Quota {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let most = MEMORY_BYTES_MAX.min(self.memory_bytes_max);
        Self::grow(&mut self.memory_bytes, current, desired, maximum, most)
            .ok_or_else(|| Stop::Limit(LimitKind::Memory).into())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Self::grow(&mut self.table_elements, current, desired, maximum, TABLE_ELEMENTS_MAX)
            .ok_or_else(|| Stop::Limit(LimitKind::Table).into())
    }
}
