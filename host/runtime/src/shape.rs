//! The shape that componentising gives a spell: one core module of the spell's own, and where its imports need its
//! memory, a *shim* that jumps through a table and a *fixup* that fills that table once the memory is there.
//!
//! A component of exactly this shape needs no component to run: its core module is instantiated alone, with imports that
//! do what the component's trampolines would ([`crate::direct`]). Whatever else a component may be has no shape, and runs
//! as the component that it is. Reads bytes that admission has validated; compiles and runs nothing, and does not know
//! what a function of the contract does.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentTypeRef, ConstExpr,
    ElementItems, ElementKind, Encoding, Export, ExternalKind, Instance, Operator, Parser, Payload, TypeRef,
};

use crate::contract::{PACKAGE, VERSION};

/// Under which name the compiled component hands out its core module.
pub(crate) const MODULE_EXPORT: &str = "spellhost-core";

/// How a component of the usual shape is put together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Which of the component's core modules is the spell's own.
    module: u32,
    /// What that module imports, in its order.
    pub(crate) imports: Vec<Import>,
    /// How many elements the shim's table has.
    pub(crate) shim_elements: usize,
    /// The module's export that is the memory of every argument and result.
    pub(crate) memory: String,
    /// The module's export that reserves room in it.
    pub(crate) realloc: String,
    /// The module's exports behind the spell's.
    pub(crate) cast: Lifted,
    pub(crate) on_event: Lifted,
    pub(crate) migrate: Lifted,
}

/// An import of the core module that is a function of the contract.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// The names under which the module imports it.
    pub(crate) module: String,
    pub(crate) field: String,
    /// `interface.function`.
    pub(crate) function: String,
    /// How many parameters the shim's function hands on, where the import goes through the shim.
    pub(crate) shim_params: Option<u64>,
}

/// An export of the core module that a component lifts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lifted {
    pub(crate) function: String,
    pub(crate) post_return: Option<String>,
}

impl Shape {
    /// The shape of an admitted component, if it is the usual one.
    pub(crate) fn of(component: &[u8]) -> Option<Self> {
        Parts::read(component)?.shape(component)
    }

    /// The bytes to compile: the component, which also exports its core module, so that its code is there once for
    /// both ways to run it.
    pub(crate) fn compilable(component: &[u8]) -> Cow<'_, [u8]> {
        let Some(shape) = Self::of(component) else { return component.into() };
        // An export section of one export: plain name, sort "core module", index, no type. Every number is below 128.
        let mut section = vec![1, 0, MODULE_EXPORT.len() as u8];
        section.extend_from_slice(MODULE_EXPORT.as_bytes());
        section.extend([0x00, 0x11, shape.module as u8, 0]);
        const EXPORT_SECTION: u8 = 11;
        [component, &[EXPORT_SECTION, section.len() as u8], &section].concat().into()
    }
}

/// Where a core item comes from: an export of a core instance.
#[derive(Clone, Copy)]
struct Aliased<'a> {
    instance: u32,
    name: &'a str,
}

enum CoreFunction<'a> {
    Lowered { function: u32, options: Options },
    Aliased(Aliased<'a>),
}

/// The options of a lift or lower, as indices.
#[derive(Clone, Copy, Default)]
struct Options {
    memory: Option<u32>,
    realloc: Option<u32>,
    post_return: Option<u32>,
}

enum Function<'a> {
    Imported { instance: u32, name: &'a str },
    Lifted { core: u32, options: Options },
}

/// The root of a component: its index spaces, as far as the usual shape has them.
#[derive(Default)]
struct Parts<'a> {
    modules: Vec<Range<usize>>,
    core_instances: Vec<Instance<'a>>,
    core_functions: Vec<CoreFunction<'a>>,
    core_memories: Vec<Aliased<'a>>,
    core_tables: Vec<Aliased<'a>>,
    /// The names of the imported instances.
    instances: Vec<&'a str>,
    functions: Vec<Function<'a>>,
    /// Exported functions by name.
    exports: BTreeMap<&'a str, u32>,
}

