//! The AssemblyScript side of the interface: one file of types and imports, and one of exports.
//!
//! Promises that what the canonical ABI says of memory (sizes, offsets, cases) comes from wit-parser and is
//! written nowhere by hand, and that a shape it does not know is an error that names it. Strings are UTF-16, so
//! that a text of AssemblyScript crosses where it lies. Does not know what the SDK makes of the types: some are
//! the SDK's own classes, of which only name, file and order of fields count.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{
    Docs, Function, InterfaceId, Resolve, SizeAlign, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem,
};

/// Types that the SDK writes itself, because authors call methods of theirs: name in the interface, class, file.
const OWN: &[(&str, &str, &str)] = &[
    ("vec3", "Vec3", "./vector"),
    ("block-pos", "BlockPos", "./vector"),
    ("block-size", "BlockSize", "./vector"),
    ("entity-info", "EntityInfo", "./entity"),
    ("cast-context", "CastContext", "./context"),
    ("spell-info", "SpellInfo", "./info"),
    ("param-spec", "ParamSpec", "./info"),
    ("projectile-spec", "Projectile", "./projectile"),
];

/// Those of them whose methods have the names of their fields; a field of these begins with `_`.
const BUILDERS: &[&str] = &["spell-info", "param-spec", "projectile-spec"];

/// Words that cannot name a parameter of a constructor.
const TAKEN: &[(&str, &str)] = &[("default", "defaultValue")];

/// What is generated.
pub struct Files {
    /// Types, imports, and how both are laid out in memory.
    pub bindings: String,
    /// The component's exports, around the functions of `./spellhost-guest`.
    pub entry: String,
}

/// Writes both files for a world.
pub fn generate(resolve: &Resolve, world: WorldId) -> Result<Files> {
    let mut sizes = SizeAlign::default();
    sizes.fill(resolve);
    let generator = Generator { resolve, sizes };
    Ok(Files { bindings: indented(&generator.bindings(world)?), entry: indented(&generator.entry(world)?) })
}

struct Generator<'a> {
    resolve: &'a Resolve,
    sizes: SizeAlign,
}

/// Statements under construction, and how many temporaries they have.
#[derive(Default)]
struct Block {
    text: String,
    temporaries: u32,
}

impl Block {
    fn line(&mut self, line: impl AsRef<str>) {
        let _ = writeln!(self.text, "  {}", line.as_ref());
    }

    fn temporary(&mut self) -> String {
        self.temporaries += 1;
        format!("t{}", self.temporaries)
    }
}

