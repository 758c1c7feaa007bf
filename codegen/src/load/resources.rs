//! What references may name beside files: `$id`, `$anchor` and `$dynamicAnchor` (JSON Schema 2020-12, section 8.2).

use std::collections::HashMap;

use jsonschema::{Uri, uri};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::node::Node;
use super::pointer::{self, LARGE, Large};
use super::{FileId, Span};

/// A file, or a schema in one that has an `$id`: what references below it are relative to.
#[derive(Debug)]
pub(super) struct Resource {
    /// Its address, without a fragment.
    pub(super) uri: String,
    /// Whether an `$id` says so; else it is made of the file's path.
    pub(super) named: bool,
    /// The file.
    pub(super) file: FileId,
    /// The way to it from the file's root.
    pub(super) tokens: Vec<String>,
}

/// A resource, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ResourceId(usize);

/// All resources of a workspace.
#[derive(Debug, Default)]
pub(super) struct Resources {
    all: Vec<Resource>,
    by_uri: HashMap<String, ResourceId>,
    anchors: HashMap<(ResourceId, String), Vec<String>>,
    roots: HashMap<FileId, ResourceId>,
    /// The resource of every mapping and every reference that does not belong to its file's root.
    inner: HashMap<Span, ResourceId>,
    /// The keys of large mappings.
    pub(super) large: Large,
    /// Schemas that have an address or an anchor which another has.
    pub(super) twice: Vec<Twice>,
}

/// A schema whose `$id` or anchor another schema has.
#[derive(Debug)]
pub(super) struct Twice {
    /// The schema.
    pub(super) schema: Span,
    /// The place of the name.
    pub(super) name: Span,
    /// The keyword.
    pub(super) keyword: &'static str,
}

