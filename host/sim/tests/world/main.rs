//! The world against scripted results: no component runs here.

mod budgets;
mod casting;
mod entities;
mod flight;
mod harness;
mod restoring;
mod swaps;
