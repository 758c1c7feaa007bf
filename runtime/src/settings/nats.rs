//! Who the service is for NATS and how the connection is secured: several settings that must fit each other, and the
//! files that they name. All of it is read and checked before anything connects.

use std::path::{Path, PathBuf};

use async_nats::ServerAddr;
use async_nats::rustls::crypto::ring::default_provider;
use async_nats::rustls::pki_types::pem::PemObject;
use async_nats::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use async_nats::rustls::sign::CertifiedKey;
use async_nats::rustls::{self, RootCertStore};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Settings;
use super::secret::{Secret, SecretUrl};
use super::values::ValueError;

/// Who to log in to NATS as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NatsLogin {
    /// `NATS_USER` and `NATS_PASSWORD`, or `nats://user:password@host`.
    User {
        /// The user's name.
        name: String,
        /// The password.
        password: Secret,
    },
    /// `NATS_TOKEN`, or `nats://token@host`.
    Token(Secret),
    /// `NATS_NKEY_SEED`.
    Nkey(Secret),
    /// `NATS_CREDS`: read again for each connection, so that credentials can be renewed under a running service.
    Creds(PathBuf),
}

/// How the connection to NATS is secured. The files are read again for each connection, so that certificates can be
/// renewed under a running service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsTls {
    /// Whom to trust instead of the system's authorities.
    pub ca: Option<PathBuf>,
    /// The service's own certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Whether TLS begins before the server has said anything.
    pub first: bool,
}

impl Settings {
    /// Who to log in to NATS as, where any setting says so. The NATS client itself ignores what stands before the `@`
    /// of a URL.
    ///
    /// # Errors
    ///
    /// A whole sentence, where settings contradict each other or the file of `NATS_CREDS` is of no use.
    pub fn nats_login(&self) -> Result<Option<NatsLogin>, ValueError> {
        let mut logins = Vec::new();
        if let Some(file) = &self.nats_creds {
            Credentials::read(file)?;
            logins.push(("NATS_CREDS", NatsLogin::Creds(file.clone())));
        }
        if let Some(seed) = &self.nats_nkey_seed {
            logins.push(("NATS_NKEY_SEED", NatsLogin::Nkey(seed.clone())));
        }
        match (&self.nats_user, &self.nats_password) {
            (Some(name), Some(password)) => {
                let (name, password) = (name.clone(), password.clone());
                logins.push(("NATS_USER", NatsLogin::User { name, password }));
            }
            (Some(_), None) => return one_without_the_other("NATS_USER", "NATS_PASSWORD"),
            (None, Some(_)) => return one_without_the_other("NATS_PASSWORD", "NATS_USER"),
            (None, None) => {}
        }
        if let Some(token) = &self.nats_token {
            logins.push(("NATS_TOKEN", NatsLogin::Token(token.clone())));
        }
        for login in self.nats_url.iter().filter_map(login_of) {
            // Every server of a cluster is told the same.
            if !logins
                .iter()
                .any(|(name, other)| *name == "NATS_URL" && *other == login)
            {
                logins.push(("NATS_URL", login));
            }
        }
        match logins.as_slice() {
            [] => Ok(None),
            [_] => Ok(logins.pop().map(|(_, login)| login)),
            [("NATS_URL", _), ..] => refuse(
                "NATS_URL names several logins, and a service is one user on all servers: write the same one everywhere, or set NATS_USER and NATS_PASSWORD instead",
            ),
            _ => {
                let names: Vec<&str> = logins.iter().map(|(name, _)| *name).collect();
                refuse(format!(
                    "{} each say who the service is, and it is one user: keep one of them",
                    names.join(" and ")
                ))
            }
        }
    }

