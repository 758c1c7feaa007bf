//! All that a schema says about one value: its own keywords, those of what it refers to, and those of its `allOf`.

use crate::load::{Node, Span, Value, Workspace};

/// References and `allOf` within one another, at most.
const DEEPEST: usize = 32;

/// The mappings that speak about one value, the outermost first.
pub(super) struct Facets<'w> {
    nodes: Vec<&'w Node>,
    /// Whether `false` is among them: nothing is allowed.
    pub(super) never: bool,
}

impl<'w> Facets<'w> {
    pub(super) fn of(workspace: &'w Workspace, schema: &'w Node) -> Self {
        Self::of_all(workspace, &[schema])
    }

    /// What several schemas say of one value, as those of one property in the parts of an `allOf` do.
    pub(super) fn of_all(workspace: &'w Workspace, schemas: &[&'w Node]) -> Self {
        let mut facets = Self {
            nodes: Vec::new(),
            never: false,
        };
        for schema in schemas {
            facets.gather(workspace, schema, 0);
        }
        // A choice between one schema and null says all that this one says.
        let (branches, _) = facets.branches(workspace);
        if let [only] = branches.as_slice() {
            facets.gather(workspace, only, 0);
        }
        facets
    }

    fn gather(&mut self, workspace: &'w Workspace, schema: &'w Node, depth: usize) {
        if depth > DEEPEST || self.nodes.iter().any(|known| known.span == schema.span) {
            return;
        }
        if schema.value == Value::Bool(false) {
            self.never = true;
            return;
        }
        self.nodes.push(schema);
        if let Some(target) = schema.reference().and_then(|r| workspace.target(r).ok()) {
            self.gather(workspace, target, depth + 1);
        }
        for part in schema.get("allOf").map(Node::items).unwrap_or_default() {
            self.gather(workspace, part, depth + 1);
        }
    }

    /// The first word on `keyword`.
    pub(super) fn get(&self, keyword: &str) -> Option<&'w Node> {
        self.all(keyword).next()
    }

    /// Every word on `keyword`.
    pub(super) fn all(&self, keyword: &str) -> impl Iterator<Item = &'w Node> {
        self.nodes.iter().filter_map(move |node| node.get(keyword))
    }

    /// Whether more than one schema speaks.
    pub(super) fn are_several(&self) -> bool {
        self.nodes.len() > 1
    }

    /// Every keyword with its value.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'w str, &'w Node)> {
        self.nodes
            .iter()
            .flat_map(|node| node.entries())
            .map(|entry| (entry.key.as_str(), &entry.value))
    }

    pub(super) fn text(&self, keyword: &str) -> Option<&'w str> {
        self.all(keyword).find_map(Node::text)
    }

    pub(super) fn is_true(&self, keyword: &str) -> bool {
        self.all(keyword)
            .any(|node| node.value == Value::Bool(true))
    }

    /// Where the schemas stand: the same ones below each other are a circle.
    pub(super) fn spans(&self) -> impl Iterator<Item = Span> {
        self.nodes.iter().map(|node| node.span)
    }

    /// Whether `name` must be there.
    pub(super) fn requires(&self, name: &str) -> bool {
        self.all("required")
            .flat_map(Node::items)
            .any(|item| item.text() == Some(name))
    }

    /// The properties, each once with all that is said of it, in the schema's order.
    pub(super) fn properties(&self) -> Vec<(&'w str, Vec<&'w Node>)> {
        let mut found: Vec<(&str, Vec<&Node>)> = Vec::new();
        for entry in self.all("properties").flat_map(Node::entries) {
            match found.iter_mut().find(|(name, _)| *name == entry.key) {
                Some((_, schemas)) => schemas.push(&entry.value),
                None => found.push((&entry.key, vec![&entry.value])),
            }
        }
        found
    }

    /// The names that must be there and are no properties.
    pub(super) fn required_beside(&self) -> Vec<&'w str> {
        if self.get("required").is_none() {
            return Vec::new();
        }
        let known = self.properties();
        self.all("required")
            .flat_map(Node::items)
            .filter_map(Node::text)
            .filter(|name| !known.iter().any(|(property, _)| property == name))
            .collect()
    }

    /// The branches of `oneOf` and `anyOf`, without `null`, and whether that was among them.
    pub(super) fn branches(&self, workspace: &'w Workspace) -> (Vec<&'w Node>, bool) {
        let all = ["oneOf", "anyOf"]
            .into_iter()
            .flat_map(|keyword| self.all(keyword))
            .flat_map(Node::items);
        let (null, others): (Vec<&Node>, Vec<&Node>) =
            all.partition(|branch| is_null(workspace, branch));
        (others, !null.is_empty())
    }
}

fn is_null(workspace: &Workspace, schema: &Node) -> bool {
    workspace.resolve(schema).is_ok_and(|schema| {
        schema.get("type").and_then(Node::text) == Some("null")
            || schema
                .get("const")
                .is_some_and(|value| value.value == Value::Null)
    })
}
