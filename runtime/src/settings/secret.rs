//! Settings that are not shown, or not whole.

use std::fmt;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A URL that may hold a password: shown without it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The URL as it was given, password included: to connect with, not to show.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The URL without its password.
    #[must_use]
    pub fn redacted(&self) -> String {
        redacted(&self.0)
    }
}

impl From<String> for SecretUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl From<&str> for SecretUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// A URL with `***` for its secrets: the password, a lone user name (NATS takes it for a token), and the values of
/// query parameters that are called so. Takes a list with commas, too.
#[must_use]
pub fn redacted(url: &str) -> String {
    url.split(',')
        .map(redacted_one)
        .collect::<Vec<_>>()
        .join(",")
}

fn redacted_one(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    // A password may hold a slash or an @ that should have been escaped: the last @ counts, wherever it stands.
    let rest = match rest.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => format!("***@{host}"),
        },
        None => rest.to_owned(),
    };
    let query = query.map_or_else(String::new, |query| {
        let pairs: Vec<String> = query.split('&').map(redacted_pair).collect();
        format!("?{}", pairs.join("&"))
    });
    format!("{scheme}{rest}{query}")
}

fn redacted_pair(pair: &str) -> String {
    let secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["pass", "secret", "token", "key"]
            .iter()
            .any(|word| name.contains(word))
    };
    match pair.split_once('=') {
        Some((name, _)) if secret(name) => format!("{name}=***"),
        _ => pair.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let cases = [
            (
                "postgres://shop:hunter2@db/orders",
                "postgres://shop:***@db/orders",
            ),
            (
                "postgres://shop:p@ss/w:rd@db:5432/orders?sslmode=require",
                "postgres://shop:***@db:5432/orders?sslmode=require",
            ),
            (
                "postgres://db/orders?user=shop&password=hunter2",
                "postgres://db/orders?user=shop&password=***",
            ),
            (
                "nats://s3cr3t@a:4222,nats://u:p@b:4222",
                "nats://***@a:4222,nats://u:***@b:4222",
            ),
            ("u:hunter2@host:4222", "u:***@host:4222"),
            (
                "sqlite://data/orders.sqlite3",
                "sqlite://data/orders.sqlite3",
            ),
        ];
        for (url, shown) in cases {
            assert_eq!(redacted(url), shown);
            assert_eq!(format!("{:?}", SecretUrl::from(url)), shown);
        }
        assert_eq!(format!("{:?}", Secret::from("x".to_owned())), "***");
    }
}
