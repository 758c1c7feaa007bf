//! Why the broker cannot be connected to: in words, with what to do about it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::settings::{NatsLogin, NatsTls, Settings};

/// What the service shows to the broker, as far as errors speak of it.
pub(super) struct Access {
    login: String,
    authorities: String,
    identity: Option<String>,
    tls_first: bool,
}

impl Access {
    pub(super) fn new(
        settings: &Settings,
        login: Option<&NatsLogin>,
        tls: Option<&NatsTls>,
    ) -> Self {
        let login = match login {
            None => {
                "nobody: set NATS_CREDS, NATS_NKEY_SEED, NATS_TOKEN, or NATS_USER and NATS_PASSWORD"
                    .to_owned()
            }
            Some(NatsLogin::User { name, .. }) => {
                format!("user {name:?}: is the name known there, and the password right?")
            }
            Some(NatsLogin::Token(_)) => "the holder of a token: is it the server's?".to_owned(),
            Some(NatsLogin::Nkey(seed)) => match nkeys::KeyPair::from_seed(seed.expose()) {
                Ok(pair) => format!("nkey {}: is that a user there?", pair.public_key()),
                Err(_) => "the nkey of NATS_NKEY_SEED, which cannot be read".to_owned(),
            },
            Some(NatsLogin::Creds(file)) => format!(
                "the user of NATS_CREDS={}: does the server know the account, and has the user been revoked?",
                file.display()
            ),
        };
        let ca = settings.nats_tls_ca.as_deref();
        Self {
            login,
            authorities: ca.map_or_else(
                || "the system's authorities; NATS_TLS_CA is not set".to_owned(),
                |file| format!("those in NATS_TLS_CA={}", file.display()),
            ),
            identity: settings
                .nats_tls_cert
                .as_deref()
                .map(|file| format!("NATS_TLS_CERT={}", file.display())),
            tls_first: tls.is_some_and(|tls| tls.first),
        }
    }

    /// The error in words. None where it is no more than the end of a connection, whose reason may have been told before.
    fn explain(&self, error: &str) -> Option<String> {
        let has = |texts: &[&str]| texts.iter().any(|text| error.contains(text));
        let certificate = self.identity.as_deref().unwrap_or("NATS_TLS_CERT");
        let text = if has(&["UnknownIssuer"]) {
            format!(
                "its certificate is signed by an authority that is not trusted here ({}): put the certificate of its authority into the file that NATS_TLS_CA names",
                self.authorities
            )
        } else if has(&[
            "peer certificate: certificate expired",
            "peer certificate: Expired",
        ]) {
            format!(
                "its certificate has expired: renew it there ({})",
                cause(error)
            )
        } else if has(&["not valid for name", "NotValidForName"]) {
            format!(
                "its certificate is for another name than NATS_URL says: use one that it is for ({})",
                cause(error)
            )
        } else if has(&["invalid peer certificate"]) {
            format!("its certificate is not accepted: {}", cause(error))
        } else if has(&["CertificateRequired"]) {
            "it demands a client certificate: set NATS_TLS_CERT and NATS_TLS_KEY".to_owned()
        } else if has(&["CertificateExpired"]) {
            format!("it says that the certificate in {certificate} has expired: renew it")
        } else if has(&[
            "UnknownCA",
            "BadCertificate",
            "CertificateUnknown",
            "AccessDenied",
        ]) {
            match self.identity {
                Some(_) => format!(
                    "it does not accept the certificate in {certificate}: is it signed by the authority that the server trusts for clients, and for client authentication? ({})",
                    cause(error)
                ),
                None => {
                    "it demands a client certificate: set NATS_TLS_CERT and NATS_TLS_KEY".to_owned()
                }
            }
        } else if has(&["InvalidContentType", "corrupt message"]) {
            if self.tls_first {
                "it does not begin with TLS: take NATS_TLS_FIRST away, or set handshake_first there"
                    .to_owned()
            } else {
                "it speaks no TLS, which tls:// or NATS_TLS_… demand: without TLS nothing is sent to it".to_owned()
            }
        } else if has(&["authorization violation"]) {
            format!("it refuses the login as {}", self.login)
        } else if has(&["failed signing nonce"]) {
            format!("the login cannot be signed: {}", cause(error))
        } else if has(&["expected INFO, got nothing", "timed out"]) && !self.tls_first {
            format!(
                "it says nothing ({error}); if it is set to handshake_first, set NATS_TLS_FIRST=true"
            )
        } else if has(&[
            "broken pipe",
            "Broken pipe",
            "reset by peer",
            "eof",
            "expected INFO",
        ]) {
            return None;
        } else {
            error.to_owned()
        };
        Some(text)
    }
}

/// Without the client's own word for the kind of error.
fn cause(error: &str) -> &str {
    error.split_once(": ").map_or(error, |(_, cause)| cause)
}

/// What was told last.
#[derive(Clone, Default)]
pub(super) struct Reason(Arc<Mutex<Option<String>>>);

impl Reason {
    /// Takes in the latest error of each server, and returns what there is to tell, where that is something new.
    pub(super) fn update(&self, errors: &[(String, String)], access: &Access) -> Option<String> {
        let mut vague = true;
        let texts: Vec<String> = errors
            .iter()
            .map(|(server, error)| {
                let explained = access.explain(error);
                vague &= explained.is_none();
                format!("{server}: {}", explained.as_deref().unwrap_or(error))
            })
            .collect();
        let text = texts.join("; ");
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A server that refuses closes the connection, and sometimes only that is seen.
        if text.is_empty() || told.as_ref() == Some(&text) || (vague && told.is_some()) {
            return None;
        }
        *told = Some(text.clone());
        Some(text)
    }

    /// Connected: nothing was told of what comes now.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
