//! What a service says of its settings, and of a wrong one.

#![allow(clippy::unwrap_used, missing_docs)]

use std::process::{Command, Output};

use system_tests::ALL;

async fn run(service: &str, args: &[&str], variables: &[(&str, &str)]) -> Output {
    dev::services::build().await.unwrap();
    Command::new(dev::services::program(service).unwrap())
        .args(args)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

#[tokio::test]
async fn help_lists_every_setting() {
    for service in ALL {
        let output = run(service, &["--help"], &[]).await;
        assert_eq!(output.status.code(), Some(0), "{service}");
        let help = String::from_utf8(output.stdout).unwrap();
        insta::assert_snapshot!(format!("help_of_{service}"), help);
    }
}

#[tokio::test]
async fn a_wrong_value_is_refused_with_its_name_and_what_is_allowed() {
    for (service, name, value, allowed) in [
        ("orders", "PAYMENT_DECLINE_RATE", "2", "from 0 to 1"),
        ("inventory", "TOPOLOGY", "maybe", "apply"),
        ("email", "MAIL_FROM", "nobody", "mailbox"),
        ("email", "SMTP_URL", "http://mail", "smtp://"),
        ("analytics", "DATABASE_URL", "mysql://db", "postgres://"),
        ("analytics", "DRAIN_TIMEOUT", "soon", "8s"),
    ] {
        let output = run(service, &[], &[(name, value)]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{service} {name}={value}: {said}"
        );
        assert!(
            said.contains(name),
            "{service}: {name} is not named: {said}"
        );
        assert!(
            said.contains(allowed),
            "{service}: {allowed:?} is not in: {said}"
        );
    }
}
