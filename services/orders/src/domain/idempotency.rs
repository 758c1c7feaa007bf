//! How a repeated request is told from a new one.

use uuid::Uuid;

/// What a client calls one request by, however often it sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key in this text, or `None` where it is not 1 to 255 visible ASCII characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        ((1..=255).contains(&text.len()) && visible).then(|| Self(text.to_owned()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What tells the body of one request from that of another, without keeping what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a request's body, byte by byte.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(Uuid::new_v5(&Uuid::NAMESPACE_OID, body).to_string())
    }

    /// A fingerprint that was taken before.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The fingerprint as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        assert!(IdempotencyKey::parse("8e03978e-40d5-43dd-bc93-6894a57f9324").is_some());
        assert!(IdempotencyKey::parse(&"k".repeat(255)).is_some());
        for wrong in ["", " ", "a b", "a\n", "schlüssel", &"k".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(wrong), None);
        }
    }

    #[test]
    fn another_body_has_another_fingerprint() {
        assert_eq!(Fingerprint::of(b"{}"), Fingerprint::of(b"{}"));
        assert_ne!(Fingerprint::of(b"{}"), Fingerprint::of(b"{ }"));
    }
}
