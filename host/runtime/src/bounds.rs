//! The linear walk over a component's bytes: validates them and measures everything that is
//! bounded, without building anything.
//!
//! Knows WebAssembly and nothing of spells: which imports and exports are right is
//! [`crate::admission`]'s to say.

use wasmparser::component_types::ComponentEntityType;
use wasmparser::types::Types;
use wasmparser::{
    CanonicalFunction, CanonicalOption, Chunk, ComponentExternalKind, ComponentTypeRef, CompositeInnerType,
    FuncValidatorAllocations, FunctionBody, Operator, Parser, Payload, ValidPayload, Validator, WasmFeatures,
};

use crate::admission::{Item, ItemKind, shown, truncated};
use crate::anatomy::{Anatomy, Section};
use crate::limits::{self, PROBLEMS_MAX};
use crate::log::escaped;
use crate::rejection::{Problem, code};

/// What a walk found.
pub(crate) struct Scan {
    pub(crate) anatomy: Anatomy,
    pub(crate) imports: Vec<Item>,
    pub(crate) exports: Vec<Item>,
}

/// A walk in progress.
pub(crate) struct Bounds<'p> {
    problems: &'p mut Vec<Problem>,
    anatomy: Anatomy,
    imports: Vec<Item>,
    exports: Vec<Item>,
    /// What encloses the current position: the root is not counted.
    enclosing: Vec<Enclosing>,
    core_instances: usize,
    nested_components: usize,
    component_instances: usize,
    component_types: usize,
    tables: usize,
    table_elements: u64,
    memories: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Enclosing {
    Module,
    Component,
}

type Walked<T> = Result<T, Problem>;

impl<'p> Bounds<'p> {
    /// Walks over `bytes`. What breaks a bound goes to `problems`; what cannot be walked over is the error.
    pub(crate) fn scan(bytes: &[u8], allow: WasmFeatures, problems: &'p mut Vec<Problem>) -> Walked<Scan> {
        let mut bounds = Self {
            problems,
            anatomy: Anatomy::default(),
            imports: Vec::new(),
            exports: Vec::new(),
            enclosing: Vec::new(),
            core_instances: 0,
            nested_components: 0,
            component_instances: 0,
            component_types: 0,
            tables: 0,
            table_elements: 0,
            memories: 0,
        };
        let types = bounds.walk(bytes, &mut Validator::new_with_features(allow))?;
        bounds.name_instances(&types);
        Ok(Scan { anatomy: bounds.anatomy, imports: bounds.imports, exports: bounds.exports })
    }

    fn walk(&mut self, bytes: &[u8], validator: &mut Validator) -> Walked<Types> {
        let mut allocations = FuncValidatorAllocations::default();
        let mut parser = Parser::new(0);
        let mut outer = Vec::new();
        let (mut offset, mut eof) = (0, false);
        loop {
            let (payload, consumed) =
                match parser.parse(&bytes[offset..], eof).map_err(|error| explain(&error))? {
                    // Only the root may end with the file.
                    Chunk::NeedMoreData(_) if offset == bytes.len() && outer.is_empty() && !eof => {
                        eof = true;
                        continue;
                    }
                    Chunk::NeedMoreData(_) => return Err(truncated(bytes.len())),
                    Chunk::Parsed { consumed, payload } => (payload, consumed),
                };
            offset += consumed;
            self.measure(&payload, bytes)?;
            match validator.payload(&payload).map_err(|error| explain(&error))? {
                ValidPayload::Ok => {}
                ValidPayload::Parser(inner) => {
                    let module = matches!(payload, Payload::ModuleSection { .. });
                    self.enclosing.push(if module { Enclosing::Module } else { Enclosing::Component });
                    outer.push(std::mem::replace(&mut parser, inner));
                }
                ValidPayload::Func(function, body) => {
                    let mut function = function.into_validator(std::mem::take(&mut allocations));
                    function.validate(&body).map_err(|error| explain(&error))?;
                    allocations = function.into_allocations();
                }
                ValidPayload::End(types) => match outer.pop() {
                    Some(enclosing) => {
                        self.enclosing.pop();
                        parser = enclosing;
                    }
                    None => return Ok(types),
                },
            }
            if self.problems.len() >= PROBLEMS_MAX {
                return Err(Problem::new(code::LIMIT, "there are more problems; these are the first"));
            }
        }
    }

