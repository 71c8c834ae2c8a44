//! What of a component is bounded, as one table: what is counted, and the most of it.
//!
//! The values are those of [`crate::limits`]; [`crate::bounds`] counts. A row without a fixture on
//! either side of its value fails a test.

use crate::limits;

/// One bound of what a component may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// What is counted, as rejections name it.
    pub what: &'static str,
    /// The most that is allowed.
    pub most: u64,
}

impl Bound {
    /// How a rejection says that there are `found`.
    pub(crate) fn message(self, found: u64) -> String {
        format!("the component has {found} {}; at most {} are allowed", self.what, self.most)
    }
}

macro_rules! bounds {
    ($($name:ident = $most:ident, $what:literal;)*) => {
        $(pub(crate) const $name: Bound = Bound { what: $what, most: limits::$most as u64 };)*

        /// Every bound, in the order in which they stand in [`limits`].
        pub const BOUNDS: &[Bound] = &[$($name),*];
    };
}

bounds! {
    CORE_MODULES = CORE_MODULES_MAX, "core modules";
    CORE_INSTANCES = CORE_INSTANCES_MAX, "core instances";
    COMPONENT_INSTANCES = COMPONENT_INSTANCES_MAX, "component instances";
    SECTIONS = SECTIONS_MAX, "sections";
    NESTED_COMPONENTS = NESTED_COMPONENTS_MAX, "nested components";
    COMPONENT_IMPORTS = COMPONENT_ITEMS_MAX, "imports of the component";
    ALIASES = ALIASES_MAX, "aliases";
    CANONICAL_FUNCTIONS = CANONICAL_FUNCTIONS_MAX, "lifted and lowered functions";
    COMPONENT_TYPES = TYPES_MAX, "component types";
    CORE_TYPES = TYPES_MAX, "types of one core module";
    TYPE_DEPTH = TYPE_DEPTH_MAX, "levels in one type";
    FUNCTIONS = FUNCTIONS_MAX, "functions";
    CORE_IMPORTS = CORE_ITEMS_MAX, "imports of one core module";
    CORE_EXPORTS = CORE_ITEMS_MAX, "exports of one core module";
    GLOBALS = GLOBALS_MAX, "globals of one core module";
    BODY_BYTES = BODY_BYTES_MAX, "bytes in one function body";
    BODY_BLOCKS = BODY_BLOCKS_MAX, "basic blocks in one function body";
    PARAMS = PARAMS_MAX, "parameters of one function";
    RESULTS = RESULTS_MAX, "results of one function";
    LOCALS = LOCALS_MAX, "locals in one function";
    BRANCH_TABLE_TARGETS = BRANCH_TABLE_TARGETS_MAX, "targets in one branch table";
    TABLES = TABLES_MAX, "tables";
    TABLE_ELEMENTS = TABLE_ELEMENTS_MAX, "table elements";
    ELEMENT_SEGMENTS = ELEMENT_SEGMENTS_MAX, "element segments of one core module";
    SEGMENT_ELEMENTS = SEGMENT_ELEMENTS_MAX, "elements in all element segments";
    MEMORIES = MEMORIES_MAX, "memories";
    MEMORY_PAGES_MIN = MEMORY_PAGES_MAX, "pages of memory to start with";
    MEMORY_PAGES_END = MEMORY_PAGES_MAX, "pages as a memory's maximum";
    DATA_SEGMENTS = DATA_SEGMENTS_MAX, "data segments of one core module";
    DATA_BYTES = DATA_BYTES_MAX, "bytes of data";
    NAME_BYTES = NAME_BYTES_MAX, "bytes in the name of an import or export";
}
