//! The shape of a generated spell: which imports it has, what it exports, and the functions that are
//! written by rule and not by chance.
//!
//! A generated function calls imports with whatever is on its stack, which is almost never an
//! argument that an import takes. So each import also has a *shim* of one number, whose arguments
//! are made from that number and mostly make sense.

use wasm_encoder::{Function, InstructionSink, MemArg};

use crate::memory::{
    ENTITIES, HEAP, INFO, List, MIGRATED, OK, PROJECTILES, RAYS, REMOTES, RETURNED, SHOWS, TERRAIN, TEXT,
};

/// An import as core WebAssembly sees it.
pub struct Import {
    pub interface: &'static str,
    pub function: &'static str,
    /// How each argument is made: see [`argument`].
    pub arguments: &'static str,
    pub result: &'static str,
}

const fn import(
    interface: &'static str,
    function: &'static str,
    arguments: &'static str,
    result: &'static str,
) -> Import {
    Import { interface, function, arguments, result }
}

/// Every import of the contract.
pub const IMPORTS: [Import; 25] = [
    import("scene", "tick", "", "i64"),
    import("scene", "get-voxel", "iii", "i32"),
    import("scene", "get-voxels", "iiikkkp", ""),
    import("scene", "raycast", "ffffffup", ""),
    import("scene", "raycasts", "ycp", ""),
    import("scene", "line-of-sight", "ffffff", "i32"),
    import("scene", "entity", "lp", ""),
    import("scene", "entities-in-radius", "fffubbp", ""),
    import("scene", "entities-by-kind", "bkp", ""),
    import("scene", "material-named", "skp", ""),
    import("terrain", "apply", "tc", ""),
    import("terrain", "watch-box", "iiikkkik", ""),
    import("projectiles", "spawn", "jc", ""),
    import("entities", "apply", "ec", ""),
    import("presentation", "show", "wc", ""),
    import("timers", "wake-after", "ki", ""),
    import("timers", "cancel", "i", ""),
    import("remote-events", "emit", "rc", ""),
    import("remote-events", "listen", "skk", ""),
    import("state", "load", "p", ""),
    import("state", "save", "pk", ""),
    import("state", "finish", "", ""),
    import("random", "next", "", "i64"),
    import("random", "fill", "kp", ""),
    import("log", "log", "bsk", ""),
];

/// The place of `timers.wake-after`: what keeps a generated spell alive.
pub const WAKE_AFTER: usize = 15;

impl Import {
    fn signature(&self) -> String {
        let parameter = |class: char| match class {
            'f' | 'u' => "f64",
            'l' => "i64",
            _ => "i32",
        };
        let parameters: String = self.arguments.chars().map(parameter).map(|ty| format!(" {ty}")).collect();
        let result = if self.result.is_empty() { String::new() } else { format!("(result {})", self.result) };
        format!("(param{parameters}) {result}")
    }
}

/// A module that shows what a generated one imports and exports. Its functions, in the order of
/// their numbers: the imports, then [`EXPORTS`], then the inner functions, then the shims.
pub fn shape(imports: &[usize]) -> Vec<u8> {
    let mut text = String::from("(module\n");
    for import in imports.iter().map(|at| &IMPORTS[*at]) {
        let Import { interface, function, .. } = import;
        text += &format!(
            "(import \"spellhost:spell/{interface}@0.1.0\" \"{function}\" (func {}))\n",
            import.signature()
        );
    }
    for (name, parameters, result) in EXPORTS {
        text += &format!("(func (export \"{name}\") {parameters} {result} unreachable)\n");
    }
    for n in 0..INNERS {
        text += &format!("(func (export \"inner-{n}\") (param i32) (result i32) unreachable)\n");
    }
    for at in imports {
        text += &format!("(func (export \"shim-{at}\") (param i32) (result i32) unreachable)\n");
    }
    text += "(memory (export \"memory\") 4 8))";
    wat::parse_str(&text).expect("the shape is text that was just written")
}

/// What the contract's world asks a core module to export, beside its memory.
pub const EXPORTS: [(&str, &str, &str); 5] = [
    ("cabi_realloc", "(param i32 i32 i32 i32)", "(result i32)"),
    ("describe", "", "(result i32)"),
    ("cast", "(param i32)", "(result i32)"),
    ("on-event", "(param i32)", "(result i32)"),
    ("migrate", "(param i32 i32 i32 i32)", "(result i32)"),
];

/// How many functions the exports call whose bodies are left to chance.
pub const INNERS: u32 = 3;

