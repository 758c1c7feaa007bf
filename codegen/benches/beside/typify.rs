//! Generates a formatted module per schema with typify, and says how long that took. No part of the workspace:
//! `run` beside it builds it in a folder of its own, where typify can be had.
//!
//! `beside <folder of schemas> <folder to write to>`

use std::path::Path;
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (from, to) = (Path::new(&arguments[0]), Path::new(&arguments[1]));
    let mut schemas: Vec<_> = std::fs::read_dir(from)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    schemas.sort();
    let began = Instant::now();
    let mut lines = 0;
    for path in &schemas {
        let text = std::fs::read_to_string(path).expect("a file");
        let schema: schemars::schema::RootSchema = serde_json::from_str(&text).expect("a schema");
        let mut types = typify::TypeSpace::new(&typify::TypeSpaceSettings::default());
        types.add_root_schema(schema).expect("types");
        let file = syn::parse2::<syn::File>(types.to_stream()).expect("Rust");
        let text = prettyplease::unparse(&file);
        lines += text.lines().count();
        let name = path.file_stem().expect("a name").to_string_lossy().replace('.', "_");
        std::fs::write(to.join(format!("{name}.rs")), text).expect("to write");
    }
    let modules: String = schemas
        .iter()
        .map(|path| path.file_stem().expect("a name").to_string_lossy().replace('.', "_"))
        .map(|name| format!("pub mod {name};\n"))
        .collect();
    std::fs::write(to.join("lib.rs"), modules).expect("to write");
    println!("{} {}", began.elapsed().as_millis(), lines / schemas.len().max(1));
}
