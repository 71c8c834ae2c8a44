//! Every bound of admission and casting in one place, related to each other and to the
//! simulation's by compile-time assertions. Units are in the names.
//!
//! The bounds of what a call may *ask for* are the simulation's ([`spellhost_sim::limits`]); here
//! are those of what a component may *be* and of what a call may *consume* of the host.

use spellhost_sim::limits as sim;

/// The largest component that a server admits unless its policy allows more.
pub const COMPONENT_BYTES_MAX: usize = 512 * 1024;
/// The largest component that imports WASI, where a policy allows that: it may carry the runtime of a language. Of
/// all other bounds but [`WASI_DATA_BYTES_MAX`] it has the same as every component.
pub const WASI_COMPONENT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The largest component that any policy may allow.
pub const COMPONENT_BYTES_CEILING: usize = 16 * 1024 * 1024;
/// The most problems that one rejection lists; the rest is not looked for.
pub const PROBLEMS_MAX: usize = 16;

/// The most core modules; componentising makes three.
pub const CORE_MODULES_MAX: usize = 8;
/// The most core instances, those that only rename exports included.
pub const CORE_INSTANCES_MAX: usize = 64;
/// The most component instances; instances of instances would multiply while they are compiled.
pub const COMPONENT_INSTANCES_MAX: usize = 16;
/// The most sections over the component and all modules in it.
pub const SECTIONS_MAX: usize = 1_024;
/// The most nested components; componentising makes one for each exported interface, and none holds code.
pub const NESTED_COMPONENTS_MAX: usize = 4;
/// The most imports of a component: its interfaces, and the types that its world uses of them.
pub const COMPONENT_ITEMS_MAX: usize = 256;
/// The most aliases of a component; componentising makes one for each imported and exported function and type.
pub const ALIASES_MAX: usize = 1_024;
/// The most functions that pass between a component and its core modules.
pub const CANONICAL_FUNCTIONS_MAX: usize = 256;
/// The most types of a core module, and of a component.
pub const TYPES_MAX: usize = 2_048;
/// How deep component types nest at most; the parser itself holds this bound.
pub const TYPE_DEPTH_MAX: u32 = 100;
/// The most functions over all core modules.
pub const FUNCTIONS_MAX: usize = 4_096;
/// The most imports, and the most exports, of one core module.
pub const CORE_ITEMS_MAX: usize = 1_024;
/// The most globals of one core module.
pub const GLOBALS_MAX: usize = 1_024;
/// The largest function body; compile time grows faster than size.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// The most basic blocks of one body: a megabyte of tiny blocks takes 40 s to compile.
pub const BODY_BLOCKS_MAX: usize = 2_000;
/// The most parameters of one core function.
pub const PARAMS_MAX: usize = 64;
/// The most results of one core function.
pub const RESULTS_MAX: usize = 16;
/// The most locals of one body, parameters not counted.
pub const LOCALS_MAX: usize = 4_096;
/// The most targets of one branch table.
pub const BRANCH_TABLE_TARGETS_MAX: usize = 1_024;
/// The most tables over all core modules; componentising adds one.
pub const TABLES_MAX: usize = 4;
/// The most elements of all tables of a call together.
pub const TABLE_ELEMENTS_MAX: usize = 16_384;
/// The most element segments of one core module.
pub const ELEMENT_SEGMENTS_MAX: usize = 1_024;
/// The most elements of all segments of all core modules; each fills one element of a table.
pub const SEGMENT_ELEMENTS_MAX: usize = TABLE_ELEMENTS_MAX;
/// The most linear memories over all core modules.
pub const MEMORIES_MAX: usize = 2;
/// The most 64 KiB pages that a memory may start with or name as its maximum.
pub const MEMORY_PAGES_MAX: u64 = 256;
/// The most bytes of all memories of a call together.
pub const MEMORY_BYTES_MAX: usize = sim::MEMORY_BYTES_MAX as usize;
/// The most data segments of one core module.
pub const DATA_SEGMENTS_MAX: usize = 1_024;
/// The most bytes of data over all core modules.
pub const DATA_BYTES_MAX: usize = 512 * 1024;
/// The same of a component that imports WASI: what its language's runtime knows of types and functions, or the memory
/// of one that was started beforehand.
pub const WASI_DATA_BYTES_MAX: usize = 768 * 1024;
/// The longest name of an import or export.
pub const NAME_BYTES_MAX: usize = 256;

/// Fuel of instantiation, core `start` functions included; never charged to a call.
pub const INSTANTIATE_FUEL: u64 = sim::INSTANTIATE_FUEL_MAX;
/// Fuel of `describe`.
pub const DESCRIBE_FUEL: u64 = 1_000_000;

