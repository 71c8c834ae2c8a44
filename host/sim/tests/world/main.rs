//! The world against scripted results: no component runs here.

mod bounds;
mod budgets;
mod casting;
mod entities;
mod flight;
mod harness;
mod restoring;
mod swaps;
mod tree;