    /// Counts what a payload holds; only counts and lengths are looked at before it is validated.
    fn measure(&mut self, payload: &Payload<'_>, bytes: &[u8]) -> Walked<()> {
        self.section(payload, bytes);
        self.bound("sections", self.anatomy.sections.len() as u64, limits::SECTIONS_MAX as u64);
        match payload {
            Payload::ModuleSection { .. } => {
                self.anatomy.core_modules += 1;
                self.bound("core modules", self.anatomy.core_modules as u64, limits::CORE_MODULES_MAX as u64);
                self.code_in_nested("a core module");
            }
            Payload::ComponentSection { .. } => {
                self.nested_components += 1;
                let most = limits::NESTED_COMPONENTS_MAX as u64;
                self.bound("nested components", self.nested_components as u64, most);
                self.code_in_nested("a component");
            }
            Payload::InstanceSection(section) => {
                self.core_instances += section.count() as usize;
                self.bound("core instances", self.core_instances as u64, limits::CORE_INSTANCES_MAX as u64);
                self.code_in_nested("a core instance");
            }
            Payload::ComponentInstanceSection(section) => {
                self.component_instances += section.count() as usize;
                let most = limits::COMPONENT_INSTANCES_MAX as u64;
                self.bound("component instances", self.component_instances as u64, most);
                self.code_in_nested("a component instance");
            }
            Payload::ComponentTypeSection(section) => {
                self.component_types += section.count() as usize;
                self.bound("component types", self.component_types as u64, limits::TYPES_MAX as u64);
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    self.canonical(&function.map_err(|error| explain(&error))?);
                }
            }
            Payload::ComponentImportSection(section) if self.enclosing.is_empty() => {
                for import in section.clone() {
                    let import = import.map_err(|error| explain(&error))?;
                    self.name(import.name.name);
                    let kind = match import.ty {
                        ComponentTypeRef::Type(_) => ItemKind::Type,
                        ComponentTypeRef::Instance(_) => ItemKind::Instance(Vec::new()),
                        ComponentTypeRef::Func(_) => ItemKind::Function,
                        _ => ItemKind::Other,
                    };
                    self.imports.push(Item { name: import.name.name.to_owned(), kind });
                }
            }
            Payload::ComponentExportSection(section) if self.enclosing.is_empty() => {
                for export in section.clone() {
                    let export = export.map_err(|error| explain(&error))?;
                    self.name(export.name.name);
                    let function = export.kind == ComponentExternalKind::Func;
                    let kind = if function { ItemKind::Function } else { ItemKind::Other };
                    self.exports.push(Item { name: export.name.name.to_owned(), kind });
                }
            }
            _ => return self.measure_core(payload),
        }
        Ok(())
    }

    fn measure_core(&mut self, payload: &Payload<'_>) -> Walked<()> {
        let parsed = |error: wasmparser::Error| explain(&error);
        match payload {
            Payload::TypeSection(section) => {
                self.types(section.count());
                for group in section.clone() {
                    for ty in group.map_err(parsed)?.types() {
                        if let CompositeInnerType::Func(function) = &ty.composite_type.inner {
                            self.bound(
                                "parameters",
                                function.params().len() as u64,
                                limits::PARAMS_MAX as u64,
                            );
                            self.bound(
                                "results",
                                function.results().len() as u64,
                                limits::RESULTS_MAX as u64,
                            );
                        }
                    }
                }
            }
            Payload::ImportSection(section) => {
                self.bound("core imports", section.count().into(), limits::CORE_ITEMS_MAX as u64);
                for import in section.clone().into_imports() {
                    let import = import.map_err(parsed)?;
                    self.name(import.module);
                    self.name(import.name);
                }
            }
            Payload::ExportSection(section) => {
                self.bound("core exports", section.count().into(), limits::CORE_ITEMS_MAX as u64);
                for export in section.clone() {
                    self.name(export.map_err(parsed)?.name);
                }
            }
            Payload::FunctionSection(section) => {
                self.anatomy.functions += section.count() as usize;
                self.bound("functions", self.anatomy.functions as u64, limits::FUNCTIONS_MAX as u64);
            }
            Payload::GlobalSection(section) => {
                self.bound("globals", section.count().into(), limits::GLOBALS_MAX as u64);
            }
            Payload::CodeSectionEntry(body) => self.body(body)?,
            Payload::CustomSection(section) => {
                self.anatomy.has_names |= section.name() == "name";
                self.anatomy.has_lines |= section.name() == ".debug_line";
            }
            _ => return self.measure_storage(payload),
        }
        Ok(())
    }

    /// Tables, memories and data: what an instance takes of the host.
    fn measure_storage(&mut self, payload: &Payload<'_>) -> Walked<()> {
        let parsed = |error: wasmparser::Error| explain(&error);
        match payload {
            Payload::TableSection(section) => {
                self.tables += section.count() as usize;
                self.bound("tables", self.tables as u64, limits::TABLES_MAX as u64);
                for table in section.clone() {
                    let initial = table.map_err(parsed)?.ty.initial;
                    self.table_elements = self.table_elements.saturating_add(initial);
                    self.bound("table elements", self.table_elements, limits::TABLE_ELEMENTS_MAX as u64);
                }
            }
            Payload::MemorySection(section) => {
                self.memories += section.count() as usize;
                self.bound("memories", self.memories as u64, limits::MEMORIES_MAX as u64);
                for memory in section.clone() {
                    let memory = memory.map_err(parsed)?;
                    self.memory(memory.initial, memory.maximum);
                }
            }
            Payload::DataSection(section) => {
                self.bound("data segments", section.count().into(), limits::DATA_SEGMENTS_MAX as u64);
                for data in section.clone() {
                    self.anatomy.data_bytes += data.map_err(parsed)?.data.len();
                }
                self.bound("bytes of data", self.anatomy.data_bytes as u64, limits::DATA_BYTES_MAX as u64);
            }
            _ => {}
        }
        Ok(())
    }

    fn memory(&mut self, initial: u64, maximum: Option<u64>) {
        self.anatomy.memory_pages_min = self.anatomy.memory_pages_min.saturating_add(initial);
        if let Some(maximum) = maximum {
            self.anatomy.memory_pages_max =
                Some(self.anatomy.memory_pages_max.unwrap_or(0).saturating_add(maximum));
            self.bound("pages as a memory's maximum", maximum, limits::MEMORY_PAGES_MAX);
        }
        self.bound("pages of memory to start with", self.anatomy.memory_pages_min, limits::MEMORY_PAGES_MAX);
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> Walked<()> {
        let parsed = |error: wasmparser::Error| explain(&error);
        let bytes = body.range().len();
        self.anatomy.code_bytes += bytes;
        self.anatomy.body_bytes_max = self.anatomy.body_bytes_max.max(bytes);
        self.bound("bytes in one function body", bytes as u64, limits::BODY_BYTES_MAX as u64);
        let mut locals: u64 = 0;
        for group in body.get_locals_reader().map_err(parsed)? {
            locals += u64::from(group.map_err(parsed)?.0);
        }
        self.bound("locals in one function", locals, limits::LOCALS_MAX as u64);
        let mut operators = body.get_operators_reader().map_err(parsed)?;
        let mut blocks: u64 = 1;
        while !operators.eof() {
            blocks += match operators.read().map_err(parsed)? {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::Else | Operator::BrIf { .. } => 1,
                Operator::If { .. } => 2,
                Operator::BrTable { targets } => {
                    let most = limits::BRANCH_TABLE_TARGETS_MAX as u64;
                    self.bound("targets in one branch table", targets.len().into(), most);
                    u64::from(targets.len()) + 1
                }
                _ => 0,
            };
        }
        self.anatomy.body_blocks_max = self.anatomy.body_blocks_max.max(blocks as usize);
        self.bound("basic blocks in one function body", blocks, limits::BODY_BLOCKS_MAX as u64);
        Ok(())
    }

    fn canonical(&mut self, function: &CanonicalFunction) {
        let options = match function {
            CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => options,
            _ => return,
        };
        if options.contains(&CanonicalOption::CompactUTF16) {
            let message = "the component passes strings as latin1+utf16; strings are UTF-8 or UTF-16 here";
            self.problem(
                Problem::new(code::ENCODING, message).hint("choose utf8 or utf16 when componentising"),
            );
        }
        self.code_in_nested("a lifted or lowered function");
    }

    fn types(&mut self, count: u32) {
        self.bound("types in one section", count.into(), limits::TYPES_MAX as u64);
    }

    fn name(&mut self, name: &str) {
        if name.len() > limits::NAME_BYTES_MAX {
            let (len, most) = (name.len(), limits::NAME_BYTES_MAX);
            let message =
                format!("a name of an import or export has {len} bytes; at most {most} are allowed");
            self.problem(Problem::new(code::LIMIT, message));
        }
    }

    fn code_in_nested(&mut self, what: &str) {
        if self.enclosing.contains(&Enclosing::Component) {
            let message =
                format!("a component inside the component holds {what}; only the root may hold code");
            self.problem(Problem::new(code::NESTED, message));
        }
    }

    fn bound(&mut self, what: &str, value: u64, most: u64) {
        if value > most {
            let hint = "split large functions, and build optimised (opt-level = \"s\", lto)";
            let message = format!("the component has {value} {what}; at most {most} are allowed");
            self.problem(Problem::new(code::LIMIT, message).hint(hint));
        }
    }

    /// Adds a problem unless the same bound is already reported: one message a bound is enough.
    fn problem(&mut self, problem: Problem) {
        let what = |message: &str| message.trim_matches(|c: char| !c.is_alphabetic()).to_owned();
        let subject = |message: &str| what(message).replace(|c: char| c.is_ascii_digit(), "");
        let known = self.problems.iter().any(|other| subject(&other.message) == subject(&problem.message));
        if !known {
            self.problems.push(problem);
        }
    }

    fn section(&mut self, payload: &Payload<'_>, bytes: &[u8]) {
        let Some((id, range)) = payload.as_section() else { return };
        let in_module = self.enclosing.last() == Some(&Enclosing::Module);
        let kind = match payload {
            Payload::CustomSection(section) => format!("custom {}", shown(section.name())),
            _ if in_module => core_section(id).to_owned(),
            _ => component_section(id).to_owned(),
        };
        let name = if in_module { format!("module {} {kind}", self.anatomy.core_modules - 1) } else { kind };
        let end = range.end.min(bytes.len());
        self.anatomy.sections.push(Section {
            name,
            offset: range.start,
            bytes: end.saturating_sub(range.start),
        });
    }

    /// The functions that each imported instance has, as the validator understood them.
    fn name_instances(&mut self, types: &Types) {
        for import in &mut self.imports {
            let ItemKind::Instance(functions) = &mut import.kind else { continue };
            let item = types.component_item_for_import(&import.name);
            let Some(ComponentEntityType::Instance(id)) = item.map(|item| item.ty) else { continue };
            for (name, item) in &types[id].exports {
                if !matches!(item.ty, ComponentEntityType::Type { .. }) {
                    functions.push(name.clone());
                }
            }
            let path = import.name.split('@').next().unwrap_or_default();
            let interface = path.rsplit('/').next().unwrap_or_default();
            self.anatomy.imports.extend(functions.iter().map(|function| format!("{interface}.{function}")));
        }
    }
}

