//! The Rust types that the schemas describe.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::load::Span;

/// A generated type, by its number in [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(super) usize);

/// A generated module, by its number in [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub(super) usize);

impl ModuleId {
    /// The module at this place of [`Types::modules`].
    #[must_use]
    pub(crate) fn nth(index: usize) -> Self {
        Self(index)
    }
}

/// All generated types.
#[derive(Debug, Default)]
pub struct Types {
    pub(super) modules: Vec<Module>,
    pub(super) definitions: Vec<Definition>,
    /// How many types of shared modules have a name, made when it is first asked for.
    pub(super) shared_names: OnceLock<HashMap<String, usize>>,
}

impl Types {
    /// One type.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &Definition {
        &self.definitions[id.0]
    }

    /// How many types of shared modules are called `name`. Asked when all types are there.
    #[must_use]
    pub(crate) fn shared_named(&self, name: &str) -> usize {
        let names = self.shared_names.get_or_init(|| {
            let mut names = HashMap::new();
            for id in self
                .modules
                .iter()
                .filter(|m| m.shared)
                .flat_map(|m| &m.types)
            {
                *names.entry(self.get(*id).name.clone()).or_insert(0) += 1;
            }
            names
        });
        names.get(name).copied().unwrap_or(0)
    }

    /// One module.
    #[must_use]
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0]
    }

    /// All modules.
    pub fn modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.iter()
    }

    /// `root` and every type that it holds, directly or through others.
    #[must_use]
    pub fn reachable(&self, root: TypeId) -> Vec<TypeId> {
        let mut found = vec![root];
        let mut next = 0;
        while let Some(id) = found.get(next).copied() {
            next += 1;
            for inner in self.get(id).inner() {
                if !found.contains(&inner) {
                    found.push(inner);
                }
            }
        }
        found
    }
}

/// The types of one schema file.
#[derive(Debug)]
pub struct Module {
    /// Its Rust name, without a path.
    pub name: String,
    /// The schema file, relative to the contract's folder.
    pub source: String,
    /// Whether it stands under `shared`; the others belong to one event each.
    pub shared: bool,
    /// Its types, each before those that it holds.
    pub types: Vec<TypeId>,
}

/// A generated type.
#[derive(Debug)]
pub struct Definition {
    /// The file's module.
    pub module: ModuleId,
    /// Its Rust name, distinct within the module.
    pub name: String,
    /// The name that it would have, where another has it.
    pub wanted: Option<String>,
    /// What the schema says of it.
    pub doc: String,
    /// Whether the schema calls it deprecated.
    pub deprecated: bool,
    /// What it is.
    pub kind: Kind,
    /// Keywords somewhere in it that only the compiled schema enforces.
    pub compiled: Vec<String>,
    /// The schema.
    pub span: Span,
}

impl Definition {
    /// The types that this one names.
    fn inner(&self) -> Vec<TypeId> {
        match &self.kind {
            Kind::Struct { fields, rest, .. } => {
                let mut found = Vec::new();
                for field in fields {
                    field.shape.collect(&mut found);
                }
                if let Some(rest) = rest {
                    rest.shape.collect(&mut found);
                }
                found
            }
            Kind::Enum { .. } => Vec::new(),
            Kind::Union { variants } => {
                let mut found = Vec::new();
                for variant in variants {
                    variant.shape.collect(&mut found);
                }
                found
            }
            Kind::Tagged { variants, .. } => variants.iter().map(|variant| variant.body).collect(),
            Kind::Newtype { shape } => {
                let mut found = Vec::new();
                shape.collect(&mut found);
                found
            }
        }
    }
}

/// What a generated type is.
#[derive(Debug)]
pub enum Kind {
    /// An object.
    Struct {
        /// Its properties, in the schema's order.
        fields: Vec<Field>,
        /// Whether other properties are refused.
        closed: bool,
        /// Where other properties are kept.
        rest: Option<Rest>,
        /// What holds of the object as a whole.
        rules: Vec<ObjectRule>,
    },
    /// One of some strings.
    Enum {
        /// The strings and their Rust names.
        variants: Vec<Variant>,
        /// Whether other strings are kept as `Unknown`.
        open: bool,
    },
    /// A value of one of some types, told apart by what JSON calls them.
    Union {
        /// The types.
        variants: Vec<UnionVariant>,
    },
    /// One of some objects, told apart by a constant property.
    Tagged {
        /// The property.
        tag: String,
        /// The objects.
        variants: Vec<TaggedVariant>,
    },
    /// The data of an event that is neither an object of declared properties nor an enum.
    Newtype {
        /// What it holds.
        shape: Shape,
    },
}

