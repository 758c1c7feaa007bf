use dev::SmtpServer;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Says each line and returns the answers' codes.
async fn talk(server: &SmtpServer, lines: &[&str]) -> Vec<String> {
    let address = server.url().replace("smtp://", "");
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    let mut codes = Vec::new();
    for line in std::iter::once(&"").chain(lines) {
        if !line.is_empty() {
            stream
                .write_all(format!("{line}\r\n").as_bytes())
                .await
                .unwrap();
        }
        let mut answer = String::from("-");
        // `250-` goes on, `250 ` ends.
        while answer.as_bytes().get(3) != Some(&b' ') {
            answer.clear();
            assert!(
                stream.read_line(&mut answer).await.unwrap() > 0,
                "closed after {line:?}"
            );
        }
        codes.push(answer[..3].to_owned());
    }
    codes
}

#[tokio::test]
async fn accepts_refuses_and_puts_off() {
    let server = SmtpServer::start().await.unwrap();
    let ada = [
        "EHLO test",
        "MAIL FROM:<shop@example.org>",
        "RCPT TO:<ada@example.org>",
        "DATA",
        "Subject: one\r\n\r\nhello\r\n.",
    ];
    assert_eq!(
        talk(&server, &ada).await,
        ["220", "250", "250", "250", "354", "250"]
    );
    let messages = server.messages();
    assert_eq!(messages.len(), 1);
    assert!(
        messages[0].contains("Subject: one") && messages[0].contains("hello"),
        "{messages:?}"
    );

    let gone = [
        "EHLO test",
        "MAIL FROM:<shop@example.org>",
        "RCPT TO:<bounce-7@example.org>",
    ];
    assert_eq!(talk(&server, &gone).await.last().unwrap(), "550");
    let busy = [
        "EHLO test",
        "MAIL FROM:<shop@example.org>",
        "RCPT TO:<busy@example.org>",
    ];
    assert_eq!(talk(&server, &busy).await.last().unwrap(), "451");
    assert_eq!(talk(&server, &busy).await.last().unwrap(), "250");
    assert_eq!(server.messages().len(), 1);
}
