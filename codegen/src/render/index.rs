//! The `mod.rs` files.

use askama::Template;

use super::imports::exported;
use super::text::{Lines, version_key, version_order};
use super::{header, service};
use crate::model::names::identifier;
use crate::model::{Contract, Module};

#[derive(Template)]
#[template(path = "shared.txt", escape = "none")]
struct Shared {
    header: String,
    modules: String,
    exports: String,
}

#[derive(Template)]
#[template(path = "mod.txt", escape = "none")]
struct Root {
    header: String,
    source: String,
    modules: String,
    exports: String,
    events: String,
}

/// `shared/mod.rs`, where anything is shared.
pub(super) fn shared(contract: &Contract) -> Result<Option<String>, askama::Error> {
    let modules: Vec<&Module> = shared_modules(contract).collect();
    if modules.is_empty() {
        return Ok(None);
    }
    let mut exports: Vec<(String, Vec<String>)> = modules
        .iter()
        .map(|module| {
            let own = module.types.iter().map(|id| contract.types.get(*id));
            let names = own.filter(|definition| exported(&contract.types, definition));
            (
                identifier(&module.name),
                names.map(|definition| definition.name.clone()).collect(),
            )
        })
        .collect();
    exports.sort_by_cached_key(|(module, _)| version_key(module));
    let mut sources: Vec<&str> = modules
        .iter()
        .map(|module| module.source.as_str())
        .collect();
    sources.sort_unstable();
    Shared {
        header: header(&sources),
        modules: declarations(
            "pub mod",
            modules
                .iter()
                .map(|module| identifier(&module.name))
                .collect(),
        ),
        exports: exported_names(exports),
    }
    .render()
    .map(Some)
}

fn shared_modules(contract: &Contract) -> impl Iterator<Item = &Module> {
    contract
        .types
        .modules()
        .filter(|module| module.shared && !module.types.is_empty())
}

/// `mod.rs`.
pub(super) fn root(contract: &Contract) -> Result<String, askama::Error> {
    let own = contract.events.iter().map(|event| {
        let module = identifier(&contract.types.module(event.module).name);
        (module, vec![contract.types.get(event.data).name.clone()])
    });
    let mut exports: Vec<(String, Vec<String>)> = own.collect();
    exports.sort_by_cached_key(|(module, _)| version_key(module));
    let mut modules: Vec<String> = exports.iter().map(|(module, _)| module.clone()).collect();
    modules.extend(
        contract
            .services
            .iter()
            .map(|s| identifier(&service::module_name(s))),
    );
    modules.push("topology".to_owned());
    if shared_modules(contract).next().is_some() {
        modules.push("shared".to_owned());
    }
    Root {
        header: header(&[&contract.source]),
        source: contract.source.clone(),
        modules: declarations("pub mod", modules),
        exports: match exported_names(exports) {
            none if none.is_empty() => none,
            some => some + "\n",
        },
        events: events(contract),
    }
    .render()
}

fn declarations(keyword: &str, mut modules: Vec<String>) -> String {
    let bare = |name: &str| name.trim_start_matches("r#").to_owned();
    modules.sort_by_cached_key(|module| version_key(&bare(module)));
    modules
        .iter()
        .map(|module| format!("{keyword} {module};\n"))
        .collect()
}

fn exported_names(exports: Vec<(String, Vec<String>)>) -> String {
    let mut lines = Lines::at(0);
    for (module, mut names) in exports {
        names.sort_by(|a, b| version_order(a, b));
        lines.export(&module, &names);
    }
    lines.finish()
}

/// Every event, for tests that go through them all.
fn events(contract: &Contract) -> String {
    let mut lines = Lines::at(0);
    lines.doc("Every event of the contract.");
    let items: Vec<String> = contract
        .events
        .iter()
        .map(|event| {
            let data = &contract.types.get(event.data).name;
            format!("jetway::EventInfo::of::<{data}>()")
        })
        .collect();
    lines.list("pub static EVENTS: &[jetway::EventInfo] = ", &items, ";");
    lines.finish()
}
