//! `cargo demo` and `cargo broker`.

fn main() {}
