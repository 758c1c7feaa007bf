//! Where references lead: to files beside the one they stand in, and to schemas that are known by their `$id`.

use std::path::{Component, Path};

use super::node::Node;
use super::resources::{self, ResourceId};
use super::{FileId, Span, Workspace, pointer};
use crate::diagnostics::{Code, Diagnostic};

/// How many references may follow each other before something that is no reference comes.
const LONGEST_CHAIN: usize = 200;

/// How many references a pointer may go through on its way.
const MOST_THROUGH: usize = 16;

/// The schemas of JSON Schema itself, which every validator knows.
const STANDARD: &[&str] = &["https://json-schema.org/draft/2020-12/"];

/// What a reference leads to.
#[derive(Debug)]
pub struct Target<'w> {
    /// The value.
    pub node: &'w Node,
    /// Its file.
    pub file: FileId,
    /// The way to it from the file's root.
    pub tokens: Vec<String>,
    resource: ResourceId,
}

impl Workspace {
    /// What `node` stands for: itself, or what its `$ref` leads to in the end.
    ///
    /// # Errors
    ///
    /// Where a reference leads nowhere or in a circle.
    pub fn resolve<'w>(&'w self, node: &'w Node) -> Result<&'w Node, Diagnostic> {
        let mut chain: Vec<&Node> = Vec::new();
        let mut current = node;
        while let Some(reference) = current.reference() {
            if chain.iter().any(|seen| seen.span == reference.span) {
                return Err(self.circle(&chain));
            }
            if chain.len() >= LONGEST_CHAIN {
                return Err(Diagnostic::error(
                    Code::TooDeep,
                    format!("more than {LONGEST_CHAIN} references follow each other"),
                )
                .at(chain[0].span, "the chain begins here")
                .help("refer to what is meant directly"));
            }
            if self.standard(reference).is_some() {
                break;
            }
            chain.push(reference);
            current = self.target(reference)?;
        }
        Ok(current)
    }

