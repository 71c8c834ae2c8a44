//! A component's interface as text, for people who ask what a file is.
//!
//! Reads bytes that admission has passed; promises an error and no panic on any others.

use wit_component::{DecodedWasm, OutputToString, WitPrinter, decode};

/// The WIT of a component: its world and the interfaces that it uses, without comments.
///
/// # Errors
/// Why the bytes have no readable types.
pub fn interface(component: &[u8]) -> Result<String, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the component's types cannot be read: {error}");
    let decoded: DecodedWasm = decode(component).map_err(|error| failed(&error))?;
    let (resolve, package) = (decoded.resolve(), decoded.package());
    let nested: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != package).collect();
    let mut printer = WitPrinter::new(OutputToString::default());
    printer.emit_docs(false).print(resolve, package, &nested).map_err(|error| failed(&error))?;
    Ok(printer.output.to_string())
}
