//! Where cargo puts what it builds.

use std::path::{Path, PathBuf};

/// The target directory of this build: `CARGO_TARGET_DIR`, else the one that this program lies in, else the
/// workspace's `target`.
pub fn directory() -> PathBuf {
    if let Some(dir) = std::env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
        let dir = PathBuf::from(dir);
        return if dir.is_absolute() {
            dir
        } else {
            workspace().join(dir)
        };
    }
    // Cargo marks the root of every target directory with this file.
    let exe = std::env::current_exe().unwrap_or_default();
    let marked = exe
        .ancestors()
        .find(|dir| dir.join("CACHEDIR.TAG").is_file());
    marked.map_or_else(|| workspace().join("target"), Path::to_path_buf)
}

/// The directory of finished programs for the profile that this program was built with, such as `target/debug`.
pub fn programs() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    match exe.parent() {
        Some(dir) if !exe.starts_with(directory()) => {
            let _ = dir;
            directory().join("debug")
        }
        Some(dir) if dir.ends_with("deps") || dir.ends_with("examples") => {
            dir.parent().unwrap_or(dir).to_path_buf()
        }
        Some(dir) => dir.to_path_buf(),
        None => directory().join("debug"),
    }
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Whether cargo itself sets this variable for the programs that it runs. Build scripts watch some of them (that of `ring`
/// does): a cargo that inherited them from a test would build half of the workspace anew, and the next one again.
pub fn is_told_by_cargo(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    let families = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    let single = [
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
    ];
    families.iter().any(|family| name.starts_with(family)) || single.contains(&&*name)
}

/// The options that make cargo build into [`programs`].
pub(crate) fn cargo_options() -> Vec<String> {
    let programs = programs();
    let mut options = vec!["--target-dir".to_owned(), directory().display().to_string()];
    match programs.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => {}
        Some("release") => options.push("--release".to_owned()),
        Some(profile) => options.extend(["--profile".to_owned(), profile.to_owned()]),
    }
    // With `--target` there is one more directory in between, named after it.
    if let Some(triple) = programs
        .parent()
        .filter(|dir| *dir != directory())
        .and_then(Path::file_name)
    {
        options.extend(["--target".to_owned(), triple.to_string_lossy().into_owned()]);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_directory_this_test_was_built_into() {
        let exe = std::env::current_exe().unwrap_or_default();
        assert_eq!(exe.parent(), Some(programs().join("deps").as_path()));
        assert!(directory().join("CACHEDIR.TAG").is_file());
        assert!(workspace().join("Cargo.lock").is_file());
    }
}
