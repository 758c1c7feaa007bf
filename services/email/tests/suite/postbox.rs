//! Mails through a real mail server, and as files.

use std::path::Path;

use dev::SmtpServer;
use email::postbox::{Files, Postbox, SendError, Smtp};

use crate::support::{EVENT_ID, mail_to, order_id};

fn smtp(url: &str) -> Postbox {
    Postbox::Smtp(Smtp::new(&url.parse().unwrap()))
}

fn files(dir: &Path) -> Postbox {
    Postbox::Files(Files::in_dir(dir).unwrap())
}

fn is_permanent(error: SendError) -> bool {
    format!("{:?}", error.into_failure()).contains("Permanent")
}

#[tokio::test]
async fn a_mail_server_gets_the_mail() {
    let server = SmtpServer::start().await.unwrap();
    smtp(&server.url())
        .send(&mail_to("ada@example.com"))
        .await
        .unwrap();
    let [message] = server.messages().try_into().unwrap();
    assert!(
        message.contains("To: \"Ada Lovelace\" <ada@example.com>"),
        "{message}"
    );
    assert!(
        message.contains(&format!("Message-ID: <{EVENT_ID}@example.com>")),
        "{message}"
    );
}

#[tokio::test]
async fn a_mailbox_that_does_not_exist_is_permanent_and_says_why() {
    let server = SmtpServer::start().await.unwrap();
    let error = smtp(&server.url())
        .send(&mail_to("bounce@example.com"))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("bounce@example.com"), "{text}");
    assert!(
        text.contains("550") && text.contains("no such mailbox"),
        "{text}"
    );
    assert!(is_permanent(error));
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn a_busy_mailbox_is_tried_again() {
    let server = SmtpServer::start().await.unwrap();
    let postbox = smtp(&server.url());
    let mail = mail_to("busy@example.com");
    let error = postbox.send(&mail).await.unwrap_err();
    let failure = error.into_failure();
    assert!(format!("{failure:?}").contains("Retry"), "{failure:?}");
    assert!(failure.to_string().contains("mailbox busy"), "{failure}");
    postbox.send(&mail).await.unwrap();
    assert_eq!(server.messages().len(), 1);
}

#[tokio::test]
async fn a_mail_server_that_is_not_there_is_tried_again() {
    let url = format!("smtp://127.0.0.1:{}", dev::ports::free().unwrap());
    let error = smtp(&url)
        .send(&mail_to("ada@example.com"))
        .await
        .unwrap_err();
    assert!(matches!(error, SendError::Unavailable(_)), "{error}");
    assert!(!is_permanent(error));
}

#[tokio::test]
async fn a_mail_becomes_one_file_however_often_it_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let postbox = files(dir.path());
    for _ in 0..3 {
        postbox.send(&mail_to("ada@example.com")).await.unwrap();
    }
    let entries: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(entries, [format!("{}-confirmed.eml", order_id())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_a_whole_mail_or_none() {
    let dir = tempfile::tempdir().unwrap();
    let postbox = files(dir.path());
    let mail = mail_to("ada@example.com");
    let whole = mail.message.formatted();
    let path = dir.path().join(format!("{}-confirmed.eml", order_id()));
    let writing = tokio::spawn(async move {
        for _ in 0..300 {
            postbox.send(&mail).await.unwrap();
        }
    });
    while !writing.is_finished() {
        if let Ok(seen) = std::fs::read(&path) {
            assert_eq!(seen.len(), whole.len(), "a reader saw half a mail");
        }
    }
    writing.await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

#[tokio::test]
async fn the_bouncing_domain_bounces_without_a_mail_server() {
    let dir = tempfile::tempdir().unwrap();
    let error = files(dir.path())
        .send(&mail_to("carol@Bounce.Example"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("550 5.1.1"), "{error}");
    assert!(is_permanent(error));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let postbox = files(&dir.path().join("mail"));
    std::fs::remove_dir(dir.path().join("mail")).unwrap();
    let error = postbox.send(&mail_to("ada@example.com")).await.unwrap_err();
    assert!(error.to_string().contains("MAIL_DIR"), "{error}");
    assert!(!is_permanent(error));

    std::fs::write(dir.path().join("file"), "").unwrap();
    let error = Files::in_dir(&dir.path().join("file")).unwrap_err();
    assert!(error.to_string().contains("MAIL_DIR"), "{error}");
}
