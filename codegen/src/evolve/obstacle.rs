//! What stands in the way of a proof that every event of the writer is one of the reader.

use std::rc::Rc;

use serde_json::Value as Json;

use super::case::Case;
use super::schema::Node;
use super::types::Types;

/// What the reader asks and the writer does not promise.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// `type`: what the writer may write and the reader does not take.
    Type(Types),
    /// `enum` or `const`: values that the reader does not take.
    Values(Vec<Json>),
    /// `enum` or `const` where the writer has none.
    Enumeration,
    /// A bound of which the writer has none, or a wider one.
    Bound {
        /// The writer's, where it has one.
        writer: Option<Json>,
        reader: Json,
        /// Whether it bounds from below.
        lower: bool,
    },
    /// `pattern`, `format` or `multipleOf`.
    Text { writer: Option<Json>, reader: Json },
    /// `required`.
    Required(String),
    /// A declared property that the reader forbids.
    Closed(String),
    /// Undeclared properties, which the reader forbids.
    ClosedToOthers,
    /// `dependentRequired`.
    Dependent { property: String, needed: String },
    /// `uniqueItems`.
    Unique,
    /// `contains` and its bounds.
    Contains,
    /// `anyOf` or `oneOf`: no branch of the reader's takes it.
    NoBranch,
    /// `oneOf`: more than one may.
    Overlap,
    /// `not`.
    Not,
    /// `if`.
    Condition,
    /// `false`.
    Never,
    /// Values of a closed list that the reader refuses for another reason.
    Refused(Vec<Json>),
    /// The comparison gave up.
    TooComplex,
}

/// A step from an instance to a part of it.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Property(String),
    /// A property whose name matches.
    Pattern(String),
    /// A property whose name stands for others that match the same patterns.
    Like(String),
    /// Some property that no schema names.
    Other,
    Item(usize),
}

/// The way from the whole event to a place in it.
#[derive(Debug)]
pub(super) struct Link<'a> {
    pub(super) case: Case<'a>,
    pub(super) step: Step,
    pub(super) up: Option<Rc<Link<'a>>>,
}

/// One thing in the way.
#[derive(Clone, Debug)]
pub(super) struct Obstacle<'a> {
    pub(super) kind: Kind,
    pub(super) keyword: &'static str,
    /// Whether it is certain that the reader refuses something; else a counterexample must show it.
    pub(super) certain: bool,
    /// The keyword in the reader's schema.
    pub(super) reader: String,
    /// The same in the writer's, or what is nearest to it.
    pub(super) writer: String,
    /// The types that the place can have at all.
    pub(super) types: Types,
    /// What the reader asks.
    pub(super) asked: Node<'a>,
    pub(super) case: Case<'a>,
    pub(super) up: Option<Rc<Link<'a>>>,
}

impl Obstacle<'_> {
    /// Where in the event, as a JSON Pointer in which `*` stands for any name or number.
    pub(super) fn path(&self) -> String {
        let mut steps = Vec::new();
        let mut up = &self.up;
        while let Some(link) = up {
            steps.push(match &link.step {
                Step::Property(name) => crate::load::escape(name),
                Step::Pattern(_) | Step::Like(_) | Step::Other | Step::Item(_) => "*".to_owned(),
            });
            up = &link.up;
        }
        steps
            .into_iter()
            .rev()
            .map(|step| format!("/{step}"))
            .collect()
    }
}