/// What keeps data and not schemas.
const DATA: &[&str] = &["const", "default", "enum", "example", "examples"];
/// Mappings whose keys are names of the author's choice.
const NAMED: &[&str] = &[
    "$defs",
    "definitions",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

/// What to do with the value of `key` in a mapping whose own keys are names (`named`) or keywords: nothing (`None`), or
/// go into it, whose keys then are names or not.
pub(super) fn below(key: &str, named: bool) -> Option<bool> {
    if named {
        return Some(false);
    }
    (!DATA.contains(&key)).then(|| NAMED.contains(&key))
}

impl Resources {
    pub(super) fn get(&self, id: ResourceId) -> &Resource {
        &self.all[id.0]
    }

    /// Adds a file. `address` is where others know it to be, besides its path.
    pub(super) fn add(&mut self, file: FileId, path: &str, address: Option<&str>, root: &Node) {
        let uri = address.map_or_else(|| of_path(path), normal);
        let id = self.push(uri, false, file, Vec::new());
        self.roots.insert(file, id);
        Walk {
            resources: self,
            file,
            tokens: Vec::new(),
        }
        .node(root, id, false);
    }

    fn push(&mut self, uri: String, named: bool, file: FileId, tokens: Vec<String>) -> ResourceId {
        let id = ResourceId(self.all.len());
        self.by_uri.entry(uri.clone()).or_insert(id);
        self.all.push(Resource {
            uri,
            named,
            file,
            tokens,
        });
        id
    }

    /// The resource of a file's root.
    pub(super) fn root(&self, file: FileId) -> Option<ResourceId> {
        self.roots.get(&file).copied()
    }

    /// The resource that a reference or mapping at `span` belongs to.
    pub(super) fn of(&self, span: Span) -> Option<ResourceId> {
        self.inner
            .get(&span)
            .copied()
            .or_else(|| self.root(span.file))
    }

    /// The resource with this address.
    pub(super) fn find(&self, uri: &str) -> Option<ResourceId> {
        self.by_uri.get(uri).copied()
    }

    /// The way to an anchor from the root of the resource's file.
    pub(super) fn anchor(&self, resource: ResourceId, name: &str) -> Option<&[String]> {
        self.anchors
            .get(&(resource, name.to_owned()))
            .map(Vec::as_slice)
    }
}

struct Walk<'r, 'n> {
    resources: &'r mut Resources,
    file: FileId,
    tokens: Vec<Token<'n>>,
}

/// A step of a way.
#[derive(Clone, Copy)]
enum Token<'n> {
    Key(&'n str),
    Index(usize),
}

impl<'n> Walk<'_, 'n> {
    /// The way to where this is.
    fn way(&self) -> Vec<String> {
        let text = |token: &Token<'_>| match token {
            Token::Key(key) => (*key).to_owned(),
            Token::Index(index) => index.to_string(),
        };
        self.tokens.iter().map(text).collect()
    }

    /// As deep as the file is nested, which the parser bounds.
    fn node(&mut self, node: &'n Node, mut resource: ResourceId, named: bool) {
        // Most have no keyword that begins like these.
        let speaks = node
            .entries()
            .iter()
            .any(|entry| entry.key.starts_with('$'));
        if !named {
            if speaks {
                resource = self.identified(node, resource);
            }
            let belongs_elsewhere = self.resources.root(self.file) != Some(resource);
            if node.is_map() && belongs_elsewhere {
                self.resources.inner.insert(node.span, resource);
            }
            if speaks && belongs_elsewhere {
                for reference in ["$ref", "$dynamicRef"].map(|keyword| node.get(keyword)) {
                    let reference = reference.map(|reference| (reference.span, resource));
                    self.resources.inner.extend(reference);
                }
            }
        }
        if node.entries().len() >= LARGE {
            let keys = node.entries().iter().enumerate();
            let keys = keys.map(|(index, entry)| (entry.key.clone(), index));
            self.resources.large.insert(node.span, keys.collect());
        }
        for (index, item) in node.items().iter().enumerate() {
            self.tokens.push(Token::Index(index));
            self.node(item, resource, false);
            self.tokens.pop();
        }
        for entry in node.entries() {
            if let Some(named) = below(&entry.key, named) {
                self.tokens.push(Token::Key(&entry.key));
                self.node(&entry.value, resource, named);
                self.tokens.pop();
            }
        }
    }

    fn twice(&mut self, schema: &Node, keyword: &'static str) {
        self.resources.twice.push(Twice {
            schema: schema.span,
            name: schema.get(keyword).map_or(schema.span, |node| node.span),
            keyword,
        });
    }

    /// The resource that `node` opens, or the one that it is in; its anchors are noted.
    fn identified(&mut self, node: &Node, mut resource: ResourceId) -> ResourceId {
        if let Some(id) = node.get("$id").and_then(Node::text)
            && let Some(uri) = resolve(&self.resources.get(resource).uri, id)
        {
            let tokens = self.way();
            let other = self.resources.find(&uri).map(|id| self.resources.get(id));
            // A file may say the address again that it is known by.
            if other.is_some_and(|other| other.named || other.file != self.file) {
                self.twice(node, "$id");
            }
            resource = self.resources.push(uri, true, self.file, tokens);
            if self.tokens.is_empty() {
                // The file is known by both addresses.
                if let Some(path) = self.resources.roots.insert(self.file, resource) {
                    let path = self.resources.get(path).uri.clone();
                    self.resources.by_uri.insert(path, resource);
                }
            }
        }
        for keyword in ["$anchor", "$dynamicAnchor"] {
            if let Some(name) = node.get(keyword).and_then(Node::text) {
                let key = (resource, name.to_owned());
                if self.resources.anchors.contains_key(&key) {
                    self.twice(node, keyword);
                    continue;
                }
                let tokens = self.way();
                self.resources.anchors.insert(key, tokens);
            }
        }
        resource
    }
}

/// What a path may hold as it is (RFC 3986, section 3.3).
const NOT_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// How the addresses of files begin that have none of their own.
const OF_PATH: &str = "contract:///";

/// The address of a file that has none of its own.
fn of_path(path: &str) -> String {
    format!("{OF_PATH}{}", utf8_percent_encode(path, NOT_IN_PATH))
}

/// Whether an address is one of a file that has none of its own, or beside such a file.
pub(super) fn is_of_path(uri: &str) -> bool {
    uri.starts_with(OF_PATH)
}

fn normal(uri: &str) -> String {
    resolve(uri, "").unwrap_or_else(|| uri.to_owned())
}

/// The address that `reference` means in a resource at `base` (RFC 3986, section 5), without a fragment.
pub(super) fn resolve(base: &str, reference: &str) -> Option<String> {
    let (reference, _) = pointer::split(reference);
    let base = Uri::parse(base.to_owned()).ok()?;
    let resolved = uri::resolve_against(&base.borrow(), reference).ok()?;
    let (resolved, _) = pointer::split(resolved.as_str());
    Some(resolved.to_owned())
}

/// Whether an `$id` can be the address of a schema: a URI reference without a fragment.
#[must_use]
pub fn is_address(id: &str) -> bool {
    let (_, fragment) = pointer::split(id);
    fragment.is_empty() && resolve(&of_path(""), id).is_some()
}
