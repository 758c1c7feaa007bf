//! Processes that never outlive us.
//!
//! A destructor is not enough: `kill -9`, an abort or a lost terminal run none. So each process gets a watcher: a few
//! lines of shell that hold the reading end of a pipe whose writing end only we have. However we end, the system closes
//! our end, the watcher reads end-of-file and kills. No helper program, no `unsafe`, nothing specific to Linux.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, kill_process, kill_process_group};

use crate::error::During;
use crate::until::until_blocking;
use crate::{Error, Result, until};

/// The shell becomes the program itself (`exec`), so pid, exit status and signals are those of the program. Before that
/// it leaves the watcher behind, through a subshell, so that the program has no child that it does not know. The watcher
/// stays in the program's process group: as long as it lives the group's number cannot become another's.
/// `$1` is the signal to end with, `$2` a directory to remove afterwards or nothing.
const SCRIPT: &str = r#"
exec 3<&0 </dev/null
( (
    read -r word <&3
    kill -s "$1" $$
    n=0
    while kill -s 0 $$ && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
    kill -s KILL $$
    # Others of ours may still be ending and write there.
    n=0
    [ -z "$2" ] || until rm -rf -- "$2" || [ $n -ge 20 ]; do sleep 0.2; n=$((n + 1)); done
    # What the program has started and not ended; and this watcher.
    kill -s KILL -- -$$
) >/dev/null 2>&1 & )
shift 2
exec "$@" 3<&-
"#;

/// The signals that tests and the demo need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ask to end.
    Term,
    /// Ask to end, as Ctrl-C does.
    Int,
    /// Ask to end at once; Postgres then ends without a checkpoint but leaves no shared memory behind.
    Quit,
    /// End now, without any last word.
    Kill,
    /// Freeze.
    Stop,
    /// Go on after [`Signal::Stop`].
    Cont,
    /// Read the configuration again.
    Hup,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Int => "INT",
            Self::Quit => "QUIT",
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Cont => "CONT",
            Self::Hup => "HUP",
        }
    }

    fn number(self) -> rustix::process::Signal {
        use rustix::process::Signal as System;
        match self {
            Self::Term => System::TERM,
            Self::Int => System::INT,
            Self::Quit => System::QUIT,
            Self::Kill => System::KILL,
            Self::Stop => System::STOP,
            Self::Cont => System::CONT,
            Self::Hup => System::HUP,
        }
    }
}

/// A program that is to be started on a leash.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    clean: bool,
    directory: Option<PathBuf>,
    user: Option<u32>,
    last_signal: Signal,
    remove: Option<PathBuf>,
}

impl Program {
    /// The program at `path`, or found on PATH.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            args: Vec::new(),
            envs: Vec::new(),
            clean: false,
            directory: None,
            user: None,
            last_signal: Signal::Kill,
            remove: None,
        }
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Adds environment variables.
    pub fn envs(
        mut self,
        envs: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> Self {
        self.envs.extend(
            envs.into_iter()
                .map(|(k, v)| (k.as_ref().to_owned(), v.as_ref().to_owned())),
        );
        self
    }

    /// Starts from an empty environment but for what a process needs to run and to be debugged: the developer's own
    /// `DATABASE_URL` must not reach a test.
    pub fn clean_environment(mut self) -> Self {
        self.clean = true;
        self
    }

    /// The working directory.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Runs under this user and group id; only root can.
    pub fn user(mut self, id: u32) -> Self {
        self.user = Some(id);
        self
    }

    /// What the program gets first when the leash is dropped or we end; [`Signal::Kill`] follows after five seconds.
    pub fn last_signal(mut self, signal: Signal) -> Self {
        self.last_signal = signal;
        self
    }

    /// A directory that the watcher removes after the program has ended because *we* did. As long as we live it is ours
    /// to remove.
    pub fn remove_afterwards(mut self, directory: impl Into<PathBuf>) -> Self {
        self.remove = Some(directory.into());
        self
    }

    /// Starts it. What it prints on either stream is appended to the file `log`; it reads nothing.
    pub fn spawn(self, log: impl Into<PathBuf>) -> Result<Leash> {
        let log = log.into();
        let out = append(&log)?;
        let err = out
            .try_clone()
            .during(|| format!("cannot use {} twice", log.display()))?;
        self.spawn_into(out.into(), err.into(), Some(log))
    }

    /// Starts it with our own stderr, for programs that a person follows; stdout goes nowhere.
    pub fn spawn_visibly(self) -> Result<Leash> {
        self.spawn_into(Stdio::null(), Stdio::inherit(), None)
    }

    fn spawn_into(self, out: Stdio, err: Stdio, log: Option<PathBuf>) -> Result<Leash> {
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(SCRIPT)
            .arg("leash")
            .arg(self.last_signal.name());
        command
            .arg(self.remove.as_deref().unwrap_or(Path::new("")))
            .arg(&self.path)
            .args(&self.args);
        if self.clean {
            command
                .env_clear()
                .envs(std::env::vars_os().filter(|(name, _)| is_harmless(name)));
        }
        command
            .envs(self.envs)
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(err);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if let Some(id) = self.user {
            command.uid(id).gid(id);
        }
        // Ctrl-C in a terminal goes to a whole process group: who holds the leash decides the order of the end.
        command.process_group(0);
        let mut child = command
            .spawn()
            .during(|| format!("cannot start {}", self.path.display()))?;
        let rope = child.stdin.take();
        let state = Mutex::new(State { child, rope });
        Ok(Leash {
            program: self.path,
            log,
            last_signal: self.last_signal,
            state,
        })
    }
}