/// A property.
#[derive(Debug)]
pub struct Field {
    /// Its Rust name, a keyword not yet escaped.
    pub name: String,
    /// Its name in JSON.
    pub property: String,
    /// What the schema says of it.
    pub doc: String,
    /// Whether the schema calls it deprecated.
    pub deprecated: bool,
    /// Whether it must be there.
    pub required: bool,
    /// Where it is any JSON to Rust: the keywords that the compiled schema holds it to.
    pub compiled: Vec<String>,
    /// What it holds.
    pub shape: Shape,
}

/// Where the properties are kept that a schema allows without naming them.
#[derive(Debug)]
pub struct Rest {
    /// The field's name; none of the declared properties has it.
    pub name: String,
    /// What each holds.
    pub shape: Shape,
    /// The patterns that a name matches one of; empty where any name does.
    pub patterns: Vec<String>,
    /// Whether a name that matches none is refused, and not only ignored.
    pub closed: bool,
    /// The names that are no others: the declared ones, and the tag.
    pub declared: Vec<String>,
}

/// A rule of a whole object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectRule {
    /// `minProperties`.
    MinProperties(u64),
    /// `maxProperties`.
    MaxProperties(u64),
    /// `dependentRequired`: where the first property is, the second is too.
    Dependent(String, String),
}

/// A type of a union.
#[derive(Debug)]
pub struct UnionVariant {
    /// Its Rust name.
    pub name: String,
    /// What the schema says of it.
    pub doc: String,
    /// What JSON calls it, as in `string`; a fraction is a `number`, and so is an integer.
    pub json: &'static str,
    /// What it holds; never null.
    pub shape: Shape,
}

/// A string of an enum.
#[derive(Debug)]
pub struct Variant {
    /// Its Rust name.
    pub name: String,
    /// The string.
    pub value: String,
    /// What the schema says of it.
    pub doc: String,
}

/// An object of a tagged enum.
#[derive(Debug)]
pub struct TaggedVariant {
    /// Its Rust name.
    pub name: String,
    /// The value of the tag.
    pub value: String,
    /// The object without its tag.
    pub body: TypeId,
}

/// What a property, an item or a map's value holds: a type and the rules that the type cannot say.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The type.
    pub ty: Type,
    /// Whether `null` is allowed too.
    pub nullable: bool,
    /// What else holds.
    pub rules: Vec<Rule>,
}

impl Shape {
    pub(super) fn plain(ty: Type) -> Self {
        Self {
            ty,
            nullable: false,
            rules: Vec::new(),
        }
    }

    fn collect(&self, found: &mut Vec<TypeId>) {
        match &self.ty {
            Type::Named { id, .. } => found.push(*id),
            Type::List(item) | Type::Map(item) => item.collect(found),
            _ => {}
        }
    }
}

/// A Rust type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `String`.
    String,
    /// `i64`.
    Integer,
    /// `u64`: where the schema's bounds reach beyond `i64` and not below zero.
    Unsigned,
    /// `f64`.
    Number,
    /// `bool`.
    Boolean,
    /// `Uuid`.
    Uuid,
    /// `OffsetDateTime`.
    DateTime,
    /// Any JSON.
    Any,
    /// A generated type.
    Named {
        /// Which.
        id: TypeId,
        /// Whether it would otherwise contain itself.
        boxed: bool,
    },
    /// `Vec`.
    List(Box<Shape>),
    /// `BTreeMap` with string keys.
    Map(Box<Shape>),
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        self.ty == other.ty && self.nullable == other.nullable
    }
}

impl Eq for Shape {}

impl std::hash::Hash for Shape {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.ty.hash(state);
        self.nullable.hash(state);
    }
}

/// A rule that generated code checks.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// `minLength`.
    MinLength(u64),
    /// `maxLength`.
    MaxLength(u64),
    /// `pattern`.
    Pattern(String),
    /// `format`, by its variant in the runtime.
    Format(&'static str),
    /// `minItems`.
    MinItems(u64),
    /// `maxItems`.
    MaxItems(u64),
    /// `uniqueItems`.
    UniqueItems,
    /// `minProperties`.
    MinProperties(u64),
    /// `maxProperties`.
    MaxProperties(u64),
    /// `minimum`, `maximum`, `exclusiveMinimum` or `exclusiveMaximum`: the checker's method and the bound as Rust text.
    Bound(&'static str, String),
    /// `multipleOf`, of an integer.
    MultipleOf(i64),
    /// A number that JSON can hold.
    Finite,
    /// `enum` or `const` of what is no string: the values as Rust text.
    AnyOf(Vec<String>),
    /// `propertyNames` of a map.
    Names(Vec<Rule>),
    /// `additionalProperties: false` beside `patternProperties`: every name matches one of them.
    OnlyMatching(Vec<String>),
}