    /// What the text of a `$ref` leads to, one step.
    ///
    /// # Errors
    ///
    /// Where it leads nowhere.
    pub fn target<'w>(&'w self, reference: &Node) -> Result<&'w Node, Diagnostic> {
        self.locate(reference).map(|target| target.node)
    }

    /// The address that a reference means, where that is a schema of JSON Schema itself and no file here has it.
    #[must_use]
    pub fn standard(&self, reference: &Node) -> Option<String> {
        let text = reference.text()?;
        let (path, fragment) = pointer::split(text);
        let base = self.resources.of(reference.span)?;
        let uri = resources::resolve(&self.resources.get(base).uri, path)?;
        let known = STANDARD.iter().any(|prefix| uri.starts_with(prefix));
        (known && self.resources.find(&uri).is_none()).then(|| format!("{uri}#{fragment}"))
    }

    /// What the text of a reference leads to, one step, and where that is.
    ///
    /// # Errors
    ///
    /// Where it leads nowhere.
    pub fn locate<'w>(&'w self, reference: &Node) -> Result<Target<'w>, Diagnostic> {
        self.locate_through(reference, MOST_THROUGH)
    }

    /// The same; `through` is how many references may stand on the way that a pointer goes, as in
    /// `#/channels/a/messages/b` where the channel is a reference to a component.
    fn locate_through<'w>(
        &'w self,
        reference: &Node,
        through: usize,
    ) -> Result<Target<'w>, Diagnostic> {
        let text = reference.text().unwrap_or_default();
        let (_, fragment) = pointer::split(text);
        let error = |message: String| {
            Diagnostic::error(Code::UnresolvedReference, message)
                .at(reference.span, "this reference")
        };
        let resource = self.resource(reference.span, text)?;
        let place = self.resources.get(resource);
        let path = &self.file(place.file).path;
        let Some(root) = &self.file(place.file).root else {
            return Err(error(format!("`{path}` cannot be read")).silent());
        };
        let large = &self.resources.large;
        let fragment = pointer::decoded(fragment)
            .map_err(|why| error(format!("cannot follow `{text}`: {why}")))?;
        if !fragment.is_empty() && !fragment.starts_with('/') {
            let tokens = self.resources.anchor(resource, &fragment);
            let found =
                tokens.and_then(|tokens| Some((pointer::walk(root, tokens, large).ok()?, tokens)));
            let Some((node, tokens)) = found else {
                return Err(error(format!("`{path}` has no anchor `{fragment}`")).help(
                    "a fragment is a JSON Pointer, which begins with `#/`, or the name of an `$anchor`",
                ));
            };
            return Ok(Target {
                node,
                file: place.file,
                tokens: tokens.to_vec(),
                resource,
            });
        }
        let below = pointer::tokens(&fragment)
            .map_err(|why| error(format!("cannot follow `{text}`: {why}")))?;
        let mut tokens = place.tokens.clone();
        tokens.extend(below);
        let tokens = pointer::renamed(root, tokens, large);
        match pointer::walk(root, &tokens, large) {
            Ok(node) => Ok(Target {
                node,
                file: place.file,
                tokens,
                resource,
            }),
            Err(depth) => {
                let (way, rest) = tokens.split_at(depth);
                let on_the_way = pointer::walk(root, way, large).ok();
                let inner = on_the_way.and_then(Node::reference);
                if let Some(inner) = inner.filter(|_| through > 0)
                    && let Ok(target) = self.locate_through(inner, through - 1)
                    && let Some(found) = self.below(target, rest, through - 1)
                {
                    return Ok(found);
                }
                let found: String = tokens
                    .iter()
                    .take(depth)
                    .map(|token| format!("/{}", pointer::escape(token)))
                    .collect();
                let missing = tokens.get(depth).map_or("", String::as_str);
                Err(error(format!(
                    "`{path}` has nothing at `#{found}/{}`",
                    pointer::escape(missing)
                ))
                .help(format!("`#{found}` is there, `{missing}` below it is not")))
            }
        }
    }

    /// What is below a target; references on the way are followed, too.
    fn below<'w>(
        &'w self,
        target: Target<'w>,
        rest: &[String],
        through: usize,
    ) -> Option<Target<'w>> {
        match pointer::walk(target.node, rest, &self.resources.large) {
            Ok(node) => {
                let tokens = [target.tokens.as_slice(), rest].concat();
                let resource = self.resources.of(node.span).unwrap_or(target.resource);
                Some(Target {
                    node,
                    tokens,
                    resource,
                    ..target
                })
            }
            Err(depth) => {
                let (way, rest) = rest.split_at(depth);
                let node = pointer::walk(target.node, way, &self.resources.large).ok()?;
                let inner = node.reference().filter(|_| through > 0)?;
                let target = self.locate_through(inner, through - 1).ok()?;
                self.below(target, rest, through - 1)
            }
        }
    }

    /// The address of what a reference leads to, with a fragment, for a document that keeps every `$id`.
    #[must_use]
    pub fn address(&self, target: &Target<'_>) -> String {
        let resource = self.resources.get(target.resource);
        let below = target.tokens.get(resource.tokens.len()..);
        let pointer: String = below
            .unwrap_or_default()
            .iter()
            .map(|token| format!("/{}", pointer::escape(token)))
            .collect();
        format!("{}#{}", resource.uri, pointer::encoded(&pointer))
    }

    /// The address of the resource that the mapping at `span` belongs to.
    #[must_use]
    pub fn base(&self, span: Span) -> Option<&str> {
        let id = self.resources.of(span)?;
        Some(&self.resources.get(id).uri)
    }

    /// The resource that a reference names, its fragment left aside.
    fn resource(&self, span: Span, text: &str) -> Result<ResourceId, Diagnostic> {
        let (path, _) = pointer::split(text);
        let error = |message: String| {
            Diagnostic::error(Code::UnresolvedReference, message).at(span, "this reference")
        };
        let base = self.resources.of(span).ok_or_else(|| {
            error("the file that this stands in cannot be read".to_owned()).silent()
        })?;
        if path.is_empty() {
            return Ok(base);
        }
        let uri = resources::resolve(&self.resources.get(base).uri, path);
        let known = uri.as_deref().and_then(|uri| self.resources.find(uri));
        let file = self.relative(span.file, path);
        let in_file = file
            .as_deref()
            .ok()
            .and_then(|path| self.find(path))
            .and_then(|file| self.resources.root(file));
        let named = self.resources.get(base).named;
        let found = if named {
            known.or(in_file)
        } else {
            in_file.or(known)
        };
        found.ok_or_else(|| match file {
            // Said where the reference was read.
            Ok(path) => error(format!("there is no file `{path}`")).silent(),
            Err(why) => error(format!("cannot follow `{text}`: {why}")),
        })
    }

    /// Whether the schema at `span` has a reference to something that is known without its file.
    pub(super) fn is_known(&self, span: Span, text: &str) -> bool {
        self.resource(span, text).is_ok()
    }

    fn circle(&self, chain: &[&Node]) -> Diagnostic {
        let steps: Vec<String> = chain
            .iter()
            .map(|step| {
                format!(
                    "{}: `{}`",
                    self.position(step.span),
                    step.text().unwrap_or_default()
                )
            })
            .collect();
        Diagnostic::error(
            Code::ReferenceCycle,
            "these references lead in a circle and name nothing",
        )
        .at(chain[0].span, "the circle is entered here")
        .help(format!("the way round: {}", steps.join(" -> ")))
    }

    /// The path of `target`, which is relative to `from`, relative to the contract's folder.
    pub(super) fn relative(&self, from: FileId, target: &str) -> Result<String, String> {
        let from = &self.file(from).path;
        if target.is_empty() {
            return Ok(from.clone());
        }
        if target.contains("://") || target.starts_with("urn:") {
            return Err(
                "only files are followed, nothing is fetched, and no schema here has this `$id`"
                    .to_owned(),
            );
        }
        let decoded = percent_encoding::percent_decode_str(target)
            .decode_utf8()
            .map_err(|_| "its %-escapes are not UTF-8".to_owned())?;
        let joined = Path::new(from)
            .parent()
            .unwrap_or(Path::new(""))
            .join(&*decoded);
        let mut parts: Vec<String> = Vec::new();
        for component in joined.components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir if parts.last().is_some_and(|last| last != "..") => {
                    parts.pop();
                }
                Component::ParentDir => parts.push("..".to_owned()),
                Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
                Component::RootDir | Component::Prefix(_) => {
                    return Err("absolute paths are not followed".to_owned());
                }
            }
        }
        Ok(parts.join("/"))
    }
}
