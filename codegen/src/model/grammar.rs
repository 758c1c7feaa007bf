//! The fields of AsyncAPI 3 that codegen reads, and those that it refuses.

use super::fields::Known;

pub(super) const DOCUMENT: Known = Known {
    what: "the document",
    fields: &[
        "asyncapi",
        "id",
        "info",
        "defaultContentType",
        "channels",
        "operations",
        "components",
    ],
    refused: &[(
        "servers",
        "the broker's address is a setting of each process: NATS_URL",
    )],
    extensions: &["x-jetstream"],
};

pub(super) const INFO: Known = Known {
    what: "`info`",
    fields: &[
        "title",
        "version",
        "description",
        "termsOfService",
        "contact",
        "license",
        "tags",
        "externalDocs",
    ],
    refused: &[],
    extensions: &[],
};

pub(super) const CHANNEL: Known = Known {
    what: "a channel",
    fields: &[
        "address",
        "messages",
        "title",
        "summary",
        "description",
        "parameters",
        "tags",
        "externalDocs",
    ],
    refused: &[
        (
            "servers",
            "every channel is on the one broker of the process: NATS_URL",
        ),
        (
            "bindings",
            "streams and consumers are said in `x-jetstream`",
        ),
    ],
    extensions: &["x-upcasts", "x-sunset"],
};

pub(super) const PARAMETER: Known = Known {
    what: "a parameter",
    fields: &["location", "description", "examples"],
    refused: &[
        (
            "enum",
            "say it in the schema of the property that `location` leads to",
        ),
        ("default", "the value is always taken from the event"),
    ],
    extensions: &[],
};

pub(super) const MESSAGE: Known = Known {
    what: "a message",
    fields: &[
        "payload",
        "correlationId",
        "contentType",
        "deprecated",
        "name",
        "title",
        "summary",
        "description",
        "tags",
        "externalDocs",
    ],
    refused: &[
        (
            "headers",
            "what an event says stands in its data; headers are the runtime's own",
        ),
        (
            "bindings",
            "streams and consumers are said in `x-jetstream`",
        ),
        (
            "examples",
            "they are files: events/examples/<event>/valid/<name>.json",
        ),
        ("traits", "say it in the message itself"),
    ],
    extensions: &[],
};

pub(super) const CORRELATION_ID: Known = Known {
    what: "a correlation id",
    fields: &["location", "description"],
    refused: &[],
    extensions: &[],
};

pub(super) const OPERATION: Known = Known {
    what: "an operation",
    fields: &[
        "action",
        "channel",
        "title",
        "summary",
        "description",
        "tags",
        "externalDocs",
        "messages",
    ],
    refused: &[
        (
            "reply",
            "request and reply are not supported yet: answer with an event",
        ),
        ("traits", "say it in the operation itself"),
        ("security", "who may connect is the broker's configuration"),
        (
            "bindings",
            "streams and consumers are said in `x-jetstream`",
        ),
    ],
    extensions: &["x-jetstream", "x-service"],
};

pub(super) const COMPONENTS: Known = Known {
    what: "`components`",
    fields: &[
        "channels",
        "correlationIds",
        "externalDocs",
        "messages",
        "operations",
        "parameters",
        "schemas",
        "tags",
    ],
    refused: &[
        (
            "servers",
            "the broker's address is a setting of each process: NATS_URL",
        ),
        (
            "serverVariables",
            "the broker's address is a setting of each process: NATS_URL",
        ),
        (
            "securitySchemes",
            "who may connect is the broker's configuration",
        ),
        (
            "replies",
            "request and reply are not supported yet: answer with an event",
        ),
        (
            "replyAddresses",
            "request and reply are not supported yet: answer with an event",
        ),
        ("operationTraits", "say it in the operation itself"),
        ("messageTraits", "say it in the message itself"),
        (
            "serverBindings",
            "streams and consumers are said in `x-jetstream`",
        ),
        (
            "channelBindings",
            "streams and consumers are said in `x-jetstream`",
        ),
        (
            "operationBindings",
            "streams and consumers are said in `x-jetstream`",
        ),
        (
            "messageBindings",
            "streams and consumers are said in `x-jetstream`",
        ),
    ],
    extensions: &[],
};
