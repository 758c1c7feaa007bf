//! A real server that says it is an older one: nothing else is changed on the way.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Where the server at `port`, which is of `version`, calls itself `other`.
pub async fn url(port: u16, version: &str, other: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let (version, other) = (
        format!("\"version\":\"{version}\""),
        format!("\"version\":\"{other}\""),
    );
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            let there = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let mut there = BufReader::new(there);
            let mut info = String::new();
            there.read_line(&mut info).await.unwrap();
            assert!(info.contains(&version), "{info}");
            let info = info.replace(&version, &other);
            here.write_all(info.as_bytes()).await.unwrap();
            tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
            });
        }
    });
    url
}
