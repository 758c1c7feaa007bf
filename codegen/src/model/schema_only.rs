//! One type for one schema, without a contract around it: for tools that measure what codegen makes of a schema.

use super::audit::Audit;
use super::compile::Compiler;
use super::contract::{Address, Contract, Event};
use super::{bundle, metaschema};
use crate::diagnostics::Report;
use crate::load::Workspace;

/// The contract of a single event `name`, as in `case.tested.v1`, whose data is the first document of `workspace`. It
/// has neither services nor streams, and the event's address has no parameters. `None` where the report has an error.
#[must_use]
pub fn schema_only(workspace: &Workspace, name: &str, report: &mut Report) -> Option<Contract> {
    let file = workspace.files().first()?;
    let schema = file.root.as_ref()?;
    let mut compiler = Compiler::new(workspace);
    Audit::new(workspace).schema(schema, report);
    if report.has_errors() {
        return None;
    }
    compiler.event_module(schema.span.file, &super::names::snake(name, "event"));
    let data = compiler.event(schema, &super::names::pascal(name, "Event"), report);
    let bundle = bundle::bundle(workspace, schema);
    metaschema::check(workspace, schema, &bundle, report);
    let data = data.filter(|_| !report.has_errors())?;
    let types = compiler.finish();
    let needed = types
        .reachable(data)
        .into_iter()
        .any(|id| !types.get(id).compiled.is_empty());
    let event = Event {
        name: name.to_owned(),
        span: schema.span,
        doc: String::new(),
        address: Address {
            text: name.to_owned(),
            span: schema.span,
        },
        parameters: Vec::new(),
        versioning: super::versions::Versioning::default(),
        schema: file.path.clone(),
        module: types.get(data).module,
        data,
        compiled: needed.then(|| bundle.to_string()),
    };
    Some(Contract {
        source: file.path.clone(),
        streams: Vec::new(),
        native: true,
        streams_read: true,
        events: vec![event],
        services: Vec::new(),
        types,
        by_subject: std::sync::OnceLock::new(),
        stream_statics: std::sync::OnceLock::new(),
    })
}
