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
    /// Other files that are there already.
    pub changed: Vec<Change>,
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
    /// Say how it is made of the version before.
    Upcast {
        /// The type.
        new: String,
        /// The type of the version before.
        old: String,
        /// The service that sends both, so that the older is also made of the newer.
        both: Option<String>,
    },
    /// Add what it reads of the versions before to their golden events.
    Golden {
        /// The event.
        event: String,
        /// The files.
        files: Vec<String>,
    },
    /// Let who receives the version before receive this one.
    Move {
        /// The operations.
        receivers: Vec<String>,
        /// The event.
        event: String,
    },
    /// Say until when the version before is sent.
    Sunset {
        /// The version before.
        event: String,
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
