//! The `use` lines of a generated module.

use std::collections::BTreeMap;

use super::text::{Lines, version_order};
use crate::model::names::identifier;
use crate::model::{Definition, ModuleId, Shape, Type, Types};

/// The names of other modules that a rendered module uses.
pub(super) struct Imports<'t> {
    pub(super) types: &'t Types,
    home: ModuleId,
    by_path: BTreeMap<String, Vec<String>>,
}

impl<'t> Imports<'t> {
    pub(super) fn of(types: &'t Types, home: ModuleId) -> Self {
        Self {
            types,
            home,
            by_path: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, path: &str, name: &str) {
        let names = self.by_path.entry(path.to_owned()).or_default();
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }

    /// The Rust type of a value.
    pub(super) fn ty(&mut self, shape: &Shape) -> String {
        let plain = match &shape.ty {
            Type::String => "String".to_owned(),
            Type::Integer => "i64".to_owned(),
            Type::Unsigned => "u64".to_owned(),
            Type::Number => "f64".to_owned(),
            Type::Boolean => "bool".to_owned(),
            Type::Any => "serde_json::Value".to_owned(),
            Type::Uuid => {
                self.add("uuid", "Uuid");
                "Uuid".to_owned()
            }
            Type::DateTime => {
                self.add("time", "OffsetDateTime");
                "OffsetDateTime".to_owned()
            }
            Type::Named { id, boxed } => {
                let path = self.named(self.types.get(*id));
                if *boxed { format!("Box<{path}>") } else { path }
            }
            Type::List(item) => format!("Vec<{}>", self.ty(item)),
            Type::Map(value) => {
                self.add("std::collections", "BTreeMap");
                format!("BTreeMap<String, {}>", self.ty(value))
            }
        };
        if shape.nullable {
            self.add("jetway", "Nullable");
            format!("Nullable<{plain}>")
        } else {
            plain
        }
    }

    /// A generated type as it is written here: imported, or with its path where the name means something else here.
    pub(super) fn named(&mut self, definition: &Definition) -> String {
        if definition.module == self.home {
            return definition.name.clone();
        }
        let path = self.path(definition);
        let name = &definition.name;
        let own = self
            .types
            .module(self.home)
            .types
            .iter()
            .any(|id| self.types.get(*id).name == *name);
        let imported = self
            .by_path
            .iter()
            .any(|(other, names)| *other != path && names.iter().any(|known| known == name));
        if own || imported {
            return format!("{path}::{name}");
        }
        self.add(&path, name);
        name.clone()
    }

    fn path(&self, definition: &Definition) -> String {
        let module = self.types.module(definition.module);
        let name = identifier(&module.name);
        match (self.types.module(self.home).shared, module.shared) {
            (false, true) if exported(self.types, definition) => "super::shared".to_owned(),
            (false, true) => format!("super::shared::{name}"),
            (true, false) => format!("super::super::{name}"),
            (true, true) | (false, false) => format!("super::{name}"),
        }
    }

    /// The lines: the standard library, crates, this crate.
    pub(super) fn render(&self) -> String {
        let mut lines = Lines::at(0);
        for group in 0..3 {
            let paths: Vec<&String> = self
                .by_path
                .keys()
                .filter(|path| group_of(path) == group)
                .collect();
            if paths.is_empty() {
                continue;
            }
            let mut paths = paths;
            paths.sort_by(|a, b| import_order((a, &self.by_path[*a]), (b, &self.by_path[*b])));
            for path in paths {
                let mut names = self.by_path[path].clone();
                names.sort_by(|a, b| version_order(a, b));
                lines.import(path, &names);
            }
            lines.line("");
        }
        lines.finish()
    }
}

/// rustfmt compares segment by segment; a list in braces comes after every name.
fn import_order(a: (&str, &[String]), b: (&str, &[String])) -> std::cmp::Ordering {
    fn segments<'i>((path, names): (&'i str, &'i [String])) -> Vec<&'i str> {
        let last = if let [only] = names {
            only.as_str()
        } else {
            "\u{10FFFF}"
        };
        path.split("::").chain([last]).collect()
    }
    let (a, b) = (segments(a), segments(b));
    let different = a
        .iter()
        .zip(&b)
        .map(|(a, b)| version_order(a, b))
        .find(|order| order.is_ne());
    different.unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn group_of(path: &str) -> usize {
    match path.split("::").next() {
        Some("std") => 0,
        Some("super") => 2,
        _ => 1,
    }
}

/// Whether `shared` itself offers the type: where no other shared file has one of this name, nor is it a module's.
pub(super) fn exported(types: &Types, definition: &Definition) -> bool {
    types.shared_named(&definition.name) == 1
}