impl Generator<'_> {
    fn bindings(&self, world: WorldId) -> Result<String> {
        let mut out = format!("{HEAD}import {{ Pair, Result, Some }} from \"./option\";\n");
        let mut files: Vec<&str> = OWN.iter().map(|(_, _, file)| *file).collect();
        files.dedup();
        for file in files {
            let names: Vec<&str> =
                OWN.iter().filter(|(_, _, own)| *own == file).map(|(_, name, _)| *name).collect();
            let _ = writeln!(out, "import {{ {} }} from \"{file}\";", names.join(", "));
        }
        out.push_str(TEXT);
        let imports = self.interfaces(world);
        for id in &imports {
            for type_id in self.resolve.interfaces[*id].types.values() {
                out.push_str(&self.declaration(*type_id)?);
            }
        }
        out.push_str(&self.lists()?);
        for id in imports {
            out.push_str(&self.import(id)?);
        }
        out.push_str(&self.results(world)?);
        Ok(out)
    }

    /// The interfaces of the world, those of types first.
    fn interfaces(&self, world: WorldId) -> Vec<InterfaceId> {
        let items = self.resolve.worlds[world].imports.values();
        items
            .filter_map(|item| match item {
                WorldItem::Interface { id, .. } => Some(*id),
                _ => None,
            })
            .collect()
    }

    /// A type's class, and the functions that put it into memory and take it out.
    fn declaration(&self, id: TypeId) -> Result<String> {
        let definition = &self.resolve.types[id];
        let Some(wit) = &definition.name else { return Ok(String::new()) };
        let name = class_name(wit);
        let own = OWN.iter().any(|(own, ..)| own == wit);
        let docs = comment(&definition.docs, "");
        let mut out = String::new();
        match &definition.kind {
            TypeDefKind::Record(record) => {
                let fields: Vec<(String, Type, &Docs)> = record
                    .fields
                    .iter()
                    .map(|field| (field_name(&field.name), field.ty, &field.docs))
                    .collect();
                if !own {
                    let _ = writeln!(out, "\n{docs}export class {name} {{\n  constructor(");
                    for (field, ty, docs) in &fields {
                        let ty = self.name(ty)?;
                        let _ = writeln!(out, "{}    public {field}: {ty},", comment(docs, "    "));
                    }
                    out.push_str("  ) {}\n}\n");
                }
                let types: Vec<Type> = fields.iter().map(|(_, ty, _)| *ty).collect();
                let hidden = if BUILDERS.contains(&wit.as_str()) { "_" } else { "" };
                let names: Vec<String> =
                    fields.iter().map(|(field, ..)| format!("value.{hidden}{field}")).collect();
                out.push_str(&self.product(&name, &types, &names, &name)?);
            }
            TypeDefKind::Enum(cases) => {
                let _ = writeln!(out, "\n{docs}export enum {name} {{");
                for case in &cases.cases {
                    let _ = writeln!(out, "{}  {},", comment(&case.docs, "  "), pascal(&case.name));
                }
                out.push_str("}\n");
            }
            TypeDefKind::Variant(variant) => {
                let cases: Vec<(String, Option<Type>, &Docs)> =
                    variant.cases.iter().map(|case| (case.name.clone(), case.ty, &case.docs)).collect();
                out.push_str(&self.variant(&name, &docs, id, &cases)?);
            }
            // Where an alias stands for a primitive, its name says what the number means.
            TypeDefKind::Type(ty) if wit != "material" && self.is_home(id, ty) => {
                let _ = writeln!(out, "\n{docs}export type {name} = {};", self.name(ty)?);
            }
            TypeDefKind::Type(_) => {}
            other => bail!("type `{wit}` is a {}, which has no form in AssemblyScript yet", other.as_str()),
        }
        Ok(out)
    }

    /// Whether an alias is declared here, and not taken over by `use`.
    fn is_home(&self, id: TypeId, ty: &Type) -> bool {
        let TypeOwner::Interface(_) = self.resolve.types[id].owner else { return false };
        !matches!(ty, Type::Id(_))
    }

    /// How a record or tuple is stored and loaded.
    fn product(&self, name: &str, types: &[Type], values: &[String], class: &str) -> Result<String> {
        let offsets = self.sizes.field_offsets(types);
        let (mut store, mut loads) = (Block::default(), Vec::new());
        for ((offset, ty), value) in offsets.iter().zip(values) {
            self.store(&mut store, ty, value, offset.size_wasm32())?;
            loads.push(self.load(ty, offset.size_wasm32())?);
        }
        Ok(format!(
            "\nfunction store{name}(at: usize, value: {class}): void {{\n{}}}\n\
             \nexport function load{name}(at: usize): {class} {{\n  return new {class}({});\n}}\n",
            store.text,
            loads.join(", ")
        ))
    }

    fn variant(
        &self,
        name: &str,
        docs: &str,
        id: TypeId,
        cases: &[(String, Option<Type>, &Docs)],
    ) -> Result<String> {
        let mut out = format!("\n/** Which case a {{@link {name}}} is. */\nexport enum {name}Kind {{\n");
        for (case, ..) in cases {
            let _ = writeln!(out, "  {},", pascal(case));
        }
        let _ =
            writeln!(out, "}}\n\n{docs}export class {name} {{\n  constructor(public kind: {name}Kind) {{}}");
        let TypeDefKind::Variant(variant) = &self.resolve.types[id].kind else {
            bail!("`{name}` is no variant")
        };
        let payloads: Vec<Option<&Type>> = variant.cases.iter().map(|case| case.ty.as_ref()).collect();
        let at = self.sizes.payload_offset(variant.tag(), payloads).size_wasm32();
        let (mut store, mut load) = (Block::default(), Block::default());
        store.line("store<u8>(at, <u8>value.kind);\n  switch (value.kind) {");
        load.line(format!("const value = new {name}(<{name}Kind>load<u8>(at));\n  switch (value.kind) {{"));
        for (case, ty, docs) in cases {
            let (field, kind) = (field_name(case), format!("{name}Kind.{}", pascal(case)));
            let docs = comment(docs, "  ");
            let Some(ty) = ty else {
                let _ = writeln!(out, "\n{docs}  static {field}(): {name} {{ return new {name}({kind}); }}");
                continue;
            };
            let class = self.name(ty)?;
            let (stored, start) = if self.is_reference(ty) {
                (format!("{class} | null"), " = null".to_owned())
            } else {
                (class.clone(), format!(" = {}", if class == "bool" { "false" } else { "0" }))
            };
            let _ = writeln!(
                out,
                "\n{docs}  {field}: {stored}{start};\n\n  /** The case of that name. */\n  static {field}(value: {class}): {name} \
                 {{\n    const made = new {name}({kind});\n    made.{field} = value;\n    return made;\n  }}"
            );
            store.line(format!("  case {kind}: {{"));
            let value =
                if self.is_reference(ty) { format!("value.{field}!") } else { format!("value.{field}") };
            self.store(&mut store, ty, &value, at)?;
            store.line("break;\n}");
            load.line(format!("  case {kind}: value.{field} = {}; break;", self.load(ty, at)?));
        }
        store.line("}");
        load.line("}\n  return value;");
        let _ = writeln!(
            out,
            "}}\n\nfunction store{name}(at: usize, value: {name}): void {{\n{}}}\n\nexport function load{name}(at: usize): {name} \
             {{\n{}}}",
            store.text, load.text
        );
        Ok(out)
    }

    /// A type as AssemblyScript says it.
    fn name(&self, ty: &Type) -> Result<String> {
        Ok(match ty {
            Type::Bool => "bool".into(),
            Type::U8 => "u8".into(),
            Type::U16 => "u16".into(),
            Type::U32 => "u32".into(),
            Type::U64 => "u64".into(),
            Type::S8 => "i8".into(),
            Type::S16 => "i16".into(),
            Type::S32 => "i32".into(),
            Type::S64 => "i64".into(),
            Type::F32 => "f32".into(),
            Type::F64 => "f64".into(),
            Type::String => "string".into(),
            Type::Char | Type::ErrorContext => bail!("{ty:?} has no form in AssemblyScript yet"),
            Type::Id(id) => {
                let definition = &self.resolve.types[*id];
                match (&definition.kind, &definition.name) {
                    (TypeDefKind::Type(inner), Some(name)) if name == "material" => self.name(inner)?,
                    (TypeDefKind::Type(inner @ Type::Id(_)), _) => self.name(inner)?,
                    (_, Some(name)) => class_name(name),
                    (TypeDefKind::List(item), None) => format!("Array<{}>", self.name(item)?),
                    (TypeDefKind::Option(inner), None) => self.optional(inner)?,
                    (TypeDefKind::Tuple(tuple), None) if tuple.types.len() == 2 => {
                        format!("Pair<{}, {}>", self.name(&tuple.types[0])?, self.name(&tuple.types[1])?)
                    }
                    (TypeDefKind::Result(result), None) => match (&result.ok, &result.err) {
                        (None, Some(Type::String)) => "string | null".into(),
                        (Some(ok), Some(Type::String)) => format!("Result<{}>", self.name(ok)?),
                        _ => bail!("a result whose error is not a string has no form in AssemblyScript yet"),
                    },
                    (other, None) => bail!("a {} has no form in AssemblyScript yet", other.as_str()),
                }
            }
        })
    }

    /// An option: null, or the thing itself where it can be told from null.
    fn optional(&self, inner: &Type) -> Result<String> {
        let name = self.name(inner)?;
        Ok(if self.is_reference(inner) { format!("{name} | null") } else { format!("Some<{name}> | null") })
    }

    /// Whether a value is a reference to AssemblyScript.
    fn is_reference(&self, ty: &Type) -> bool {
        match self.plain(ty) {
            Type::String => true,
            Type::Id(id) => !matches!(self.resolve.types[id].kind, TypeDefKind::Enum(_)),
            _ => false,
        }
    }

    /// A type without the aliases around it.
    fn plain(&self, ty: &Type) -> Type {
        match ty {
            Type::Id(id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Type(inner) => self.plain(inner),
                _ => *ty,
            },
            _ => *ty,
        }
    }

    fn size(&self, ty: &Type) -> usize {
        self.sizes.size(ty).size_wasm32()
    }

    fn align(&self, ty: &Type) -> usize {
        self.sizes.align(ty).align_wasm32()
    }

    /// Statements that put a value at `at + offset`.
    fn store(&self, block: &mut Block, ty: &Type, value: &str, offset: usize) -> Result<()> {
        let ty = self.plain(ty);
        let Type::Id(id) = ty else {
            match ty {
                Type::String => {
                    block.line(format!("store<usize>(at, changetype<usize>({value}), {offset});"));
                    block.line(format!("store<i32>(at, {value}.length, {});", offset + 4));
                }
                Type::Bool => block.line(format!("store<u8>(at, <u8>{value}, {offset});")),
                _ => block.line(format!("store<{}>(at, {value}, {offset});", self.name(&ty)?)),
            }
            return Ok(());
        };
        let definition = &self.resolve.types[id];
        match &definition.kind {
            TypeDefKind::Enum(_) => block.line(format!("store<u8>(at, <u8>{value}, {offset});")),
            TypeDefKind::Record(_) | TypeDefKind::Variant(_) => {
                let name = class_name(definition.name.as_deref().unwrap_or_default());
                block.line(format!("store{name}({}, {value});", plus("at", offset)));
            }
            TypeDefKind::List(item) => {
                let list = block.temporary();
                block.line(format!("const {list} = {value};"));
                block.line(format!("store<usize>(at, {}, {offset});", self.lowered_list(item, &list)?));
                block.line(format!("store<i32>(at, {list}.length, {});", offset + 4));
            }
            TypeDefKind::Option(inner) => {
                let at = offset + self.payload(inner);
                let some = block.temporary();
                block.line(format!("const {some} = {value};"));
                block.line(format!("if ({some} !== null) {{"));
                block.line(format!("store<u8>(at, 1, {offset});"));
                let inside = if self.is_reference(inner) { some } else { format!("{some}.value") };
                self.store(block, inner, &inside, at)?;
                block.line("} else {");
                block.line(format!("store<u8>(at, 0, {offset});\n  }}"));
            }
            TypeDefKind::Tuple(tuple) if tuple.types.len() == 2 => {
                let pair = block.temporary();
                block.line(format!("const {pair} = {value};"));
                for ((inner, ty), part) in
                    self.sizes.field_offsets(&tuple.types).iter().zip(["first", "second"])
                {
                    self.store(block, ty, &format!("{pair}.{part}"), offset + inner.size_wasm32())?;
                }
            }
            TypeDefKind::Result(result) => {
                let payloads = [result.ok.as_ref(), result.err.as_ref()];
                let at = offset + self.sizes.payload_offset(wit_parser::Int::U8, payloads).size_wasm32();
                let failure = block.temporary();
                let error = if result.ok.is_some() { format!("{value}.error") } else { value.to_owned() };
                block.line(format!("const {failure} = {error};"));
                block.line(format!("if ({failure} !== null) {{"));
                block.line(format!("store<u8>(at, 1, {offset});"));
                self.store(block, &Type::String, &failure, at)?;
                block.line("} else {");
                block.line(format!("store<u8>(at, 0, {offset});"));
                if let Some(ok) = &result.ok {
                    self.store(block, ok, &format!("{value}.value!"), at)?;
                }
                block.line("}");
            }
            other => bail!("a {} cannot be lowered yet", other.as_str()),
        }
        Ok(())
    }

    /// How far behind its tag the payload of an option lies.
    fn payload(&self, inner: &Type) -> usize {
        self.sizes.payload_offset(wit_parser::Int::U8, [None, Some(inner)]).size_wasm32()
    }

    /// The address of a list's items in memory; numbers lie there already.
    fn lowered_list(&self, item: &Type, list: &str) -> Result<String> {
        Ok(match self.plain(item) {
            Type::Bool | Type::String | Type::Id(_) => format!("lowerListOf{}({list})", self.word(item)?),
            _ => format!("{list}.dataStart"),
        })
    }

    /// An expression that takes a value from `at + offset`.
    fn load(&self, ty: &Type, offset: usize) -> Result<String> {
        let ty = self.plain(ty);
        let pair = |lift: &str| format!("{lift}(load<usize>(at, {offset}), load<u32>(at, {}))", offset + 4);
        let Type::Id(id) = ty else {
            return Ok(match ty {
                Type::String => pair("liftString"),
                Type::Bool => format!("load<u8>(at, {offset}) != 0"),
                _ => format!("load<{}>(at, {offset})", self.name(&ty)?),
            });
        };
        let definition = &self.resolve.types[id];
        Ok(match &definition.kind {
            TypeDefKind::Enum(_) => format!("<{}>load<u8>(at, {offset})", self.name(&ty)?),
            TypeDefKind::Record(_) | TypeDefKind::Variant(_) => {
                let name = class_name(definition.name.as_deref().unwrap_or_default());
                format!("load{name}({})", plus("at", offset))
            }
            TypeDefKind::List(item) => pair(&self.lifted_list(item)?),
            TypeDefKind::Option(inner) => {
                let payload = self.load(inner, offset + self.payload(inner))?;
                let some = if self.is_reference(inner) {
                    payload
                } else {
                    format!("new Some<{}>({payload})", self.name(inner)?)
                };
                format!("(load<u8>(at, {offset}) ? {some} : null)")
            }
            TypeDefKind::Tuple(tuple) if tuple.types.len() == 2 => {
                let offsets = self.sizes.field_offsets(&tuple.types);
                let parts: Result<Vec<String>> =
                    offsets.iter().map(|(inner, ty)| self.load(ty, offset + inner.size_wasm32())).collect();
                format!("new {}({})", self.name(&Type::Id(id))?, parts?.join(", "))
            }
            other => bail!("a {} cannot be lifted yet", other.as_str()),
        })
    }

    fn lifted_list(&self, item: &Type) -> Result<String> {
        Ok(match self.plain(item) {
            Type::Bool | Type::String | Type::Id(_) => format!("liftListOf{}", self.word(item)?),
            number => format!("liftNumbers<{}>", self.name(&number)?),
        })
    }

    /// A type as a part of a function's name.
    fn word(&self, ty: &Type) -> Result<String> {
        let name = self.name(ty)?.replace(" | null", "OrNull");
        Ok(name.split(['<', '>', ',', ' ']).map(pascal).collect())
    }

    /// The functions that lower and lift lists of things that are more than numbers.
    fn list(&self, item: &Type) -> Result<String> {
        let (class, word, size) = (self.name(item)?, self.word(item)?, self.size(item));
        let mut store = Block::default();
        self.store(&mut store, item, "unchecked(list[i])", 0)?;
        let store = store.text.replace("\n  ", "\n    ");
        let mut out = format!(
            "\nfunction lowerListOf{word}(list: Array<{class}>): usize {{\n  const begin = heap.alloc(list.length * {size});\n  \
             let at = begin;\n  for (let i = 0; i < list.length; i++) {{\n  {}    at += {size};\n  }}\n  return begin;\n}}\n",
            store
        );
        let load = self.load(item, 0)?;
        let _ = writeln!(
            out,
            "\nfunction liftListOf{word}(begin: usize, length: u32): Array<{class}> {{\n  const list = new Array<{class}>(length);\n  \
                 let at = begin;\n  for (let i: u32 = 0; i < length; i++) {{\n    unchecked(list[i] = {load});\n    at += {size};\n  }}\n  return \
                 list;\n}}"
        );
        Ok(out)
    }

    /// The functions of one interface; each name begins with the interface's, since some are those of the language.
    fn import(&self, id: InterfaceId) -> Result<String> {
        let interface = &self.resolve.interfaces[id];
        let name = interface.name.as_deref().context("an interface without a name")?;
        let module = self.resolve.id_of(id).context("an interface of no package")?;
        let mut out = String::new();
        for (_, function) in &interface.functions {
            self.function(name, &module, function, &mut out)?;
        }
        Ok(out)
    }

    fn function(&self, interface: &str, module: &str, function: &Function, out: &mut String) -> Result<()> {
        let signature = self.resolve.wasm_signature(AbiVariant::GuestImport, function);
        if signature.indirect_params {
            bail!("`{}` has more parameters than fit into registers", function.name);
        }
        let symbol = format!("{}_{}", camel(interface), camel(&function.name));
        let params: Vec<String> =
            signature.params.iter().enumerate().map(|(at, ty)| format!("p{at}: {}", core(*ty))).collect();
        let result = signature.results.first().map_or("void", |ty| core(*ty));
        let _ = writeln!(
            out,
            "\n@external(\"{module}\", \"{}\")\ndeclare function {symbol}({}): {result};",
            function.name,
            params.join(", ")
        );
        let (mut typed, mut flat, mut body) = (Vec::new(), Vec::new(), Block::default());
        for param in &function.params {
            let name = field_name(&param.name);
            typed.push(format!("{name}: {}", self.name(&param.ty)?));
            self.flatten(&mut body, &param.ty, &name, &mut flat)?;
        }
        let class = function.result.as_ref().map(|ty| self.name(ty)).transpose()?;
        match &function.result {
            None => body.line(format!("{symbol}({});", flat.join(", "))),
            Some(ty) if signature.retptr => {
                body.line(format!("const at = memory.data({}, {});", self.size(ty), self.align(ty)));
                flat.push("at".into());
                body.line(format!("{symbol}({});", flat.join(", ")));
                body.line(format!("return {};", self.load(ty, 0)?));
            }
            Some(ty) => {
                let class = class.as_deref().unwrap_or("void");
                let call = format!("{symbol}({})", flat.join(", "));
                let same = matches!(self.plain(ty), Type::Bool);
                body.line(if same {
                    format!("return {call} != 0;")
                } else {
                    format!("return <{class}>{call};")
                });
            }
        }
        let _ = write!(
            out,
            "\n{}export function {}{}({}): {} {{\n{}}}\n",
            comment(&function.docs, ""),
            camel(interface),
            pascal(&function.name),
            typed.join(", "),
            class.unwrap_or_else(|| "void".into()),
            body.text
        );
        Ok(())
    }

    /// A value as arguments of a core function.
    fn flatten(&self, block: &mut Block, ty: &Type, value: &str, flat: &mut Vec<String>) -> Result<()> {
        let ty = self.plain(ty);
        let Type::Id(id) = ty else {
            match ty {
                Type::String => {
                    flat.extend([format!("changetype<usize>({value})"), format!("{value}.length")])
                }
                Type::Bool => flat.push(format!("<i32>{value}")),
                Type::U64 => flat.push(format!("<i64>{value}")),
                _ => flat.push(value.to_owned()),
            }
            return Ok(());
        };
        match &self.resolve.types[id].kind {
            TypeDefKind::Enum(_) => flat.push(value.to_owned()),
            TypeDefKind::Record(record) => {
                for field in &record.fields {
                    self.flatten(block, &field.ty, &format!("{value}.{}", field_name(&field.name)), flat)?;
                }
            }
            TypeDefKind::List(item) => {
                flat.extend([self.lowered_list(item, value)?, format!("{value}.length")]);
            }
            TypeDefKind::Option(inner) if !self.is_reference(inner) => {
                flat.extend([
                    format!("{value} !== null ? 1 : 0"),
                    format!("{value} !== null ? {value}.value : 0"),
                ]);
            }
            other => bail!("a {} cannot be an argument yet", other.as_str()),
        }
        Ok(())
    }

    /// The functions that lower and lift every list of the interface.
    fn lists(&self) -> Result<String> {
        let mut seen = std::collections::BTreeMap::new();
        for (_, definition) in &self.resolve.types {
            let TypeDefKind::List(item) = &definition.kind else { continue };
            if matches!(self.plain(item), Type::Bool | Type::String | Type::Id(_)) {
                seen.insert(self.word(item)?, *item);
            }
        }
        seen.values().map(|item| self.list(item)).collect()
    }

    /// What the exports return, put into memory and kept there until the host has read it.
    fn results(&self, world: WorldId) -> Result<String> {
        let mut out = String::new();
        for function in exports(self.resolve, world)? {
            let ty =
                function.result.as_ref().with_context(|| format!("`{}` has no result", function.name))?;
            let (class, name, kept) =
                (self.name(ty)?, pascal(&function.name), format!("kept{}", pascal(&function.name)));
            let optional = if class.ends_with("| null") { class.clone() } else { format!("{class} | null") };
            let mut body = Block::default();
            self.store(&mut body, ty, "value", 0)?;
            let _ = write!(
                out,
                "\n@lazy let {kept}: {optional} = null;\n\nexport function lower{name}Result(value: {class}): usize {{\n  \
                 {kept} = value;\n  const at = memory.data({}, {});\n{}  return at;\n}}\n\nexport function \
                 release{name}Result(): void {{\n  {kept} = null;\n}}\n",
                self.size(ty),
                self.align(ty),
                body.text
            );
        }
        Ok(out)
    }

    /// The exports: what the canonical ABI calls, around what `./spellhost-guest` has.
    fn entry(&self, world: WorldId) -> Result<String> {
        let (mut names, mut body) = (Vec::new(), String::new());
        for function in exports(self.resolve, world)? {
            body.push_str(&self.export(function, &mut names)?);
        }
        names.sort();
        names.dedup();
        Ok(format!(
            "{HEAD}import * as guest from \"./spellhost-guest\";\nimport {{\n  {},\n}} from \
             \"@spellhost/sdk/bindings\";\n{REALLOC}{body}",
            names.join(",\n  ")
        ))
    }

    fn export(&self, function: &Function, names: &mut Vec<String>) -> Result<String> {
        let signature = self.resolve.wasm_signature(AbiVariant::GuestExport, function);
        if signature.results != [WasmType::Pointer] {
            bail!("`{}` has a result that fits into a register", function.name);
        }
        let params: Vec<String> =
            signature.params.iter().enumerate().map(|(at, ty)| format!("p{at}: {}", core(*ty))).collect();
        let types: Vec<Type> = function.params.iter().map(|param| param.ty).collect();
        let mut arguments = Vec::new();
        let mut body = Block::default();
        if signature.indirect_params {
            body.line("const at = p0;");
            for (offset, ty) in self.sizes.field_offsets(&types) {
                arguments.push(self.load(ty, offset.size_wasm32())?);
            }
        } else {
            for (index, ty) in types.iter().enumerate() {
                let pair = format!("(p{}, p{})", 2 * index, 2 * index + 1);
                arguments.push(match self.plain(ty) {
                    Type::String => format!("liftString{pair}"),
                    Type::Id(id) => match &self.resolve.types[id].kind {
                        TypeDefKind::List(item) => format!("{}{pair}", self.lifted_list(item)?),
                        other => bail!("a {} cannot be a parameter of an export yet", other.as_str()),
                    },
                    _ => bail!("a number cannot be a parameter of an export yet"),
                });
            }
        }
        let (name, exported) = (pascal(&function.name), function.name.replace('-', "$"));
        let call = format!("lower{name}Result(guest.{}({}))", camel(&function.name), arguments.join(", "));
        body.line(format!("return {call};"));
        let is_helper = |word: &&str| {
            ["load", "lift", "lower"].iter().any(|start| word.starts_with(start)) && *word != "load"
        };
        names.extend(
            call.split(|letter: char| !letter.is_alphanumeric()).filter(is_helper).map(str::to_owned),
        );
        names.push(format!("release{name}Result"));
        Ok(format!(
            "\nexport function {exported}({}): usize {{\n{}}}\n\nexport function cabi_post_{exported}(_: usize): void {{\n  \
             release{name}Result();\n}}\n",
            params.join(", "),
            body.text
        ))
    }
}

