//! Embeds the pages of `codegen explain`: every `codes/JW*.md`, so that a new page needs no list.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=codes");
    let folder = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let folder = Path::new(&folder).join("codes");
    let mut pages = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(code) = name.strip_suffix(".md").filter(|n| n.starts_with("JW")) {
            pages.push((code.to_owned(), folder.join(&name)));
        }
    }
    pages.sort();
    let lines = pages.iter().map(|(code, path)| {
        format!(
            "    ({code:?}, include_str!({path:?})),\n",
            path = path.to_string_lossy()
        )
    });
    let text = format!("&[\n{}]\n", lines.collect::<String>());
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("pages.rs"), text)
}
