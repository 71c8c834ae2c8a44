//! The linear walk over a component's bytes: validates them and measures everything that is
//! bounded, without building anything.
//!
//! Knows WebAssembly and nothing of spells: which imports and exports are right is
//! [`crate::admission`]'s to say.

use wasmparser::component_types::ComponentEntityType;
use wasmparser::types::Types;
use wasmparser::{
    CanonicalFunction, CanonicalOption, Chunk, ComponentExternalKind, ComponentTypeRef, CompositeInnerType,
    ElementItems, FuncValidatorAllocations, FunctionBody, Operator, Parser, Payload, ValidPayload, Validator,
    WasmFeatures,
};

use crate::admission::{Item, ItemKind, is_wasi, shown, truncated};
use crate::anatomy::{Anatomy, Section};
use crate::bound::{self, Bound};
use crate::contract::PACKAGE;
use crate::limits::{DATA_BYTES_MAX, PROBLEMS_MAX, WASI_DATA_BYTES_MAX};
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
    counts: Counts,
}

/// What is bounded over the whole component and is no part of its anatomy.
#[derive(Default)]
struct Counts {
    core_instances: u64,
    nested_components: u64,
    component_instances: u64,
    component_types: u64,
    component_imports: u64,
    aliases: u64,
    canonical_functions: u64,
    tables: u64,
    table_elements: u64,
    segment_elements: u64,
    memories: u64,
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
            counts: Counts::default(),
        };
        let types = bounds.walk(bytes, &mut Validator::new_with_features(allow))?;
        bounds.data();
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
                    // What lies inside ends with the file at most: [`nested`] has seen to that.
                    Chunk::NeedMoreData(_) if offset == bytes.len() && !eof => {
                        eof = true;
                        continue;
                    }
                    Chunk::NeedMoreData(_) => return Err(truncated(bytes.len())),
                    Chunk::Parsed { consumed, payload } => (payload, consumed),
                };
            offset += consumed;
            if nested(&payload).is_some_and(|end| end > bytes.len()) {
                return Err(truncated(bytes.len()));
            }
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
        self.bound(bound::SECTIONS, self.anatomy.sections.len() as u64);
        match payload {
            Payload::ModuleSection { .. } => {
                self.anatomy.core_modules += 1;
                self.bound(bound::CORE_MODULES, self.anatomy.core_modules as u64);
                self.code_in_nested("a core module");
            }
            Payload::ComponentSection { .. } => {
                self.count(bound::NESTED_COMPONENTS, 1_u64, |counts| &mut counts.nested_components);
                self.code_in_nested("a component");
            }
            Payload::InstanceSection(section) => {
                self.count(bound::CORE_INSTANCES, section.count(), |counts| &mut counts.core_instances);
                self.code_in_nested("a core instance");
            }
            Payload::ComponentInstanceSection(section) => {
                self.count(bound::COMPONENT_INSTANCES, section.count(), |counts| {
                    &mut counts.component_instances
                });
                self.code_in_nested("a component instance");
            }
            Payload::ComponentTypeSection(section) => self.component_types(section.count()),
            Payload::CoreTypeSection(section) => self.component_types(section.count()),
            Payload::ComponentAliasSection(section) => {
                self.count(bound::ALIASES, section.count(), |counts| &mut counts.aliases);
            }
            Payload::ComponentCanonicalSection(section) => {
                self.count(bound::CANONICAL_FUNCTIONS, section.count(), |counts| {
                    &mut counts.canonical_functions
                });
                for function in section.clone() {
                    self.canonical(&function.map_err(|error| explain(&error))?);
                }
            }
            _ => return self.measure_world(payload),
        }
        Ok(())
    }

    /// Imports and exports of the component.
    fn measure_world(&mut self, payload: &Payload<'_>) -> Walked<()> {
        let parsed = |error: wasmparser::Error| explain(&error);
        match payload {
            Payload::ComponentImportSection(section) if self.enclosing.is_empty() => {
                self.count(bound::COMPONENT_IMPORTS, section.count(), |counts| &mut counts.component_imports);
                for import in section.clone() {
                    let import = import.map_err(parsed)?;
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
                    let export = export.map_err(parsed)?;
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
                self.bound(bound::CORE_TYPES, section.count());
                for group in section.clone() {
                    for ty in group.map_err(parsed)?.types() {
                        if let CompositeInnerType::Func(function) = &ty.composite_type.inner {
                            self.bound(bound::PARAMS, function.params().len() as u64);
                            self.bound(bound::RESULTS, function.results().len() as u64);
                        }
                    }
                }
            }
            Payload::ImportSection(section) => {
                self.bound(bound::CORE_IMPORTS, section.count());
                for import in section.clone().into_imports() {
                    let import = import.map_err(parsed)?;
                    self.name(import.module);
                    self.name(import.name);
                }
            }
            Payload::ExportSection(section) => {
                self.bound(bound::CORE_EXPORTS, section.count());
                for export in section.clone() {
                    self.name(export.map_err(parsed)?.name);
                }
            }
            Payload::FunctionSection(section) => {
                self.anatomy.functions += section.count() as usize;
                self.bound(bound::FUNCTIONS, self.anatomy.functions as u64);
            }
            Payload::GlobalSection(section) => self.bound(bound::GLOBALS, section.count()),
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
                self.count(bound::TABLES, section.count(), |counts| &mut counts.tables);
                for table in section.clone() {
                    let initial = table.map_err(parsed)?.ty.initial;
                    self.count(bound::TABLE_ELEMENTS, initial, |counts| &mut counts.table_elements);
                }
            }
            Payload::ElementSection(section) => {
                self.bound(bound::ELEMENT_SEGMENTS, section.count());
                for segment in section.clone() {
                    let elements = match segment.map_err(parsed)?.items {
                        ElementItems::Functions(functions) => functions.count(),
                        ElementItems::Expressions(_, expressions) => expressions.count(),
                    };
                    self.count(bound::SEGMENT_ELEMENTS, elements, |counts| &mut counts.segment_elements);
                }
            }
            Payload::MemorySection(section) => {
                self.count(bound::MEMORIES, section.count(), |counts| &mut counts.memories);
                for memory in section.clone() {
                    let memory = memory.map_err(parsed)?;
                    self.memory(memory.initial, memory.maximum);
                }
            }
            Payload::DataSection(section) => {
                self.bound(bound::DATA_SEGMENTS, section.count());
                for data in section.clone() {
                    self.anatomy.data_bytes += data.map_err(parsed)?.data.len();
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// How much data there may be depends on the imports, which may come behind it.
    fn data(&mut self) {
        let most = if self.imports.iter().any(is_wasi) { WASI_DATA_BYTES_MAX } else { DATA_BYTES_MAX };
        let bound = Bound { most: most as u64, ..bound::DATA_BYTES };
        self.bound(bound, self.anatomy.data_bytes as u64);
    }

    fn memory(&mut self, initial: u64, maximum: Option<u64>) {
        self.anatomy.memory_pages_min = self.anatomy.memory_pages_min.saturating_add(initial);
        if let Some(maximum) = maximum {
            self.anatomy.memory_pages_max =
                Some(self.anatomy.memory_pages_max.unwrap_or(0).saturating_add(maximum));
            self.bound(bound::MEMORY_PAGES_END, maximum);
        }
        self.bound(bound::MEMORY_PAGES_MIN, self.anatomy.memory_pages_min);
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> Walked<()> {
        let parsed = |error: wasmparser::Error| explain(&error);
        let bytes = body.range().len();
        self.anatomy.code_bytes += bytes;
        self.anatomy.body_bytes_max = self.anatomy.body_bytes_max.max(bytes);
        self.bound(bound::BODY_BYTES, bytes as u64);
        let mut locals: u64 = 0;
        for group in body.get_locals_reader().map_err(parsed)? {
            locals += u64::from(group.map_err(parsed)?.0);
        }
        self.bound(bound::LOCALS, locals);
        let mut operators = body.get_operators_reader().map_err(parsed)?;
        let mut blocks: u64 = 1;
        while !operators.eof() {
            blocks += match operators.read().map_err(parsed)? {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::Else | Operator::BrIf { .. } => 1,
                Operator::If { .. } => 2,
                Operator::BrTable { targets } => {
                    self.bound(bound::BRANCH_TABLE_TARGETS, targets.len());
                    u64::from(targets.len()) + 1
                }
                _ => 0,
            };
        }
        self.anatomy.body_blocks_max = self.anatomy.body_blocks_max.max(blocks as usize);
        self.bound(bound::BODY_BLOCKS, blocks);
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

    /// Types of the component's own, those of core modules as values included.
    fn component_types(&mut self, count: u32) {
        self.count(bound::COMPONENT_TYPES, count, |counts| &mut counts.component_types);
    }

    fn name(&mut self, name: &str) {
        self.bound(bound::NAME_BYTES, name.len() as u64);
    }

    fn code_in_nested(&mut self, what: &str) {
        if self.enclosing.contains(&Enclosing::Component) {
            let message =
                format!("a component inside the component holds {what}; only the root may hold code");
            self.problem(Problem::new(code::NESTED, message));
        }
    }

    /// Adds to what is counted over the whole component.
    fn count(&mut self, bound: Bound, more: impl Into<u64>, which: fn(&mut Counts) -> &mut u64) {
        let total = which(&mut self.counts);
        *total = total.saturating_add(more.into());
        let found = *total;
        self.bound(bound, found);
    }

    fn bound(&mut self, bound: Bound, found: impl Into<u64>) {
        let found = found.into();
        if found > bound.most {
            self.problem(beyond(bound, found));
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
            // WASI has a `random` of its own: only the contract's interfaces go by their last name.
            let ours = path.strip_prefix(PACKAGE).and_then(|rest| rest.strip_prefix('/'));
            let interface = ours.unwrap_or(path);
            self.anatomy.imports.extend(functions.iter().map(|function| format!("{interface}.{function}")));
        }
    }
}

/// Where a module or component inside ends.
fn nested(payload: &Payload<'_>) -> Option<usize> {
    match payload {
        Payload::ModuleSection { unchecked_range, .. }
        | Payload::ComponentSection { unchecked_range, .. } => Some(unchecked_range.end),
        _ => None,
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

/// A bound that is broken.
fn beyond(bound: Bound, found: u64) -> Problem {
    let hint = "split large functions, and build optimised (opt-level = \"s\", lto)";
    Problem::new(code::LIMIT, bound.message(found)).hint(hint)
}

/// The validator's errors in terms of what an author can do.
fn explain(error: &wasmparser::Error) -> Problem {
    // It quotes names as they stand in the bytes.
    let (message, offset) = (escaped(error.message()), error.offset());
    if message.contains("nesting is too deep") {
        // The validator stops at the first level beyond, and its bound is ours: a test compares them.
        return beyond(bound::TYPE_DEPTH, bound::TYPE_DEPTH.most + 1);
    }
    if message.contains("effective type size") {
        return Problem::new(code::LIMIT, format!("a type of the component has too many parts: {message}"));
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