/// The functions that a world exports.
fn exports<'a>(resolve: &'a Resolve, world: WorldId) -> Result<Vec<&'a Function>> {
    let function = |item: &'a WorldItem| match item {
        WorldItem::Function(function) => Ok(function),
        _ => bail!("only functions can be exported yet"),
    };
    resolve.worlds[world].exports.values().map(function).collect()
}

/// Every line as far in as the brackets around it say.
fn indented(text: &str) -> String {
    let (mut out, mut depth) = (String::new(), 0_usize);
    for line in text.lines().map(str::trim) {
        let is_comment = ["/**", "*", "//"].iter().any(|start| line.starts_with(start));
        let count = |brackets: [char; 2]| if is_comment { 0 } else { line.matches(brackets).count() };
        let leading = line.chars().take_while(|letter| "})".contains(*letter)).count();
        let before = depth.saturating_sub(leading);
        depth = (depth + count(['{', '('])).saturating_sub(count(['}', ')']));
        let star = if line.starts_with('*') { " " } else { "" };
        let margin = if line.is_empty() { String::new() } else { "  ".repeat(before) + star };
        let _ = writeln!(out, "{margin}{line}");
    }
    out
}

/// `at`, or `at + 8`.
fn plus(at: &str, offset: usize) -> String {
    if offset == 0 { at.to_owned() } else { format!("{at} + {offset}") }
}