fn core_section(id: u8) -> &'static str {
    const NAMES: [&str; 14] = [
        "custom",
        "type",
        "import",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "start",
        "element",
        "code",
        "data",
        "data count",
        "tag",
    ];
    NAMES.get(usize::from(id)).copied().unwrap_or("unknown")
}

fn component_section(id: u8) -> &'static str {
    const NAMES: [&str; 12] = [
        "custom",
        "core module",
        "core instance",
        "core type",
        "component",
        "instance",
        "alias",
        "type",
        "canonical",
        "start",
        "import",
        "export",
    ];
    NAMES.get(usize::from(id)).copied().unwrap_or("unknown")
}

/// The validator's errors in terms of what an author can do.
fn explain(error: &wasmparser::Error) -> Problem {
    // It quotes names as they stand in the bytes.
    let (message, offset) = (escaped(error.message()), error.offset());
    if message.contains("nesting is too deep") {
        let most = limits::TYPE_DEPTH_MAX;
        return Problem::new(
            code::LIMIT,
            format!("a type nests deeper than {most} levels, at byte {offset}"),
        );
    }
    let feature = ["not enabled", "not supported", "disabled", "multiple memories", "non-constant operator"];
    if feature.iter().any(|words| message.contains(words)) {
        return Problem::new(code::UNSUPPORTED_FEATURE, format!("the component uses what spells may not: {message}"))
            .hint("build for wasm32-unknown-unknown with no target features but its defaults for wasm 1.0, sign-ext, \
                   nontrapping-fptoint, bulk-memory, mutable-globals and multivalue");
    }
    Problem::new(code::MALFORMED, format!("the component is malformed at byte {offset}: {message}"))
        .hint("transfer or build the file again")
}