    /// How the connection to NATS is secured, where any setting speaks of it: then it is never made without TLS.
    ///
    /// # Errors
    ///
    /// A whole sentence, where settings contradict each other or one of the files is of no use.
    pub fn nats_tls(&self) -> Result<Option<NatsTls>, ValueError> {
        if let Some(file) = &self.nats_tls_ca {
            let mut roots = RootCertStore::empty();
            for certificate in certificates("NATS_TLS_CA", file)? {
                roots.add(certificate).map_err(|error| {
                    named(
                        "NATS_TLS_CA",
                        file,
                        format!("holds a certificate that cannot be trusted: {error}"),
                    )
                })?;
            }
        }
        let identity = match (&self.nats_tls_cert, &self.nats_tls_key) {
            (Some(certificate), Some(key)) => {
                matching(certificate, key)?;
                Some((certificate.clone(), key.clone()))
            }
            (Some(_), None) => return one_without_the_other("NATS_TLS_CERT", "NATS_TLS_KEY"),
            (None, Some(_)) => return one_without_the_other("NATS_TLS_KEY", "NATS_TLS_CERT"),
            (None, None) => None,
        };
        let asked = self.nats_tls_ca.is_some()
            || identity.is_some()
            || self.nats_tls_first
            || self
                .nats_url
                .iter()
                .any(|url| url.expose().starts_with("tls://"));
        Ok(asked.then(|| NatsTls {
            ca: self.nats_tls_ca.clone(),
            identity,
            first: self.nats_tls_first,
        }))
    }
}

fn refuse<T>(sentence: impl Into<String>) -> Result<T, ValueError> {
    Err(ValueError::new(sentence))
}

fn named(name: &str, file: &Path, wrong: impl AsRef<str>) -> ValueError {
    ValueError::new(format!("{name}={} {}", file.display(), wrong.as_ref()))
}

fn one_without_the_other<T>(set: &str, missing: &str) -> Result<T, ValueError> {
    refuse(format!(
        "{set} is set and {missing} is not: one is of no use without the other"
    ))
}

/// The login in a URL.
fn login_of(url: &SecretUrl) -> Option<NatsLogin> {
    let address = url.expose().parse::<ServerAddr>().ok()?;
    let plain = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let name = plain(address.username()?);
    Some(match address.password() {
        Some(password) => NatsLogin::User {
            name,
            password: Secret::from(plain(password)),
        },
        None => NatsLogin::Token(Secret::from(name)),
    })
}

/// All certificates of a file.
fn certificates(name: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, ValueError> {
    let text = read(name, file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(named(
            name,
            file,
            "holds no certificate: it must be PEM, in blocks that begin with -----BEGIN CERTIFICATE-----",
        )),
    }
}

/// Whether the two files belong together and can be used.
fn matching(certificate: &Path, key: &Path) -> Result<(), ValueError> {
    const KEY: &str = "NATS_TLS_KEY";
    let chain = certificates("NATS_TLS_CERT", certificate)?;
    let text = read(KEY, key)?;
    if text.contains("ENCRYPTED") {
        return Err(named(
            KEY,
            key,
            "is encrypted, and nobody could enter its passphrase: store it decrypted, readable by the service alone",
        ));
    }
    let secret = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
        named(KEY, key, "holds no private key: it must be PEM, in a block that begins with -----BEGIN PRIVATE KEY-----")
    })?;
    match CertifiedKey::from_der(chain, secret, &default_provider()) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => Err(named(
            KEY,
            key,
            format!(
                "is not the key of the certificate in NATS_TLS_CERT={}: the two do not belong together",
                certificate.display()
            ),
        )),
        Err(error) => Err(named(KEY, key, format!("cannot be used: {error}"))),
    }
}

fn read(name: &str, file: &Path) -> Result<String, ValueError> {
    // What is no text is no PEM either, and is refused for that.
    match std::fs::read(file) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(named(name, file, format!("cannot be read: {error}"))),
    }
}

/// What a file of `NATS_CREDS` holds.
pub(crate) struct Credentials {
    /// What the account says of the user.
    pub(crate) jwt: String,
    /// What shows that it is the user who says so.
    pub(crate) key: KeyPair,
}

