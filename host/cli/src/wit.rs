//! A component's WIT as text: the only place of the command line that asks the component tools.

use wit_component::{DecodedWasm, OutputToString, WitPrinter, decode};

use crate::problem::Problem;

/// The world of a component and the interfaces it uses, as text.
///
/// # Errors
/// Where the bytes are not a component.
pub fn wit(component: &[u8]) -> Result<String, Problem> {
    let failed = |error: &dyn std::fmt::Display| {
        let mut problem = Problem::failed("malformed", "the component's types cannot be read");
        problem.causes.push(error.to_string());
        problem
    };
    let decoded: DecodedWasm = decode(component).map_err(|error| failed(&error))?;
    let (resolve, package) = (decoded.resolve(), decoded.package());
    let nested: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != package).collect();
    let mut printer = WitPrinter::new(OutputToString::default());
    printer.emit_docs(false).print(resolve, package, &nested).map_err(|error| failed(&error))?;
    Ok(printer.output.to_string())
}
