//! What adding an event comes to: files, and what is left for a person.

use std::path::PathBuf;

/// All that is to be written.
#[derive(Debug)]
pub struct Plan {
    /// The event's whole name.
    pub name: String,
    /// The contract's folder; the paths below are relative to it.
    pub root: PathBuf,
    /// The contract.
    pub contract: Change,
    /// New files: path and text.
    pub files: Vec<(String, String)>,
    /// What is left for a person to do.
    pub next: Vec<Next>,
}

/// A file's text before and after.
#[derive(Debug)]
pub struct Change {
    /// The file.
    pub path: String,
    /// What it says now.
    pub before: String,
    /// What it is to say.
    pub after: String,
}

/// What is left for a person to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Say in the schema, and show in the examples, what the event carries.
    Fill {
        /// The schema.
        schema: String,
        /// The folder of examples.
        examples: String,
    },
    /// Implement a trait of the generated code.
    Handle {
        /// The service.
        service: String,
        /// The trait, as in `events::email::OnShipmentCreated`.
        handler: String,
        /// Its method.
        method: String,
        /// The file where the service keeps its handlers, and whether it is there.
        file: (String, bool),
    },
    /// Publish it.
    Send {
        /// The service.
        service: String,
        /// The type.
        data: String,
        /// The service's folder, and whether it is there.
        folder: (String, bool),
    },
}
