use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use dev::until;

const PROGRAM: &str = env!("CARGO_BIN_EXE_jetway-dev");
/// With the build of the services, which other tests may have to wait for, too.
const LONG: Duration = Duration::from_secs(600);

fn demo(arguments: &[&str], directory: &std::path::Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .arg("demo")
        .args(arguments)
        .env("TMPDIR", directory)
        .env_remove("NATS_URL");
    command
}

#[test]
fn every_figure_adds_up_and_nothing_stays_behind() {
    let directory = tempfile::tempdir().unwrap();
    let done = demo(&["--once", "--json", "--orders", "40"], directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "{}\n{said}\n{}",
        done.status,
        String::from_utf8_lossy(&done.stdout)
    );

    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let figures = &report["figures"];
    assert_eq!(report["complaints"], serde_json::json!([]));
    assert_eq!(figures["orders"].as_array().unwrap().len(), 40);
    let cancelled = figures["orders"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|order| order["status"] == "cancelled")
        .count();
    assert!(
        cancelled >= 3,
        "the orders beyond the stock are cancelled: {figures}"
    );
    let mut dead: Vec<_> = figures["deadLetters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|letter| &letter["consumer"])
        .collect();
    dead.sort_by_key(|consumer| consumer.to_string());
    assert_eq!(
        dead,
        [
            "analytics-recordPlaced",
            "email-sendConfirmation",
            "inventory-reserveStock"
        ]
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// Whoever listens on a port that the demo named is one of its processes.
#[tokio::test]
async fn killed_it_takes_everything_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut running = demo(&["--orders", "10000"], directory.path())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = running.stderr.take().unwrap();
    // The pipe ends when the last process that writes to it has ended: cargo, for one, must not live on either.
    let reading = std::thread::spawn(move || {
        let mut all = String::new();
        said.read_to_string(&mut all).map(|_| all)
    });
    let mut find = || -> Result<String, String> {
        assert!(
            running.try_wait().unwrap().is_none(),
            "the demo ended before it could be killed"
        );
        let root = std::fs::read_dir(directory.path())
            .unwrap()
            .flatten()
            .find(|entry| entry.path().join("broker").exists());
        let root = root.ok_or("no broker yet")?.path();
        if !root.join("mail").exists() {
            return Err("no mail yet".to_owned());
        }
        let config = std::fs::read_to_string(root.join("broker").join("nats.conf"))
            .map_err(|e| e.to_string())?;
        let address = config.split('"').nth(1).ok_or("no address")?;
        Ok(address.to_owned())
    };
    let address = until("the demo to run", LONG, || std::future::ready(find()))
        .await
        .unwrap();
    assert!(std::net::TcpStream::connect(&address).is_ok());

    running.kill().unwrap();
    running.wait().unwrap();

    until("everything to go", Duration::from_secs(20), || async {
        let left = std::fs::read_dir(directory.path()).unwrap().count();
        match std::net::TcpStream::connect(&address) {
            Ok(_) => Err(format!("{address} still answers")),
            Err(_) if left > 0 => Err(format!("{left} directories are left")),
            Err(_) => Ok(()),
        }
    })
    .await
    .unwrap();
    reading.join().unwrap().unwrap();
}
