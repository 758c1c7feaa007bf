//! Free ports on the loopback interface.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

use crate::{Error, Result};

/// Below the range that systems take for outgoing connections (Linux from 32768, others from 49152): a server that is
/// killed and restarted finds its port free, and a client that tries again meanwhile cannot connect to itself.
const RANGE: std::ops::Range<u16> = 15_000..32_000;

static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port of 127.0.0.1 that nobody listens on and that this process has not handed out before.
pub fn free() -> Result<u16> {
    for _ in 0..500 {
        let port = rand::random_range(RANGE);
        if is_free(port) && TAKEN.lock().map_err(Error::failed)?.insert(port) {
            return Ok(port);
        }
    }
    Err(Error::failed(format!(
        "no free port on 127.0.0.1 between {} and {}",
        RANGE.start, RANGE.end
    )))
}

/// Whether nobody listens on this port of 127.0.0.1 at the moment.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
