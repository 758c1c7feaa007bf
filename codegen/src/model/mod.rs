//! What the contract means: events and their types, services and their operations, streams.

mod asyncapi;
mod audit;
mod bundle;
mod compile;
mod contract;
mod envelope;
mod fields;
mod grammar;
pub mod jetstream;
mod keywords;
mod metaschema;
pub mod names;
pub(crate) mod subject;
mod types;
pub mod versions;

pub use asyncapi::read;
pub use contract::{
    Address, Contract, Event, EventId, Parameter, Places, Receive, Send, Service, Stream,
};
pub use types::{
    Definition, Field, Kind, Module, ModuleId, Rule, Shape, TaggedVariant, Type, TypeId, Types,
    Variant,
};
