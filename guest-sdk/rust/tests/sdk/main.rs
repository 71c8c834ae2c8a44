//! What the SDK promises to authors, held natively through the mock world.

#![allow(missing_docs, reason = "a test's items are not an interface")]

mod calls;
mod chance;
mod declarations;
mod imports;
mod messages;
mod sight;