impl Credentials {
    /// Reads the file as `nsc` writes it.
    pub(crate) fn read(file: &Path) -> Result<Self, ValueError> {
        let wrong = |what: &str| named("NATS_CREDS", file, what);
        let text = read("NATS_CREDS", file)?;
        let jwt = block(&text, "-----BEGIN NATS USER JWT-----").ok_or_else(|| {
            wrong("holds no user's JWT: it must have a block that begins with -----BEGIN NATS USER JWT-----, as nsc writes it")
        })?;
        let seed = block(&text, "-----BEGIN USER NKEY SEED-----").ok_or_else(|| {
            wrong("holds no user's seed: it must have a block that begins with -----BEGIN USER NKEY SEED-----, as nsc writes it")
        })?;
        let key = KeyPair::from_seed(seed)
            .map_err(|_| wrong("holds a seed with a mistake in it: its checksum is wrong"))?;
        let claims = claims(jwt).ok_or_else(|| wrong("holds a JWT that cannot be read"))?;
        if claims.sub != key.public_key() {
            return Err(wrong("holds the JWT of one user and the seed of another"));
        }
        let now = OffsetDateTime::now_utc();
        match claims
            .exp
            .and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok())
        {
            Some(at) if at <= now => {
                let at = at.format(&Rfc3339).unwrap_or_default();
                Err(wrong(&format!(
                    "expired at {at}: have new credentials made"
                )))
            }
            _ => Ok(Self {
                jwt: jwt.to_owned(),
                key,
            }),
        }
    }
}

fn block<'a>(text: &'a str, begin: &str) -> Option<&'a str> {
    let line = text.split_once(begin)?.1.lines().nth(1)?.trim();
    (!line.is_empty() && !line.starts_with('-')).then_some(line)
}

#[derive(serde::Deserialize)]
struct Claims {
    /// The user's public key.
    sub: String,
    /// When it expires, in seconds since 1970.
    #[serde(default)]
    exp: Option<i64>,
}

fn claims(jwt: &str) -> Option<Claims> {
    let body = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&body).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_login_stands_in_the_url() {
        let login = |url: &str| login_of(&SecretUrl::from(url));
        let user = NatsLogin::User {
            name: "shop".to_owned(),
            password: Secret::from("p@ss/".to_owned()),
        };
        assert_eq!(login("nats://shop:p%40ss%2F@host:4222"), Some(user));
        assert_eq!(
            login("tls://t0ken@host"),
            Some(NatsLogin::Token(Secret::from("t0ken".to_owned())))
        );
        assert_eq!(login("nats://host:4222"), None);
    }

    #[test]
    fn a_service_is_one_user() {
        let mut settings = Settings::defaults("orders");
        assert_eq!(settings.nats_login().unwrap(), None);
        settings.nats_url = vec!["nats://a:b@one".into(), "nats://a:b@two".into()];
        assert!(matches!(
            settings.nats_login().unwrap(),
            Some(NatsLogin::User { .. })
        ));
        settings.nats_url.push("nats://a:c@three".into());
        assert!(
            settings
                .nats_login()
                .unwrap_err()
                .to_string()
                .starts_with("NATS_URL names several logins")
        );
        settings.nats_url = vec!["nats://a:b@one".into()];
        settings.nats_token = Some(Secret::from("t".to_owned()));
        let said = settings.nats_login().unwrap_err().to_string();
        assert!(
            said.starts_with("NATS_TOKEN and NATS_URL each say"),
            "{said}"
        );
    }

    #[test]
    fn whatever_speaks_of_tls_demands_it() {
        let mut settings = Settings::defaults("orders");
        assert_eq!(settings.nats_tls().unwrap(), None);
        settings.nats_url = vec!["nats://one".into(), "tls://two".into()];
        let plain = NatsTls {
            ca: None,
            identity: None,
            first: false,
        };
        assert_eq!(settings.nats_tls().unwrap(), Some(plain.clone()));
        settings.nats_url.pop();
        settings.nats_tls_first = true;
        assert_eq!(
            settings.nats_tls().unwrap(),
            Some(NatsTls {
                first: true,
                ..plain
            })
        );
    }
}
