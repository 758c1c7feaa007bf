//! What the contract means: events and their types, services and their operations, streams.

mod asyncapi;
mod audit;
mod bundle;
mod compile;
mod contract;
mod depth;
mod envelope;
pub(crate) mod extensions;
mod fields;
mod grammar;
pub mod jetstream;
mod keywords;
mod metaschema;
pub mod names;
mod part;
mod plain;
mod schema_only;
pub(crate) mod subject;
pub(crate) mod subject_index;
mod types;
pub mod versions;

pub use asyncapi::read;
pub use contract::{
    Address, Contract, Event, EventId, Parameter, Places, Receive, Send, Service, Stream,
};
pub(crate) use keywords::{ascii_classes, portable};
pub use schema_only::schema_only;
pub use types::{
    Definition, Field, Kind, Module, ModuleId, ObjectRule, Rest, Rule, Shape, TaggedVariant, Type,
    TypeId, Types, UnionVariant, Variant,
};
