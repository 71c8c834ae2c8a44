//! What a component is made of, for people who inspect it. Decides nothing.

/// One section of the root component or of a core module in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its kind; custom sections as `custom NAME`, those of a core module with its number before.
    pub name: String,
    /// Where it begins in the file.
    pub offset: usize,
    /// How long it is.
    pub bytes: usize,
}

/// What a component is made of, summed over its core modules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anatomy {
    /// Its sections, in the order of the file.
    pub sections: Vec<Section>,
    /// The imported functions, as `interface.function`.
    pub imports: Vec<String>,
    /// How many core modules.
    pub core_modules: usize,
    /// How many functions they define.
    pub functions: usize,
    /// How many bytes of code.
    pub code_bytes: usize,
    /// The largest body.
    pub body_bytes_max: usize,
    /// The most basic blocks of one body.
    pub body_blocks_max: usize,
    /// How many bytes of data.
    pub data_bytes: usize,
    /// 64 KiB pages of memory at the start.
    pub memory_pages_min: u64,
    /// The most pages, where the component says so.
    pub memory_pages_max: Option<u64>,
    /// Whether functions have names for backtraces.
    pub has_names: bool,
    /// Whether there is debug information with files and lines.
    pub has_lines: bool,
}