/// A type of a core function, as AssemblyScript says it.
fn core(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I32 => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::Pointer => "usize",
        WasmType::Length => "u32",
    }
}

/// The class of a named type.
fn class_name(wit: &str) -> String {
    OWN.iter().find(|(own, ..)| *own == wit).map_or_else(|| pascal(wit), |(_, name, _)| (*name).to_owned())
}

/// `max-distance` becomes `maxDistance`.
fn field_name(wit: &str) -> String {
    TAKEN.iter().find(|(taken, _)| *taken == wit).map_or_else(|| camel(wit), |(_, name)| (*name).to_owned())
}

fn camel(wit: &str) -> String {
    let pascal = pascal(wit);
    pascal.chars().take(1).flat_map(char::to_lowercase).chain(pascal.chars().skip(1)).collect()
}

fn pascal(wit: &str) -> String {
    wit.split('-')
        .flat_map(|word| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)))
        .collect()
}

/// The comments of the interface, as editors show them.
fn comment(docs: &Docs, indent: &str) -> String {
    let Some(text) = &docs.contents else { return String::new() };
    let lines: Vec<&str> = text.trim().lines().collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let body: String =
                lines.iter().map(|line| format!("{indent} * {line}\n").replace("* \n", "*\n")).collect();
            format!("{indent}/**\n{body}{indent} */\n")
        }
    }
}

const HEAD: &str = "// Generated from wit/ by tools/bindings; `cargo xtask check` compares. Do not edit.\n\n";

/// How texts and lists of numbers come from memory.
const TEXT: &str = "
function liftText(begin: usize, length: u32): string {
  return String.UTF16.decodeUnsafe(begin, <usize>length << 1);
}

/** A text that the host wrote at `begin`: so many UTF-16 units. */
export function liftString(begin: usize, length: u32): string {
  return length ? liftText(begin, length) : \"\";
}

/** Numbers that the host wrote at `begin`. */
export function liftNumbers<T>(begin: usize, length: u32): Array<T> {
  const list = new Array<T>(length);
  memory.copy(list.dataStart, begin, <usize>length * sizeof<T>());
  return list;
}
";

/// Where the host puts what it hands over.
const REALLOC: &str = "
/** Where the host asks for memory to put arguments and results into. */
export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  if (size == 0) return align;
  return old != 0 && oldSize != 0 ? heap.realloc(old, size) : heap.alloc(size);
}
";