impl<'a> Parts<'a> {
    fn read(component: &'a [u8]) -> Option<Self> {
        let mut parts = Self::default();
        let mut within = 0;
        for payload in Parser::new(0).parse_all(component) {
            match payload.ok()? {
                Payload::ModuleSection { unchecked_range, .. } => {
                    parts.modules.push(unchecked_range);
                    within += 1;
                }
                Payload::End(_) if within > 0 => within -= 1,
                _ if within > 0 => {}
                payload => parts.section(payload)?,
            }
        }
        Some(parts)
    }

    fn section(&mut self, payload: Payload<'a>) -> Option<()> {
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } | Payload::End(_) => {}
            Payload::CustomSection(_) | Payload::ComponentTypeSection(_) | Payload::CoreTypeSection(_) => {}
            Payload::InstanceSection(section) => {
                for instance in section {
                    self.core_instances.push(instance.ok()?);
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let import = import.ok()?;
                    match import.ty {
                        ComponentTypeRef::Instance(_) => self.instances.push(import.name.name),
                        ComponentTypeRef::Type(_) => {}
                        _ => return None,
                    }
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.alias(alias.ok()?)?;
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    self.canonical(&function.ok()?)?;
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export.ok()?;
                    if export.kind != ComponentExternalKind::Func {
                        return None;
                    }
                    let Function::Lifted { core, options } = *self.functions.get(export.index as usize)?
                    else {
                        return None;
                    };
                    self.exports.insert(export.name.name, export.index);
                    // An export is a function of its own in the index space.
                    self.functions.push(Function::Lifted { core, options });
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn alias(&mut self, alias: ComponentAlias<'a>) -> Option<()> {
        match alias {
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Type, .. } => {}
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Func, instance_index, name } => {
                self.functions.push(Function::Imported { instance: instance_index, name });
            }
            ComponentAlias::CoreInstanceExport { kind, instance_index: instance, name } => {
                let aliased = Aliased { instance, name };
                match kind {
                    ExternalKind::Func => self.core_functions.push(CoreFunction::Aliased(aliased)),
                    ExternalKind::Memory => self.core_memories.push(aliased),
                    ExternalKind::Table => self.core_tables.push(aliased),
                    _ => return None,
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn canonical(&mut self, function: &CanonicalFunction) -> Option<()> {
        match function {
            CanonicalFunction::Lift { core_func_index, options, .. } => {
                let options = Options::read(options)?;
                self.functions.push(Function::Lifted { core: *core_func_index, options });
            }
            CanonicalFunction::Lower { func_index, options } => {
                let options = Options::read(options)?;
                self.core_functions.push(CoreFunction::Lowered { function: *func_index, options });
            }
            _ => return None,
        }
        Some(())
    }

    fn shape(&self, component: &'a [u8]) -> Option<Shape> {
        let (cast_core, options) = self.lifted("cast")?;
        let main = self.aliased(cast_core)?.instance;
        let memory = self.core_memories.get(options.memory? as usize)?;
        let realloc = self.aliased(options.realloc?)?;
        if memory.instance != main || realloc.instance != main {
            return None;
        }
        let uses = Uses { main, memory: memory.name, realloc: realloc.name };
        let (module, args) = self.instantiated(main)?;
        let shim = Shim::read(self, component, main)?;
        let mut imports = Vec::new();
        let mut fields = Module::read(&component[self.modules.get(module as usize)?.clone()])?.imports;
        for (from, field, ty) in fields.drain(..) {
            let TypeRef::Func(_) = ty else { return None };
            let core = self.argument(args, from, field)?;
            imports.push(self.import(&shim, &uses, (from, field), core)?);
        }
        Some(Shape {
            module,
            imports,
            shim_elements: shim.slots.len(),
            memory: uses.memory.to_owned(),
            realloc: uses.realloc.to_owned(),
            cast: self.export(&uses, "cast")?,
            on_event: self.export(&uses, "on-event")?,
            migrate: self.export(&uses, "migrate")?,
        })
    }

    /// Module and arguments of a core instance that is an instance of a module.
    fn instantiated(&self, instance: u32) -> Option<(u32, &[wasmparser::InstantiationArg<'a>])> {
        match self.core_instances.get(instance as usize)? {
            Instance::Instantiate { module_index, args } => Some((*module_index, args)),
            Instance::FromExports(_) => None,
        }
    }

    /// The items of a core instance that only renames.
    fn renamed(&self, instance: u32) -> Option<&[Export<'a>]> {
        match self.core_instances.get(instance as usize)? {
            Instance::FromExports(items) => Some(items),
            Instance::Instantiate { .. } => None,
        }
    }

    /// The core function that an instance is given as `module` `field`.
    fn argument(
        &self,
        args: &[wasmparser::InstantiationArg<'a>],
        module: &str,
        field: &str,
    ) -> Option<&CoreFunction<'a>> {
        let from = args.iter().find(|arg| arg.name == module)?.index;
        let item = self.renamed(from)?.iter().find(|item| item.name == field)?;
        if item.kind != ExternalKind::Func {
            return None;
        }
        self.core_functions.get(item.index as usize)
    }

    fn aliased(&self, core_function: u32) -> Option<Aliased<'a>> {
        match self.core_functions.get(core_function as usize)? {
            CoreFunction::Aliased(aliased) => Some(*aliased),
            CoreFunction::Lowered { .. } => None,
        }
    }

    fn lifted(&self, export: &str) -> Option<(u32, Options)> {
        match self.functions.get(*self.exports.get(export)? as usize)? {
            Function::Lifted { core, options } => Some((*core, *options)),
            Function::Imported { .. } => None,
        }
    }

    fn export(&self, uses: &Uses<'_>, name: &str) -> Option<Lifted> {
        let (core, options) = self.lifted(name)?;
        self.check(uses, options)?;
        let own = |core: u32| {
            self.aliased(core).filter(|from| from.instance == uses.main).map(|from| from.name.to_owned())
        };
        let post_return = match options.post_return {
            Some(core) => Some(own(core)?),
            None => None,
        };
        Some(Lifted { function: own(core)?, post_return })
    }

    /// Whether memory and realloc are the spell's, where they are named at all.
    fn check(&self, uses: &Uses<'_>, options: Options) -> Option<()> {
        if let Some(memory) = options.memory {
            let memory = self.core_memories.get(memory as usize)?;
            if (memory.instance, memory.name) != (uses.main, uses.memory) {
                return None;
            }
        }
        if let Some(realloc) = options.realloc {
            let realloc = self.aliased(realloc)?;
            if (realloc.instance, realloc.name) != (uses.main, uses.realloc) {
                return None;
            }
        }
        Some(())
    }

    fn import(
        &self,
        shim: &Shim,
        uses: &Uses<'_>,
        (module, field): (&str, &str),
        core: &CoreFunction<'a>,
    ) -> Option<Import> {
        let (core, shim_params) = match core {
            CoreFunction::Aliased(from) if Some(from.instance) == shim.instance => {
                let (params, slot) = shim.functions.get(from.name)?;
                (self.core_functions.get(*shim.slots.get(*slot)? as usize)?, Some(*params))
            }
            CoreFunction::Aliased(_) => return None,
            lowered => (lowered, None),
        };
        let CoreFunction::Lowered { function, options } = core else { return None };
        self.check(uses, *options)?;
        let Function::Imported { instance, name } = self.functions.get(*function as usize)? else {
            return None;
        };
        let from = self.instances.get(*instance as usize)?;
        let interface =
            from.strip_prefix(PACKAGE)?.strip_prefix('/')?.strip_suffix(VERSION)?.strip_suffix('@')?;
        Some(Import {
            module: module.to_owned(),
            field: field.to_owned(),
            function: format!("{interface}.{name}"),
            shim_params,
        })
    }
}

impl Options {
    fn read(options: &[CanonicalOption]) -> Option<Self> {
        let mut read = Self::default();
        for option in options {
            match option {
                CanonicalOption::UTF8 => {}
                CanonicalOption::Memory(memory) => read.memory = Some(*memory),
                CanonicalOption::Realloc(realloc) => read.realloc = Some(*realloc),
                CanonicalOption::PostReturn(function) => read.post_return = Some(*function),
                _ => return None,
            }
        }
        Some(read)
    }
}

/// What every lift and lower of a spell uses.
struct Uses<'a> {
    main: u32,
    memory: &'a str,
    realloc: &'a str,
}

/// The shim and its fixup.
#[derive(Default)]
struct Shim {
    instance: Option<u32>,
    /// By export: how many parameters, and which slot of the table it jumps through.
    functions: BTreeMap<String, (u64, usize)>,
    /// The core function in each slot.
    slots: Vec<u32>,
}

impl Shim {
    /// Reads what is instantiated beside the spell's own module: nothing, or a shim and its fixup.
    fn read(parts: &Parts<'_>, component: &[u8], main: u32) -> Option<Self> {
        let is_module = |at: &u32| parts.instantiated(*at).is_some();
        let instances: Vec<u32> = (0..parts.core_instances.len() as u32).filter(is_module).collect();
        let (shim, fixup) = match instances[..] {
            [only] if only == main && parts.modules.len() == 1 => return Some(Self::default()),
            [shim, of_spell, fixup] if of_spell == main && parts.modules.len() == 3 => (shim, fixup),
            _ => return None,
        };
        let (shim_module, nothing) = parts.instantiated(shim)?;
        let (fixup_module, filled_with) = parts.instantiated(fixup)?;
        let [filled_with] = filled_with else { return None };
        let modules = [main, shim, fixup].map(|at| parts.instantiated(at).map(|(module, _)| module));
        let different = (0..3).all(|a| (0..a).all(|b| modules[a] != modules[b]));
        if !nothing.is_empty() || !different {
            return None;
        }
        let jumps = Module::read(&component[parts.modules.get(shim_module as usize)?.clone()])?.jumps()?;
        let module = Module::read(&component[parts.modules.get(fixup_module as usize)?.clone()])?;
        let items = parts.renamed(filled_with.index)?;
        let find = |name: &str, kind: ExternalKind| {
            items.iter().find(|item| item.name == name && item.kind == kind).map(|item| item.index)
        };
        let mut slots = Vec::new();
        for name in module.fills(filled_with.name, jumps.elements, |table| {
            let table = find(table, ExternalKind::Table).and_then(|at| parts.core_tables.get(at as usize));
            table.is_some_and(|from| from.instance == shim && from.name == jumps.table)
        })? {
            slots.push(find(name, ExternalKind::Func)?);
        }
        let functions = jumps.functions.into_iter().map(|(name, jump)| (name.to_owned(), jump)).collect();
        Some(Self { instance: Some(shim), functions, slots })
    }
}

/// What a core module has, as far as the three of the usual shape are told apart by it.
#[derive(Default)]
struct Module<'a> {
    imports: Vec<(&'a str, &'a str, TypeRef)>,
    exports: Vec<Export<'a>>,
    /// How many elements each table has at the start and at most.
    tables: Vec<(u64, Option<u64>)>,
    bodies: Vec<wasmparser::FunctionBody<'a>>,
    /// The functions of each active segment that fills table 0 from 0.
    elements: Vec<Vec<u32>>,
    /// Whether there is something that neither a shim nor a fixup has.
    has_more: bool,
}

/// A shim's exports.
struct Jumps<'a> {
    table: &'a str,
    elements: u64,
    functions: Vec<(&'a str, (u64, usize))>,
}

impl<'a> Module<'a> {
    fn read(module: &'a [u8]) -> Option<Self> {
        let mut read = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload.ok()? {
                Payload::Version { .. } | Payload::End(_) | Payload::TypeSection(_) => {}
                Payload::FunctionSection(_) | Payload::CodeSectionStart { .. } => {}
                // A shim whose functions have names shows up in traces.
                Payload::CustomSection(section) => read.has_more |= section.name() == "name",
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.ok()?;
                        read.imports.push((import.module, import.name, import.ty));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        read.exports.push(export.ok()?);
                    }
                }
                Payload::TableSection(section) => {
                    for table in section {
                        let ty = table.ok()?.ty;
                        read.tables.push((ty.initial, ty.maximum));
                    }
                }
                Payload::CodeSectionEntry(body) => read.bodies.push(body),
                Payload::ElementSection(section) => {
                    for segment in section {
                        match filled(&segment.ok()?) {
                            Some(functions) => read.elements.push(functions),
                            None => read.has_more = true,
                        }
                    }
                }
                _ => read.has_more = true,
            }
        }
        Some(read)
    }

    /// The exports of a shim: one table, and functions that only jump through it.
    fn jumps(self) -> Option<Jumps<'a>> {
        let [(elements, maximum)] = self.tables[..] else { return None };
        if self.has_more || !self.imports.is_empty() || !self.elements.is_empty() || maximum != Some(elements)
        {
            return None;
        }
        let bodies: Option<Vec<_>> = self.bodies.iter().map(jump).collect();
        let bodies = bodies?;
        let (mut table, mut functions) = (None, Vec::new());
        for export in &self.exports {
            match export.kind {
                ExternalKind::Table if table.is_none() => table = Some(export.name),
                ExternalKind::Func => functions.push((export.name, *bodies.get(export.index as usize)?)),
                _ => return None,
            }
        }
        Some(Jumps { table: table?, elements, functions })
    }

    /// The imports with which a fixup fills a shim's table, in the order of its slots.
    fn fills(&self, from: &str, elements: u64, is_shims: impl Fn(&str) -> bool) -> Option<Vec<&'a str>> {
        let [filled] = &self.elements[..] else { return None };
        let extra =
            self.has_more || !self.bodies.is_empty() || !self.exports.is_empty() || !self.tables.is_empty();
        if extra || filled.len() as u64 != elements {
            return None;
        }
        let (mut functions, mut tables) = (Vec::new(), 0);
        for (module, field, ty) in &self.imports {
            match ty {
                _ if *module != from => return None,
                TypeRef::Func(_) => functions.push(*field),
                TypeRef::Table(_) if is_shims(field) => tables += 1,
                _ => return None,
            }
        }
        if tables != 1 {
            return None;
        }
        filled.iter().map(|function| functions.get(*function as usize).copied()).collect()
    }
}