/// What is decided about the functions that are written by rule.
pub struct Rules<'a> {
    /// The imports, by their places.
    pub imports: &'a [usize],
    /// How exports end.
    pub ending: Ending,
    /// The shims that `cast` and `on-event` call, by their places among the imports, each with the
    /// number that it is given.
    pub steps: &'a [(usize, i32)],
}

/// How an export ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As the contract says, with ok.
    Ok,
    /// With whatever lies somewhere in memory.
    Somewhere,
    /// With a number left to chance, and an allocator and a description left to chance as well.
    Chance,
}

impl Rules<'_> {
    /// The body of the `n`-th function that is not imported, where a rule writes it.
    pub fn body(&self, n: u32) -> Option<Function> {
        let exports = EXPORTS.len() as u32;
        let chance = self.ending == Ending::Chance;
        match n {
            0 | 1 if chance => None,
            0 => Some(allocate()),
            1 => Some(describe()),
            2 => Some(self.export(0, OK)),
            3 => Some(self.export(1, OK)),
            4 => Some(self.export(2, MIGRATED)),
            n if n < exports + INNERS => None,
            n => {
                let number = (n - exports - INNERS) as usize;
                Some(shim(&IMPORTS[*self.imports.get(number)?], number as u32))
            }
        }
    }

    fn export(&self, inner: u32, answer: u32) -> Function {
        let mut function = Function::new([]);
        let mut code = function.instructions();
        let first = self.imports.len() as u32 + EXPORTS.len() as u32;
        if answer == OK {
            for (shim, number) in self.steps {
                code.i32_const(*number).call(first + INNERS + *shim as u32).drop();
            }
        }
        code.local_get(0).call(first + inner);
        match self.ending {
            Ending::Ok => code.drop().i32_const(answer as i32),
            Ending::Somewhere => code.i32_const(0xfffc).i32_and(),
            Ending::Chance => &mut code,
        };
        code.end();
        function
    }
}

fn describe() -> Function {
    let mut function = Function::new([]);
    function.instructions().i32_const(INFO as i32).end();
    function
}

/// An allocator that gives nothing back and keeps its end in memory.
fn allocate() -> Function {
    let word = MemArg { offset: u64::from(HEAP), align: 2, memory_index: 0 };
    let mut function = Function::new([(1, wasm_encoder::ValType::I32)]);
    let mut code = function.instructions();
    code.i32_const(0).i32_load(word).i32_const(15).i32_add().i32_const(-16).i32_and().local_set(4);
    code.i32_const(0).local_get(4).local_get(3).i32_add().i32_store(word);
    code.local_get(4).end();
    function
}

fn shim(import: &Import, number: u32) -> Function {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    for (at, class) in import.arguments.chars().enumerate() {
        code.local_get(0).i32_const(5 * at as i32).i32_rotr();
        argument(&mut code, class);
    }
    code.call(number);
    match import.result {
        "i32" => &mut code,
        "i64" => code.i32_wrap_i64(),
        _ => code.local_get(0),
    };
    code.end();
    function
}

/// Turns the number on the stack into an argument of a class.
fn argument(code: &mut InstructionSink<'_>, class: char) {
    let within = |code: &mut InstructionSink<'_>, list: List| {
        code.i32_const(7).i32_and().i32_const(list.stride as i32).i32_mul();
        code.i32_const(list.at as i32).i32_add();
    };
    match class {
        // A block's coordinate or a tag; a number that counts; a choice; a short count.
        'i' => code.i32_const(63).i32_and().i32_const(32).i32_sub(),
        'k' => code.i32_const(15).i32_and(),
        'b' => code.i32_const(3).i32_and(),
        'c' => code.i32_const(1).i32_and().i32_const(1).i32_add(),
        // A coordinate; a length; an entity.
        'f' => code.i32_const(127).i32_and().i32_const(64).i32_sub().f64_convert_i32_s(),
        'u' => code.i32_const(31).i32_and().f64_convert_i32_u(),
        'l' => code.i32_const(7).i32_and().i64_extend_i32_u(),
        // Room for a result; text.
        'p' => code.i32_const(0xff8).i32_and().i32_const(RETURNED as i32).i32_add(),
        's' => code.i32_const(31).i32_and().i32_const(TEXT as i32).i32_add(),
        't' => return within(code, TERRAIN),
        'j' => return within(code, PROJECTILES),
        'e' => return within(code, ENTITIES),
        'w' => return within(code, SHOWS),
        'r' => return within(code, REMOTES),
        _ => return within(code, RAYS),
    };
}
