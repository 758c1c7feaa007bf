//! Why an event is not added.

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The name is none of a fact.
    #[error(
        "`{name}` is not the name of a fact: {why}; `<entity>.<past-tense fact>` is expected, as in `shipment.created`"
    )]
    NotAFact {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is one already.
    #[error("the contract has `{0}` already")]
    Exists(String),
    /// There is no version to start from.
    #[error(
        "the contract has no version of `{fact}` before {version}; the first one is `--version 1`"
    )]
    NoEarlier {
        /// The name without a version.
        fact: String,
        /// The version that was asked for.
        version: u32,
    },
    /// Nobody would send it.
    #[error("nobody would send `{0}`; name the service with --sent-by")]
    NobodySends(String),
    /// A file would be overwritten.
    #[error(
        "`{0}` is there already and would be overwritten; move it away, or write the contract's part by hand"
    )]
    InTheWay(String),
    /// There is no such stream.
    #[error(
        "the contract has no stream `{name}`; it has {known}. Without --stream a new one is made where none keeps the event"
    )]
    UnknownStream {
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// Another stream keeps it.
    #[error("`{subject}` is kept by the stream `{stream}` already; leave --stream out")]
    KeptElsewhere {
        /// The event's subjects.
        subject: String,
        /// The stream.
        stream: String,
    },
    /// No subject that would hold the event is free.
    #[error(
        "some of the subjects `{0}` are kept by a stream, others by none; widen that stream's subjects by hand first"
    )]
    KeptInPart(String),
    /// The key cannot be a property and a parameter.
    #[error("`{0}` cannot be the key: a letter, then letters, digits or `_` are expected")]
    Key(String),
    /// The contract is not laid out in a way that is safe to edit.
    #[error(
        "{why}: this program will not edit it. Nothing was written. By hand, put into {path}:\n\n{snippet}\nand write `{schema}`:\n\n{text}"
    )]
    Layout {
        /// What is unusual.
        why: String,
        /// The contract.
        path: String,
        /// What is to be added.
        snippet: String,
        /// The schema's file.
        schema: String,
        /// Its text.
        text: String,
    },
    /// What would be written has errors.
    #[error("the contract would have errors with it. Nothing was written.\n{0}")]
    Breaks(String),
    /// A file cannot be read.
    #[error("cannot read {0}: {1}")]
    Read(String, std::io::Error),
}
