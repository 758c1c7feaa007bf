//! The formats of JSON Schema 2020-12 that generated code asserts inline.

/// A `format` with an inline check. The other formats go to the compiled schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An address as in RFC 5321, section 4.1.2.
    Email,
}

impl Format {
    pub(super) fn article(self) -> &'static str {
        match self {
            Self::Email => "an e-mail address",
        }
    }
}

pub(super) fn holds(text: &str, format: Format) -> bool {
    match format {
        Format::Email => is_email(text),
    }
}

/// A dot-atom local part and a dotted host name: what mail systems accept in practice.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let local_ok = local.len() <= 64
        && local
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(atom));
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    local_ok && domain.len() <= 253 && domain.split('.').all(label_ok)
}
