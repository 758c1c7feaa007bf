use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use dev::leash::Program;
use dev::{Leash, Signal, until};

const NO_ENV: [(&str, &str); 0] = [];
const SOON: Duration = Duration::from_secs(10);

/// Whether a process is there and not merely unburied.
fn lives(pid: u32) -> bool {
    let state = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output();
    match state {
        Ok(state) => String::from_utf8_lossy(&state.stdout)
            .trim()
            .chars()
            .next()
            .is_some_and(|first| first != 'Z'),
        Err(_) => Command::new("/bin/sh")
            .args(["-c", &format!("kill -0 {pid}")])
            .status()
            .unwrap()
            .success(),
    }
}

async fn gone(pid: u32) {
    until(format!("the end of process {pid}"), SOON, || async move {
        if lives(pid) {
            Err(format!("{pid} lives"))
        } else {
            Ok(())
        }
    })
    .await
    .unwrap();
}

#[test]
fn runs_a_program_with_its_pid_status_and_output() {
    let dir = tempfile::tempdir().unwrap();
    let script = "echo said $WHAT; echo pid $$; cat; exit 7";
    let leash = Leash::spawn(
        "/bin/sh",
        ["-c", script],
        [("WHAT", "hello")],
        dir.path().join("log"),
    )
    .unwrap();
    assert_eq!(leash.wait(SOON).unwrap().code(), Some(7));
    assert_eq!(leash.log(), format!("said hello\npid {}\n", leash.pid()));
    assert!(!leash.is_running());
    assert!(
        leash
            .signal(Signal::Term)
            .unwrap_err()
            .to_string()
            .contains("already ended")
    );
}

#[test]
fn a_program_that_does_not_exist_ends_at_once_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let leash = Leash::spawn("/no/such/program", ["x"], NO_ENV, dir.path().join("log")).unwrap();
    assert_eq!(leash.wait(SOON).unwrap().code(), Some(127));
    assert!(leash.log().contains("/no/such/program"), "{}", leash.log());
}

#[tokio::test]
async fn signals_reach_the_program_itself() {
    let dir = tempfile::tempdir().unwrap();
    // Interrupts are not ignored, as they would be for a background job of a shell.
    let leash = Leash::spawn("sleep", ["100"], NO_ENV, dir.path().join("log")).unwrap();
    leash.signal(Signal::Stop).unwrap();
    leash.signal(Signal::Cont).unwrap();
    assert!(leash.is_running());
    // Unless they were ignored when this program was started: then every program below it ignores them as well.
    let (signal, end) = if interrupts_are_ignored() {
        (Signal::Term, "signal: 15 (SIGTERM)")
    } else {
        (Signal::Int, "signal: 2 (SIGINT)")
    };
    leash.signal(signal).unwrap();
    assert_eq!(leash.ended(SOON).await.unwrap().to_string(), end);
}

/// Whether this program was started with SIGINT ignored, as a shell starts its background jobs.
fn interrupts_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 0b10 != 0)
}

#[test]
fn waiting_in_vain_shows_what_it_printed() {
    let dir = tempfile::tempdir().unwrap();
    let leash = Leash::spawn(
        "/bin/sh",
        ["-c", "echo still here; exec sleep 100"],
        NO_ENV,
        dir.path().join("log"),
    )
    .unwrap();
    let late = leash
        .wait(Duration::from_millis(500))
        .unwrap_err()
        .to_string();
    assert!(
        late.contains("the end of /bin/sh") && late.contains("still here"),
        "{late}"
    );
}

#[tokio::test]
async fn dropped_means_gone() {
    let dir = tempfile::tempdir().unwrap();
    let leash = Leash::spawn("sleep", ["100"], NO_ENV, dir.path().join("log")).unwrap();
    let pid = leash.pid();
    assert!(lives(pid));
    drop(leash);
    assert!(!lives(pid));
}

/// Not a test of its own: the process that `killed_with_its_holder` kills.
#[test]
fn holder() {
    let Some(dir) = std::env::var_os("DEV_TEST_HOLDER") else {
        return;
    };
    let dir = Path::new(&dir);
    let precious = dir.join("precious");
    std::fs::create_dir(&precious).unwrap();
    let patient = Program::new("sleep")
        .args(["100"])
        .remove_afterwards(&precious)
        .spawn(dir.join("a"))
        .unwrap();
    let polite = Program::new("/bin/sh")
        .args([
            "-c",
            "trap 'echo asked; exit' TERM; while :; do sleep 0.05; done",
        ])
        .last_signal(Signal::Term)
        .spawn(dir.join("polite"))
        .unwrap();
    std::fs::write(
        dir.join("pids.part"),
        format!("{} {}", patient.pid(), polite.pid()),
    )
    .unwrap();
    std::fs::rename(dir.join("pids.part"), dir.join("pids")).unwrap();
    std::thread::park();
}

#[tokio::test]
async fn killed_with_its_holder() {
    let dir = tempfile::tempdir().unwrap();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "leash::holder"])
        .env("DEV_TEST_HOLDER", dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let file = dir.path().join("pids");
    let pids = until("the holder's two processes", SOON, || async {
        std::fs::read_to_string(&file).map_err(|e| e.to_string())
    });
    let pids: Vec<u32> = pids
        .await
        .unwrap()
        .split(' ')
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert!(pids.iter().all(|pid| lives(*pid)), "{pids:?}");

    holder.kill().unwrap();
    holder.wait().unwrap();

    for pid in pids {
        gone(pid).await;
    }
    assert_eq!(
        std::fs::read_to_string(dir.path().join("polite")).unwrap(),
        "asked\n"
    );
    until("its directory to go", SOON, || async {
        if dir.path().join("precious").exists() {
            Err("it is there")
        } else {
            Ok(())
        }
        .map_err(str::to_owned)
    })
    .await
    .unwrap();
}