/// What wasmtime may copy from a guest in one host call, in its own way of counting, which
/// depends on the host's type sizes. Set so that it never decides: see [`crate::measured`].
pub const HOST_CALL_BYTES: usize = 256 * 1024;
/// The same where a trace looks at the arguments as well.
pub const TRACED_HOST_CALL_BYTES: usize = 64 * HOST_CALL_BYTES;
/// The longest string argument, in bytes of UTF-8; more is `limit(string)`.
pub const STRING_ARGUMENT_BYTES_MAX: usize = 64 * 1024;
/// The most items of a list of records in an argument; more is `limit(list)`.
pub const LIST_ARGUMENT_ITEMS_MAX: usize = 1_024;
/// The most items of a list of bytes in an argument; more is `limit(list)`.
pub const BYTE_LIST_ARGUMENT_MAX: usize = 64 * 1024;
/// The largest size of a record in a list argument, as the host holds it.
pub const LIST_ITEM_HOST_BYTES_MAX: usize = 256;

/// The most log lines of a call.
pub const LOG_LINES_MAX: usize = 64;
/// The most bytes of log of a call.
pub const LOG_BYTES_MAX: usize = 8 * 1024;
/// The most bytes of a spell's own error message; longer ones are cut at a character.
pub const FAILURE_BYTES_MAX: usize = sim::TEXT_BYTES_MAX;
/// The most bytes of a text parameter.
pub const TEXT_PARAM_BYTES_MAX: usize = 256;
/// The most choices of a text parameter, and the most remote names of a spell.
pub const CHOICES_MAX: usize = 32;
/// The most bytes of a spell's description, and of a parameter's help.
pub const DESCRIPTION_BYTES_MAX: usize = 4 * 1024;

/// The wasm stack on a host.
pub const HOST_STACK_BYTES: usize = 16 * 1024 * 1024;
/// The wasm stack where frames are executed again: what finished on the host finishes here.
pub const REEXECUTOR_STACK_BYTES: usize = 64 * 1024 * 1024;
/// What a casting thread has beyond the wasm stack, for the host's own frames.
pub const NATIVE_STACK_BYTES: usize = 2 * 1024 * 1024;

/// The most casting threads of one engine.
pub const THREADS_MAX: usize = 32;
/// Calls that may be alive at once in one engine: one on each thread, and admissions beside them.
pub const CONCURRENT_CALLS_MAX: usize = 64;
/// Real time after which a host gives the calls of a tick that have not finished the verdict
/// `limit(watchdog)`. A full tick's fuel takes a tenth of this on the slowest engine measured.
pub const WATCHDOG_SECONDS: u64 = 10;

const _: () = assert!(MEMORY_PAGES_MAX as usize * 65_536 == MEMORY_BYTES_MAX, "one memory may use all");
const _: () = assert!(WASI_DATA_BYTES_MAX as u64 <= INSTANTIATE_FUEL, "copying all data fits instantiation");
const _: () = assert!(COMPONENT_BYTES_MAX <= COMPONENT_BYTES_CEILING, "the default is below the ceiling");
const _: () = assert!(
    COMPONENT_BYTES_MAX < WASI_COMPONENT_BYTES_MAX && WASI_COMPONENT_BYTES_MAX <= COMPONENT_BYTES_CEILING,
    "whoever imports WASI may have more, below the ceiling as well"
);
const _: () = assert!(
    DATA_BYTES_MAX < WASI_DATA_BYTES_MAX && WASI_DATA_BYTES_MAX < WASI_COMPONENT_BYTES_MAX,
    "whoever imports WASI may have more data, and code beside it"
);
const _: () = assert!(THREADS_MAX < CONCURRENT_CALLS_MAX, "admissions find a slot beside full casting");
const _: () =
    assert!(HOST_STACK_BYTES < REEXECUTOR_STACK_BYTES, "a re-executor reaches deeper than any host");
const _: () = assert!(sim::COMMANDS_MAX <= LIST_ARGUMENT_ITEMS_MAX, "a full list of commands is liftable");
const _: () = assert!(sim::RAYS_MAX <= LIST_ARGUMENT_ITEMS_MAX, "a full list of rays is liftable");
const _: () = assert!(sim::STATE_BYTES_MAX <= BYTE_LIST_ARGUMENT_MAX, "full state is liftable");
const _: () = assert!(LOG_BYTES_MAX <= STRING_ARGUMENT_BYTES_MAX, "a full log line is liftable");
// The own limits strike before wasmtime's: one list, or one item with all its strings and lists.
const _: () = assert!(LIST_ARGUMENT_ITEMS_MAX * LIST_ITEM_HOST_BYTES_MAX <= HOST_CALL_BYTES, "a list fits");
const _: () = assert!(
    2 * STRING_ARGUMENT_BYTES_MAX * 2 <= HOST_CALL_BYTES,
    "two strings in UTF-16 fit beside each other"
);
const _: () = assert!(BYTE_LIST_ARGUMENT_MAX <= HOST_CALL_BYTES, "a list of bytes fits");
