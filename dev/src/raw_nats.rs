//! As much of the NATS protocol as it takes to ask a server who it is.
//!
//! The real client reconnects, buffers and hides the first answer; here a refused connection has to be seen as one.

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// What a server says first.
#[derive(Debug, Deserialize)]
pub(crate) struct Info {
    pub(crate) server_name: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) jetstream: bool,
}

/// A connection after the server's `INFO`.
struct Line {
    stream: BufReader<TcpStream>,
    info: Info,
}

/// Connects to `address` (`host:port`) and reads who is there.
pub(crate) async fn info(address: &str) -> Result<Info, String> {
    Ok(open(address).await?.info)
}

async fn open(address: &str) -> Result<Line, String> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(|e| format!("{address}: {e}"))?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream
        .read_line(&mut line)
        .await
        .map_err(|e| format!("{address}: {e}"))?;
    let json = line
        .strip_prefix("INFO ")
        .ok_or_else(|| format!("{address} does not speak NATS: it said {line:?}"))?;
    let info =
        serde_json::from_str(json).map_err(|e| format!("{address}: unreadable INFO: {e}"))?;
    Ok(Line { stream, info })
}

/// Asks the JetStream of the server at `address` for its account, which it answers only when it is ready to store. `login`
/// is who asks, by name and password.
pub(crate) async fn jetstream_answers(
    address: &str,
    login: Option<&(String, String)>,
) -> Result<Info, String> {
    let Line { mut stream, info } = open(address).await?;
    if !info.jetstream {
        return Err(format!("{address} has no JetStream"));
    }
    let mut connect = serde_json::json!({
        "verbose": false, "pedantic": false, "headers": true, "no_responders": true,
    });
    if let Some((name, password)) = login {
        connect["user"] = name.as_str().into();
        connect["pass"] = password.as_str().into();
    }
    let ask = format!(
        "CONNECT {connect}\r\nSUB _INBOX.ready 1\r\nPUB $JS.API.INFO _INBOX.ready 0\r\n\r\n"
    );
    stream
        .write_all(ask.as_bytes())
        .await
        .map_err(|e| format!("{address}: {e}"))?;
    let mut line = String::new();
    loop {
        line.clear();
        let read = stream
            .read_line(&mut line)
            .await
            .map_err(|e| format!("{address}: {e}"))?;
        if read == 0 {
            return Err(format!("{address} closed the connection"));
        } else if line.starts_with("-ERR") || line.starts_with("HMSG") {
            return Err(format!(
                "JetStream does not answer yet: {}",
                line.trim_end()
            ));
        } else if let Some(rest) = line.strip_prefix("MSG ") {
            let length = rest
                .split_whitespace()
                .last()
                .and_then(|n| n.parse().ok())
                .unwrap_or(0);
            let mut body = vec![0; length];
            stream
                .read_exact(&mut body)
                .await
                .map_err(|e| format!("{address}: {e}"))?;
            let answer: serde_json::Value =
                serde_json::from_slice(&body).map_err(|e| e.to_string())?;
            return match answer.get("error") {
                None => Ok(info),
                Some(error) => Err(format!("JetStream answers with an error: {error}")),
            };
        }
    }
}
