//! A way to a server that can be shut: what stands behind it is then gone, for those who go through here.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

pub struct Gate {
    address: SocketAddr,
    target: String,
    door: Mutex<Option<JoinHandle<()>>>,
}

impl Gate {
    /// An open gate to `target` (`host:port`).
    pub async fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Self {
            address: listener.local_addr().unwrap(),
            target: target.to_owned(),
            door: Mutex::default(),
        };
        gate.let_in(listener).await;
        gate
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    async fn let_in(&self, listener: TcpListener) {
        let target = self.target.clone();
        // Whoever came through goes with the door.
        let through = Arc::new(Mutex::new(tokio::task::JoinSet::new()));
        let door = tokio::spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                let target = target.clone();
                through.lock().await.spawn(async move {
                    if let Ok(mut there) = TcpStream::connect(target).await {
                        let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
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
}