fn append(log: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .during(|| format!("cannot write the log {}", log.display()))
}

/// What a process may inherit although its environment is its caller's choice.
fn is_harmless(name: &OsStr) -> bool {
    const NAMES: [&str; 14] = [
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "TERM",
        "RUST_BACKTRACE",
        "RUST_LOG",
        "LOG",
        "LD_LIBRARY_PATH",
        "LLVM_PROFILE_FILE",
        "SYSTEMROOT",
    ];
    NAMES.iter().any(|known| name == *known)
}

/// A running process that ends when this value is dropped or our own process ends, however it ends.
#[derive(Debug)]
pub struct Leash {
    program: PathBuf,
    log: Option<PathBuf>,
    last_signal: Signal,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    child: Child,
    rope: Option<ChildStdin>,
}

impl State {
    /// The exit status once it has ended. Then the watcher goes, and with it whatever the program has left running.
    fn exit(&mut self) -> std::io::Result<Option<ExitStatus>> {
        let exit = self.child.try_wait()?;
        if exit.is_some()
            && let Some(rope) = self.rope.take()
        {
            // An error means that the watcher itself is gone, which is as good.
            let _ = kill_process_group(Pid::from_child(&self.child), rustix::process::Signal::KILL);
            drop(rope);
        }
        Ok(exit)
    }
}

impl Leash {
    /// Starts a program with the caller's environment and these additions; see [`Program`] for everything else.
    pub fn spawn(
        program: impl Into<PathBuf>,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        envs: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
        log: impl Into<PathBuf>,
    ) -> Result<Self> {
        Program::new(program).args(args).envs(envs).spawn(log)
    }

    /// The process id of the program.
    pub fn pid(&self) -> u32 {
        self.state().child.id()
    }

    /// Sends a signal; an error if the process has ended.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let mut state = self.state();
        // Not yet waited for, so the pid cannot belong to another process.
        if let Some(exit) = state.exit().during(|| self.describe())? {
            return Err(Error::failed(format!(
                "{} has already ended ({exit})",
                self.describe()
            )));
        }
        kill_process(Pid::from_child(&state.child), signal.number())
            .map_err(std::io::Error::from)
            .during(|| {
                format!(
                    "cannot send {} to {}",
                    signal.name(),
                    self.program.display()
                )
            })
    }

    /// Whether it still runs. A stopped process runs.
    pub fn is_running(&self) -> bool {
        self.exit_status().is_none()
    }

    /// The exit status if it has ended.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.state().exit().ok().flatten()
    }

    /// Waits for its end, holding the thread.
    pub fn wait(&self, within: Duration) -> Result<ExitStatus> {
        until_blocking(self.end(), within, || {
            self.exit_status().ok_or_else(String::new)
        })
        .map_err(|late| self.explained(late))
    }

    /// Waits for its end.
    pub async fn ended(&self, within: Duration) -> Result<ExitStatus> {
        let end = until(self.end(), within, || async {
            self.exit_status().ok_or_else(String::new)
        });
        end.await.map_err(|late| self.explained(late))
    }

    /// Ends it now and waits until it is gone. Nothing happens when it has already ended.
    pub fn kill(&self) -> Result<ExitStatus> {
        if let Some(exit) = self.exit_status() {
            return Ok(exit);
        }
        // It may end between the question and the signal; the wait below tells.
        let _ = self.signal(Signal::Kill);
        self.wait(Duration::from_secs(10))
    }

    /// All that it printed; nothing if it was started visibly.
    pub fn log(&self) -> String {
        let bytes = self
            .log
            .as_ref()
            .and_then(|log| std::fs::read(log).ok())
            .unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last lines that it printed, indented, for an error message.
    pub fn log_tail(&self, lines: usize) -> String {
        let log = self.log();
        let all: Vec<&str> = log.lines().collect();
        let tail = &all[all.len().saturating_sub(lines)..];
        if tail.is_empty() {
            "    (it printed nothing)".to_owned()
        } else {
            format!("    {}", tail.join("\n    "))
        }
    }

    fn describe(&self) -> String {
        self.program.display().to_string()
    }

    fn end(&self) -> String {
        format!("the end of {}", self.program.display())
    }

    /// The log is read once, at the end, and not at every look.
    fn explained(&self, error: Error) -> Error {
        match error {
            Error::Late { what, within, .. } => Error::Late {
                what,
                within,
                last: self.still_there(),
            },
            other => other,
        }
    }

    fn still_there(&self) -> String {
        format!(
            "process {} still runs; it printed\n{}",
            self.pid(),
            self.log_tail(20)
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if self.last_signal != Signal::Kill && self.signal(self.last_signal).is_ok() {
            let _ = self.wait(Duration::from_secs(5));
        }
        let _ = self.kill();
    }
}
