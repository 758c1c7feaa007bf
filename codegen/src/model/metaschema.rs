//! Whether a schema is valid: against the metaschema, and by compiling it.

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Node, Value, Workspace};

/// Checks an event's own schema against the metaschema, and compiles `bundle`, which is all of it; `None` where it is
/// not valid.
pub(super) fn check(
    workspace: &Workspace,
    schema: &Node,
    bundle: &serde_json::Value,
    report: &mut Report,
) -> Option<jsonschema::Validator> {
    let before = report.len();
    if let Err(error) = jsonschema::draft202012::meta::validate(bundle) {
        report.push(finding(
            workspace,
            schema,
            error.instance_path().as_str(),
            &error.to_string(),
        ));
    }
    if report.len() > before {
        return None;
    }
    let compiled = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(bundle);
    let error = match compiled {
        Ok(validator) => return Some(validator),
        Err(error) => error,
    };
    report.push(finding(
        workspace,
        schema,
        error.instance_path().as_str(),
        &error.to_string(),
    ));
    None
}

fn finding(workspace: &Workspace, schema: &Node, pointer: &str, message: &str) -> Diagnostic {
    let (root, pointer) = original(workspace, schema, pointer);
    let node = at(root, pointer);
    let shown = if pointer.is_empty() { "/" } else { pointer };
    Diagnostic::error(
        Code::InvalidSchema,
        format!("this is no valid schema at `{shown}`"),
    )
    .at(node.span, message.to_owned())
}

/// From a place in the bundle to the file that the schema there came from, and the place in it.
fn original<'n, 'p>(
    workspace: &'n Workspace,
    schema: &'n Node,
    pointer: &'p str,
) -> (&'n Node, &'p str) {
    let taken_in = pointer.strip_prefix("/$defs/").and_then(|rest| {
        let (key, rest) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let path = key
            .strip_prefix("file:")?
            .replace("~1", "/")
            .replace("~0", "~");
        let file = workspace.file(workspace.find(&path)?);
        Some((file.root.as_ref()?, rest))
    });
    taken_in.unwrap_or((schema, pointer))
}

/// The node at `pointer`, or the nearest one on the way to it.
fn at<'n>(root: &'n Node, pointer: &str) -> &'n Node {
    let mut node = root;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = match &node.value {
            Value::List(items) => token
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index)),
            _ => node.get(&token),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}
