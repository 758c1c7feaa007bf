//! A way to a NATS server that can lose what is on its way to an inbox, as a server does that has lost an interest: the
//! connection itself stays whole.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub struct Leaky {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Where pulls were to be answered, each once, in order.
    inboxes: Mutex<Vec<String>>,
    lost: Mutex<Option<String>>,
}

impl Leaky {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let Ok(there) = TcpStream::connect(("127.0.0.1", port)).await else {
                    continue;
                };
                let (from_client, to_client) = here.into_split();
                let (from_server, to_server) = there.into_split();
                let (up, down) = (shared.clone(), shared.clone());
                tokio::spawn(copy(from_client, to_server, move |line| {
                    up.pulls(line);
                    true
                }));
                tokio::spawn(copy(from_server, to_client, move |line| !down.loses(line)));
            }
        });
        Self { address, state }
    }

    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Where pulls were to be answered so far.
    pub fn inboxes(&self) -> usize {
        self.state.inboxes.lock().unwrap().len()
    }

    /// From now on nothing reaches the inbox where pulls are answered now.
    pub fn lose_the_inbox(&self) {
        let inbox = self.state.inboxes.lock().unwrap().last().cloned();
        *self.state.lost.lock().unwrap() = inbox;
    }
}

impl State {
    /// `PUB $JS.API.CONSUMER.MSG.NEXT.… <inbox>.<pull> <size>`
    fn pulls(&self, line: &str) {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (subject, reply) = (words.next(), words.next());
        if subject.is_some_and(|subject| subject.starts_with("$JS.API.CONSUMER.MSG.NEXT."))
            && let Some((inbox, _)) = reply.and_then(|reply| reply.rsplit_once('.'))
        {
            let mut inboxes = self.inboxes.lock().unwrap();
            if !inboxes.iter().any(|known| known == inbox) {
                inboxes.push(inbox.to_owned());
            }
        }
    }

    /// `MSG <subject> <sid> [<reply>] <size>`; a message of a stream has its own subject, so the subscription tells.
    fn loses(&self, line: &str) -> bool {
        let lost = self.lost.lock().unwrap();
        lost.as_ref().is_some_and(|inbox| {
            line.split_ascii_whitespace()
                .nth(1)
                .is_some_and(|subject| subject.starts_with(inbox.as_str()))
        })
    }
}

/// Copies whole protocol messages, those that `passes` lets through.
async fn copy(
    from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    passes: impl Fn(&str) -> bool,
) {
    let mut from = BufReader::new(from);
    loop {
        let mut message = Vec::new();
        match from.read_until(b'\n', &mut message).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&message).into_owned();
        let carries = ["PUB ", "HPUB ", "MSG ", "HMSG "];
        if carries.iter().any(|verb| line.starts_with(verb)) {
            let size = line.split_ascii_whitespace().next_back();
            let size: usize = size.and_then(|size| size.parse().ok()).unwrap();
            let begun = message.len();
            message.resize(begun + size + 2, 0);
            if from.read_exact(&mut message[begun..]).await.is_err() {
                return;
            }
        }
        if passes(&line) && to.write_all(&message).await.is_err() {
            return;
        }
    }
}
