//! What no client library would send: header blocks as they are, byte for byte.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Publishes with this header block, and waits until the server has read it.
pub async fn publish(port: u16, subject: &str, headers: &[u8], body: &[u8]) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut text = Vec::new();
    text.extend_from_slice(b"CONNECT {\"headers\":true,\"verbose\":false,\"protocol\":1}\r\n");
    let (head, all) = (headers.len(), headers.len() + body.len());
    text.extend_from_slice(format!("HPUB {subject} {head} {all}\r\n").as_bytes());
    text.extend_from_slice(headers);
    text.extend_from_slice(body);
    text.extend_from_slice(b"\r\nPING\r\n");
    stream.write_all(&text).await.unwrap();
    let mut lines = BufReader::new(&mut stream).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        assert!(!line.starts_with("-ERR"), "the server refused: {line}");
        if line == "PONG" {
            break;
        }
    }
}