/// The functions of an active segment that fills table 0 from its first element on.
fn filled(segment: &wasmparser::Element<'_>) -> Option<Vec<u32>> {
    let ElementKind::Active { table_index: None | Some(0), offset_expr } = &segment.kind else { return None };
    let ElementItems::Functions(functions) = &segment.items else { return None };
    if !is_zero(offset_expr) {
        return None;
    }
    functions.clone().into_iter().map(Result::ok).collect()
}

fn is_zero(expression: &ConstExpr<'_>) -> bool {
    let mut operators = expression.get_operators_reader();
    matches!(operators.read(), Ok(Operator::I32Const { value: 0 }))
        && matches!(operators.read(), Ok(Operator::End))
}

/// How many parameters a function hands on to which slot of table 0, if it does nothing else.
fn jump(body: &wasmparser::FunctionBody<'_>) -> Option<(u64, usize)> {
    if body.get_locals_reader().ok()?.get_count() != 0 {
        return None;
    }
    let mut operators = body.get_operators_reader().ok()?;
    let mut params: u64 = 0;
    let slot = loop {
        match operators.read().ok()? {
            Operator::LocalGet { local_index } if u64::from(local_index) == params => params += 1,
            Operator::I32Const { value } => break usize::try_from(value).ok()?,
            _ => return None,
        }
    };
    let calls = matches!(operators.read().ok()?, Operator::CallIndirect { table_index: 0, .. });
    let ends = matches!(operators.read().ok()?, Operator::End) && operators.eof();
    (calls && ends).then_some((params, slot))
}
