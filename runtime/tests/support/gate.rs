//! A way to a server that can be shut, or fall silent: what stands behind it is then gone, for those who go through here.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

pub struct Gate {
    address: SocketAddr,
    target: String,
    door: Mutex<Option<JoinHandle<()>>>,
    /// Counts silences: whoever came through before the latest hears nothing any more.
    silences: watch::Sender<u64>,
    silent: watch::Sender<bool>,
}

impl Gate {
    /// An open gate to `target` (`host:port`).
    pub async fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Self {
            address: listener.local_addr().unwrap(),
            target: target.to_owned(),
            door: Mutex::default(),
            silences: watch::channel(0).0,
            silent: watch::channel(false).0,
        };
        gate.let_in(listener).await;
        gate
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    async fn let_in(&self, listener: TcpListener) {
        let (target, silences, silent) = (
            self.target.clone(),
            self.silences.clone(),
            self.silent.clone(),
        );
        // Whoever came through goes with the door.
        let through = Arc::new(Mutex::new(tokio::task::JoinSet::new()));
        let door = tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let (target, silences) = (target.clone(), silences.subscribe());
                let silent = *silent.borrow();
                through.lock().await.spawn(async move {
                    if silent {
                        // The connection stands, and nothing comes of it.
                        let _here = here;
                        std::future::pending::<()>().await;
                    } else if let Ok(there) = TcpStream::connect(target).await {
                        pass(here, there, silences).await;
                    }
                });
            }
        });
        *self.door.lock().await = Some(door);
    }

    /// Cuts all connections and refuses new ones.
    pub async fn shut(&self) {
        if let Some(door) = self.door.lock().await.take() {
            door.abort();
            let _ = door.await;
        }
    }

    /// Opens it again, at the same address.
    pub async fn open(&self) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        self.let_in(socket.listen(64).unwrap()).await;
    }

    /// Nothing passes any more in either direction, and no connection ends: also new ones stand and hear nothing.
    pub fn fall_silent(&self) {
        self.silent.send_replace(true);
        self.silences.send_modify(|count| *count += 1);
    }

    /// New connections pass again. Those that fell silent stay so.
    pub fn speak(&self) {
        self.silent.send_replace(false);
    }
}

async fn pass(here: TcpStream, there: TcpStream, silences: watch::Receiver<u64>) {
    let (from_here, to_here) = here.into_split();
    let (from_there, to_there) = there.into_split();
    tokio::select! {
        () = forward(from_here, to_there, silences.clone()) => {}
        () = forward(from_there, to_here, silences) => {}
    }
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut silences: watch::Receiver<u64>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            _ = silences.changed() => std::future::pending().await,
        };
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
