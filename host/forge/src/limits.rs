//! Every bound of reading, building and watching in one place. The maxima of `[limits]` are the
//! simulation's, stated again because building a spell needs no simulation (a test compares them); a spell may
//! only lower them.

/// The most bytes of a `spell.toml`.
pub const MANIFEST_BYTES_MAX: u64 = 64 * 1024;
/// The most bytes of a spell's id.
pub const ID_BYTES_MAX: usize = 64;
/// The most bytes of a spell's name, of a tag, of a licence and of a parameter's name.
pub const NAME_BYTES_MAX: usize = 128;
/// The most bytes of a description, and of a text parameter or payload.
pub const TEXT_BYTES_MAX: usize = 1024;
/// The most tags, and the most asset patterns.
pub const LIST_MAX: usize = 32;
/// The most parameters in `[run.params]`.
pub const PARAMS_MAX: usize = 32;
/// The most remote events in `[run]`.
pub const REMOTES_MAX: usize = 256;

/// The most fuel of one call.
pub const FUEL_MAX: u64 = 2_000_000;
/// The least fuel of one call that a spell may name.
pub const FUEL_MIN: u64 = 10_000;
/// The most bytes of a spell's linear memory.
pub const MEMORY_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The least bytes of a spell's linear memory: one page.
pub const MEMORY_BYTES_MIN: u64 = 64 * 1024;
/// The most commands of one call.
pub const COMMANDS_MAX: u64 = 64;
/// The most voxels that the commands of one call cover.
pub const EDITED_VOXELS_MAX: u64 = 65_536;
/// The most bytes of an active spell's state.
pub const STATE_BYTES_MAX: u64 = 4 * 1024;

/// The most bytes of a component file, and of a core module, that are read at all.
pub const COMPONENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The most bytes of what a compiler prints that are kept.
pub const PRINTED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most diagnostics that one build hands out.
pub const DIAGNOSTICS_MAX: usize = 256;
/// A spell's stack, in bytes.
pub const STACK_BYTES: u64 = 64 * 1024;

/// Real time that compiling an AssemblyScript spell may take, on a machine that has much else to do.
pub const ASC_SECONDS: u64 = 120;
/// The heap of the AssemblyScript compiler on a server, in MiB: less than what its process may write to, so that source
/// which wants more is told so by the compiler. A spell takes 80.
pub const ASC_HEAP_MIB: u64 = 512;

/// The most bytes of one frame between this process and a worker.
pub const FRAME_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How many frames a worker may be ahead of who reads them.
pub const FRAMES_AHEAD: usize = 8;
/// The most bytes of what a worker says on standard error that are kept, from the end.
pub const SAID_BYTES_MAX: usize = 4 * 1024;
/// The most bytes of memory that a worker may write to.
pub const WORKER_DATA_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// The most seconds of processor time of a worker.
pub const WORKER_CPU_SECONDS: u64 = 3_600;

/// The most files of a watched spell that are looked at.
pub const WATCHED_FILES_MAX: usize = 10_000;
/// A watched file beyond this is compared by size and time instead of content, in bytes.
pub const HASHED_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// How many path dependencies deep a spell is watched.
pub const WATCHED_PACKAGES_MAX: usize = 16;

/// Real time that compiling one component may take, on a machine that has much else to do.
pub const COMPILE_SECONDS: u64 = 60;
/// Processor time that compiling one component may take, over all threads. The hungriest found that
/// admission lets through takes a tenth.
pub const COMPILE_PROCESSOR_SECONDS: u64 = 30;
/// Memory that compiling one component may take.
pub const COMPILE_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;
/// The most threads that compile one component.
pub const COMPILE_THREADS_MAX: usize = 8;
/// The largest machine code of one component; code is a few times the size of what it was made from.
pub const COMPILE_ARTEFACT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Real time that compiling a stranger's source may take, unless the operator says otherwise.
pub const SOURCE_SECONDS: u64 = 60;
/// Memory that a compiler of a stranger's source may write to. The hungriest spell here takes 160 MB.
pub const SOURCE_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;
/// The largest file that a compiler of a stranger's source may write.
pub const SOURCE_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// All that it writes together, its source included: in memory. A spell takes 8.
pub const SOURCE_SCRATCH_BYTES: u64 = 128 * 1024 * 1024;
/// The files of that, and of what it is shown.
pub const SOURCE_SCRATCH_FILES: u64 = 4_096;
/// Its processes and threads.
pub const SOURCE_PROCESSES: u64 = 64;
/// Files that it has open at once.
pub const SOURCE_OPEN_FILES: u64 = 256;
/// What it prints.
pub const SOURCE_PRINTED_BYTES_MAX: usize = 1024 * 1024;
/// The most files of a spell's source, its assets included.
pub const SOURCE_FILES_MAX: usize = 256;
/// The most bytes of a spell's source, its assets included.
pub const SOURCE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The longest path of a file of a revision, in bytes.
pub const PATH_BYTES_MAX: usize = 256;
/// The most finished components that are kept by the digest of their source.
pub const MADE_MAX: usize = 1_024;

/// The most bytes of a package.
pub const PACKAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most bytes that a package unpacks to.
pub const PACKAGE_UNPACKED_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How many times its packed size a file of a package may have; deflate itself ends at 1,032.
pub const PACKAGE_RATIO_MAX: u64 = 500;
/// The most files of a package.
pub const PACKAGE_FILES_MAX: usize = 4_097;
/// The most bytes of a package's directory.
pub const PACKAGE_DIRECTORY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most bytes of a revision's manifest.
pub const MANIFEST_JSON_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The most bytes of a `scene.json`.
pub const SCENE_BYTES_MAX: usize = 1024 * 1024;
/// The most edits of a scene.
pub const SCENE_EDITS_MAX: usize = 1_024;
/// The most chunks that the edits of a scene touch, each counted as often as it is touched; a world holds twice as many
/// changed ones.
pub const SCENE_CHUNKS_MAX: usize = 8_192;
/// The most entities of a scene.
pub const SCENE_ENTITIES_MAX: usize = 1_024;
/// The most spells of a place.
pub const SCENE_SPELLS_MAX: usize = 32;

const _: () = assert!(MEMORY_BYTES_MIN <= MEMORY_BYTES_MAX, "one page fits");
const _: () = assert!(STACK_BYTES < MEMORY_BYTES_MAX, "the stack leaves room for the heap");
