//! What letters and mails look like.

use email::domain::{Letter, Mail, confirmation};
use events::order_cancelled_v1::CancellationReason;
use time::macros::datetime;

use crate::support::{cancellation_for, confirmation_to, mail_to};

fn formatted(letter: &Letter) -> String {
    let from = "Jetway sample shop <shop@example.com>".parse().unwrap();
    let mail = Mail::new(letter, &from).unwrap();
    String::from_utf8(mail.message.formatted()).unwrap()
}

#[test]
fn the_confirmation_as_it_goes_over_the_wire() {
    let mail = formatted(&confirmation_to("Ada Lovelace", "ada@example.com"));
    insta::assert_snapshot!(mail.replace("\r\n", "\n"));
}

#[test]
fn the_cancellation_names_the_article_that_is_sold_out() {
    let letter = cancellation_for(CancellationReason::OutOfStock, Some("MUG-BLUE"));
    insta::assert_snapshot!(format!(
        "{}\n\n{}\n{}",
        letter.subject, letter.text, letter.html
    ));
}

#[test]
fn the_cancellation_without_an_article() {
    let letter = cancellation_for(CancellationReason::OutOfStock, None);
    insta::assert_snapshot!(letter.text);
}

#[test]
fn the_cancellation_that_the_customer_asked_for() {
    let letter = cancellation_for(CancellationReason::CustomerRequest, None);
    insta::assert_snapshot!(letter.text);
}

#[test]
fn the_same_event_gives_the_same_bytes() {
    let letter = || formatted(&confirmation_to("Ada Lovelace", "ada@example.com"));
    assert_eq!(letter(), letter());
}

#[test]
fn a_name_is_text_in_html_and_one_line_in_the_header() {
    let letter = confirmation_to("<b>Ada</b>\r\nBcc: eve@example.com", "ada@example.com");
    assert!(
        letter.html.contains("&#60;b&#62;Ada&#60;/b&#62;"),
        "{}",
        letter.html
    );
    assert!(!letter.html.contains("<b>"));
    assert!(
        letter
            .text
            .contains("Dear <b>Ada</b> Bcc: eve@example.com,")
    );
    let mail = formatted(&letter);
    let (headers, _) = mail.split_once("\r\n\r\n").unwrap();
    assert!(
        !headers.lines().any(|line| line.starts_with("Bcc")),
        "{headers}"
    );
}

#[test]
fn an_event_id_of_a_foreign_publisher_cannot_break_the_message_id() {
    let event = crate::support::confirmed(crate::support::customer("Ada", "ada@example.com"));
    let from = "shop@example.com".parse().unwrap();
    let id_of = |event_id: &str| {
        let letter = confirmation(event_id, &event).unwrap();
        Mail::new(&letter, &from).unwrap().message_id
    };
    assert_eq!(id_of("0198-abc"), "<0198-abc@example.com>");
    let hostile = id_of("x>\r\nBcc: <eve@example.com");
    assert!(!hostile.contains(['\r', '\n', ' ']), "{hostile}");
    assert_eq!(hostile, id_of("x>\r\nBcc: <eve@example.com"));
    assert_ne!(hostile, id_of("y>\r\nBcc: <eve@example.com"));
    assert!(id_of(&"a".repeat(65)).len() < 64);
}

#[test]
fn an_address_that_is_none_is_named() {
    let letter = confirmation_to("Ada", "ada at example.com");
    let from = "shop@example.com".parse().unwrap();
    let error = Mail::new(&letter, &from).unwrap_err().to_string();
    assert!(
        error.starts_with(r#""ada at example.com" is no mail address"#),
        "{error}"
    );
}

#[test]
fn dates_that_a_mail_cannot_carry_are_moved_to_the_nearest() {
    for (dated, expected) in [
        (
            datetime!(1850-01-01 0:00 UTC),
            "Thu, 01 Jan 1970 00:00:00 +0000",
        ),
        (
            datetime!(9999-12-31 23:59:59 -10:00),
            "Fri, 31 Dec 9999 00:00:00 +0000",
        ),
    ] {
        let mut letter = confirmation_to("Ada", "ada@example.com");
        letter.dated = dated;
        assert!(formatted(&letter).contains(&format!("Date: {expected}\r\n")));
    }
}

#[test]
fn the_recipient_stands_in_the_envelope() {
    let mail = mail_to("ada@example.com");
    assert_eq!(mail.message.envelope().to(), [mail.recipient]);
}
