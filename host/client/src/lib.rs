//! A headless client of a host.
