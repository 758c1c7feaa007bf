//! The fields of AsyncAPI 3: those that codegen reads, those that change nothing, and those that it refuses.

use super::fields::Known;

const BROKER: &str = "the broker's address is a setting of each process: NATS_URL";
const BINDINGS: &str =
    "events travel over NATS JetStream, whose streams and consumers are said in `x-jetstream`";
const SECURITY: &str = "who may connect and what for is the broker's configuration";

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
    idle: &[("servers", BROKER)],
    refused: &[],
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
    idle: &[],
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
    idle: &[
        (
            "servers",
            "every channel is on the one broker of the process: NATS_URL",
        ),
        ("bindings", BINDINGS),
    ],
    refused: &[],
    extensions: &["x-upcasts", "x-sunset"],
};

pub(super) const PARAMETER: Known = Known {
    what: "a parameter",
    fields: &["location", "description", "examples"],
    idle: &[
        (
            "enum",
            "only the schema of the property that `location` leads to is enforced: say it there",
        ),
        ("default", "the value is always taken from the event"),
    ],
    refused: &[],
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
        "examples",
        "traits",
    ],
    idle: &[
        (
            "headers",
            "no type is generated for headers, which are the runtime's own: say it in the payload",
        ),
        ("bindings", BINDINGS),
    ],
    refused: &[],
    extensions: &["x-sunset"],
};

pub(super) const CORRELATION_ID: Known = Known {
    what: "a correlation id",
    fields: &["location", "description"],
    idle: &[],
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
        "reply",
        "traits",
    ],
    idle: &[("security", SECURITY), ("bindings", BINDINGS)],
    refused: &[],
    extensions: &["x-jetstream", "x-service"],
};

/// What stands here says something only where it is referred to.
pub(super) const COMPONENTS: Known = Known {
    what: "`components`",
    fields: &[
        "channelBindings",
        "channels",
        "correlationIds",
        "externalDocs",
        "messageBindings",
        "messageTraits",
        "messages",
        "operationBindings",
        "operationTraits",
        "operations",
        "parameters",
        "replies",
        "replyAddresses",
        "schemas",
        "securitySchemes",
        "serverBindings",
        "serverVariables",
        "servers",
        "tags",
    ],
    idle: &[],
    refused: &[],
    extensions: &[],
};

/// A payload with its format beside it (Multi Format Schema Object).
pub(super) const FORMATTED_SCHEMA: Known = Known {
    what: "a schema with its format",
    fields: &["schemaFormat", "schema"],
    idle: &[],
    refused: &[],
    extensions: &[],
};

pub(super) const EXAMPLE: Known = Known {
    what: "an example of a message",
    fields: &["headers", "payload", "name", "summary"],
    idle: &[],
    refused: &[],
    extensions: &[],
};
