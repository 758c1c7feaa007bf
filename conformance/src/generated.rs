//! What codegen makes of a group's schema.

use std::hash::{Hash, Hasher};

use codegen::diagnostics::Report;
use codegen::load::{Document, Reading, Workspace};
use codegen::model;
use codegen::render::{self, File};

use super::{Group, Options};

/// The type of one group, or why there is none.
#[derive(Debug)]
pub struct Case {
    /// The module of the generated crate, distinct.
    pub module: String,
    /// Whether it needs the compiled schema.
    pub compiled: bool,
    /// Its files, or the report.
    pub result: Result<Vec<File>, String>,
}

impl Hash for Case {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.module.hash(state);
        for file in self.result.iter().flatten() {
            (&file.path, &file.text).hash(state);
        }
    }
}

/// Asks codegen for the type of a group's schema.
///
/// # Errors
///
/// Where a template fails, which is a defect of codegen.
pub fn generate(group: &Group, remotes: &[Document], options: Options) -> anyhow::Result<Case> {
    let mut documents = vec![Document {
        path: format!("{}.json", group.keyword),
        uri: None,
        text: group.schema.to_string(),
    }];
    documents.extend(remotes.iter().cloned());
    let reading = Reading {
        dialect: options.draft.dialect(),
        formats: options.formats,
    };
    let mut report = Report::default();
    let workspace = Workspace::of_documents(documents, reading, &mut report)?;
    let contract = model::schema_only(&workspace, "case.tested.v1", &mut report);
    let compiled = contract
        .as_ref()
        .is_some_and(|contract| contract.events.iter().any(|event| event.compiled.is_some()));
    let result = match contract {
        Some(contract) => Ok(render::render(&contract)?),
        None => Err(report.render(&workspace, false)),
    };
    let name: String = group
        .keyword
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    Ok(Case {
        module: format!("case_{name}_{}", group.index),
        compiled,
        result,
    })
}
