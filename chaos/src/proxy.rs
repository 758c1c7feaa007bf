//! A way to the broker that can be cut, fall silent, and be slow.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What the way is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Way {
    /// Clear.
    #[default]
    Open,
    /// No connection stands, none is let in.
    Cut,
    /// Connections stand and are let in, and nothing comes through either way: neither side is told.
    HalfOpen,
    /// Everything arrives, in order, this many milliseconds later: anything between the two.
    Slow(u64, u64),
}

/// A proxy on a port of its own.
pub(crate) struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    carried: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Proxy {
    /// An open way to `target` (`host:port`).
    pub(crate) async fn to(target: String) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (way, watching) = watch::channel(Way::Open);
        let carried = Arc::new(AtomicU64::new(0));
        let accepting = tokio::spawn(accept(listener, target, watching, carried.clone()));
        Ok(Self {
            address,
            way,
            carried,
            accepting,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Changes what the way is like, for all connections at once.
    pub(crate) fn is(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// How many bytes have come through, both ways.
    pub(crate) fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }
}

async fn accept(
    listener: TcpListener,
    target: String,
    way: watch::Receiver<Way>,
    carried: Arc<AtomicU64>,
) {
    while let Ok((here, _)) = listener.accept().await {
        if *way.borrow() == Way::Cut {
            continue;
        }
        let (target, way, carried) = (target.clone(), way.clone(), carried.clone());
        tokio::spawn(async move {
            let Ok(there) = TcpStream::connect(target).await else {
                return;
            };
            let _ = (here.set_nodelay(true), there.set_nodelay(true));
            let ((here_in, here_out), (there_in, there_out)) =
                (here.into_split(), there.into_split());
            let mut cut = way.clone();
            tokio::select! {
                () = carry(here_in, there_out, way.clone(), &carried) => {}
                () = carry(there_in, here_out, way, &carried) => {}
                _ = cut.wait_for(|way| *way == Way::Cut) => {}
            }
        });
    }
}

/// Carries bytes one way, until either end is gone. What comes later is never written earlier.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
    carried: &AtomicU64,
) {
    // Bounded, so that whoever sends feels it when nothing comes through.
    let (send, mut arrive) = mpsc::channel::<(Instant, Vec<u8>)>(64);
    let now = way.clone();
    let read = async move {
        let mut buffer = vec![0; 16 * 1_024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let delay = match *now.borrow() {
                Way::Slow(least, most) => rand::random_range(least..=most.max(least)),
                _ => 0,
            };
            let due = Instant::now() + Duration::from_millis(delay);
            if send.send((due, buffer[..length].to_vec())).await.is_err() {
                break;
            }
        }
    };
    let write = async {
        while let Some((due, bytes)) = arrive.recv().await {
            tokio::time::sleep_until(due).await;
            if way.wait_for(|way| *way != Way::HalfOpen).await.is_err()
                || to.write_all(&bytes).await.is_err()
            {
                break;
            }
            carried.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
    };
    tokio::join!(read, write);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A server that sends back what it gets, a client behind a proxy, and the proxy.
    async fn echo() -> (Proxy, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.into_split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        let proxy = Proxy::to(address.to_string()).await.unwrap();
        let client = TcpStream::connect(proxy.address).await.unwrap();
        (proxy, client)
    }

    async fn answer(client: &mut TcpStream) -> std::io::Result<[u8; 4]> {
        client.write_all(b"ping").await?;
        let mut back = [0; 4];
        client.read_exact(&mut back).await.map(|_| back)
    }

    #[tokio::test]
    async fn a_half_open_way_is_silent_and_loses_nothing() {
        let (proxy, mut client) = echo().await;
        assert_eq!(&answer(&mut client).await.unwrap(), b"ping");
        proxy.is(Way::HalfOpen);
        let silent = tokio::time::timeout(Duration::from_millis(300), answer(&mut client)).await;
        assert!(silent.is_err(), "something came through");
        proxy.is(Way::Open);
        let mut back = [0; 4];
        client.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"ping");
    }

    #[tokio::test]
    async fn a_slow_way_takes_its_time_there_and_back() {
        let (proxy, mut client) = echo().await;
        proxy.is(Way::Slow(50, 150));
        let begun = Instant::now();
        answer(&mut client).await.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(100));
    }

    #[tokio::test]
    async fn a_cut_way_ends_connections_and_takes_no_new_ones() {
        let (proxy, mut client) = echo().await;
        answer(&mut client).await.unwrap();
        proxy.is(Way::Cut);
        assert!(answer(&mut client).await.is_err());
        let mut late = TcpStream::connect(proxy.address).await.unwrap();
        assert!(answer(&mut late).await.is_err());
        proxy.is(Way::Open);
        let mut next = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(&answer(&mut next).await.unwrap(), b"ping");
    }
}
