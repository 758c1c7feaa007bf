//! The formats of JSON Schema 2020-12 that generated code asserts inline. The `jsonschema` crate decides, so that a type
//! and a validator never differ.

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $article:literal;)*) => {
        /// A `format` that is asserted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Format {
            $($(#[$doc])* $variant,)*
        }

        impl Format {
            /// Its name in JSON Schema.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What a text of this format is, with its article.
            pub(super) fn article(self) -> &'static str {
                match self { $(Self::$variant => $article,)* }
            }

            fn validator(self) -> Option<&'static Validator> {
                match self {
                    $(Self::$variant => {
                        static COMPILED: OnceLock<Option<Validator>> = OnceLock::new();
                        COMPILED.get_or_init(|| compile($name)).as_ref()
                    })*
                }
            }
        }
    };
}

formats! {
    /// RFC 3339, `full-date`.
    Date = "date", "a date";
    /// RFC 3339, appendix A.
    Duration = "duration", "a duration";
    /// RFC 5321, section 4.1.2.
    Email = "email", "an e-mail address";
    /// RFC 1123, section 2.1.
    Hostname = "hostname", "a host name";
    /// RFC 6531.
    IdnEmail = "idn-email", "an internationalized e-mail address";
    /// RFC 5890, section 2.3.2.3.
    IdnHostname = "idn-hostname", "an internationalized host name";
    /// RFC 2673, section 3.2.
    Ipv4 = "ipv4", "an IPv4 address";
    /// RFC 4291, section 2.2.
    Ipv6 = "ipv6", "an IPv6 address";
    /// RFC 3987.
    Iri = "iri", "an IRI";
    /// RFC 3987.
    IriReference = "iri-reference", "an IRI or a relative reference";
    /// RFC 6901, section 5.
    JsonPointer = "json-pointer", "a JSON Pointer";
    /// ECMA-262.
    Regex = "regex", "a regular expression";
    /// draft-bhutton-relative-json-pointer-00.
    RelativeJsonPointer = "relative-json-pointer", "a relative JSON Pointer";
    /// RFC 3339, `full-time`.
    Time = "time", "a time with its offset";
    /// RFC 3986.
    Uri = "uri", "a URI";
    /// RFC 3986.
    UriReference = "uri-reference", "a URI or a relative reference";
    /// RFC 6570.
    UriTemplate = "uri-template", "a URI template";
}

fn compile(name: &str) -> Option<Validator> {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&json!({ "format": name }))
        .ok()
}

/// Whether `text` is of the format. Where the format does not compile nothing is: an unchecked event must not pass.
pub(super) fn holds(text: &str, format: Format) -> bool {
    format
        .validator()
        .is_some_and(|validator| validator.is_valid(&Value::String(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::{Format, holds};

    #[test]
    fn every_format_takes_its_own_and_refuses_others() {
        for (format, right, wrong) in [
            (Format::Date, "2026-02-28", "2026-02-30"),
            (Format::Duration, "P1DT12H", "1 day"),
            (Format::Email, "ada@example.com", "ada.example.com"),
            (Format::Hostname, "example.com", "-example.com"),
            (Format::IdnEmail, "ädä@exämple.com", "ädä.exämple.com"),
            (Format::IdnHostname, "exämple.com", "-exämple.com"),
            (Format::Ipv4, "127.0.0.1", "127.0.0.256"),
            (Format::Ipv6, "::1", ":::1"),
            (Format::Iri, "https://example.com/é", "no iri"),
            (Format::IriReference, "/é", "\\\\"),
            (Format::JsonPointer, "/a~1b", "a"),
            (Format::Regex, "^a+$", "("),
            (Format::RelativeJsonPointer, "1/a", "-1/a"),
            (Format::Time, "08:30:06Z", "08:30"),
            (Format::Uri, "https://example.com", "/relative"),
            (Format::UriReference, "/relative", "\\\\"),
            (Format::UriTemplate, "/{id}", "/{id"),
        ] {
            assert!(holds(right, format), "{format:?} {right}");
            assert!(!holds(wrong, format), "{format:?} {wrong}");
        }
    }
}
