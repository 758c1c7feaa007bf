//! Reading the settings: help and version, and a refusal that says which value is wrong and where it came from.

use std::ffi::OsString;
use std::fmt;
use std::io::Write as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command, FromArgMatches};

use super::{Secret, SecretUrl, Settings, redacted};
use crate::Service;

/// Why the process ends before it has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `--help` or `--version` was asked for: the answer.
    Answer(String),
    /// A setting is wrong: the whole message.
    Wrong(String),
}

impl Refusal {
    /// The process's exit code: 0 for an answer, 2 for a wrong setting.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Answer(_) => 0,
            Self::Wrong(_) => 2,
        }
    }

    /// Prints an answer to stdout and a wrong setting to stderr.
    pub fn print(&self) {
        // Nobody may be reading any more, as in `--help | head`: that is no reason to panic.
        let _ = match self {
            Self::Answer(text) => writeln!(std::io::stdout(), "{}", text.trim_end()),
            Self::Wrong(text) => writeln!(std::io::stderr(), "{}", text.trim_end()),
        };
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(text) | Self::Wrong(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Refusal {}

/// Reads the runtime's settings and the service's own from `args` (the first of which is the program's name) and from
/// the environment. A flag wins over the environment; a variable that is set to nothing counts as not set.
///
/// # Errors
///
/// A [`Refusal`]: the answer to `--help` or `--version`, or what is wrong with which setting.
pub fn parse<S: Service, A: Args>(
    args: impl Iterator<Item = OsString>,
) -> Result<(Settings, A), Refusal> {
    let args: Vec<OsString> = args.collect();
    let command = command::<A>(S::NAME);
    let mut matches = command
        .clone()
        .mut_args(without_empty_env)
        .try_get_matches_from(&args)
        .map_err(|error| refusal(&error, &command, &args))?;
    let wrong = |error: clap::Error| refusal(&error, &command, &args);
    let service = A::from_arg_matches_mut(&mut matches).map_err(wrong)?;
    let settings = Settings::from_arg_matches_mut(&mut matches).map_err(wrong)?;
    let settings = named(settings, S::NAME);
    // Those that must fit each other.
    let login = settings.nats_login().map(drop);
    let checked = login.and_then(|()| settings.nats_tls().map(drop));
    checked.map_err(|sentence| wrong_setting(&sentence.to_string()))?;
    Ok((settings, service))
}

/// The defaults alone.
pub(super) fn defaults(service: &str) -> Settings {
    let command = Settings::augment_args(Command::new("defaults")).mut_args(|arg| arg.env(None));
    let settings = command
        .try_get_matches_from(["defaults"])
        .and_then(|matches| Settings::from_arg_matches(&matches))
        .unwrap_or_else(|error| panic!("a default of the runtime's settings is wrong: {error}"));
    named(settings, service)
}

fn command<A: Args>(service: &'static str) -> Command {
    let own = Command::new(service)
        .version(concat!("on jetway ", env!("CARGO_PKG_VERSION")))
        .next_help_heading("Settings of the service");
    let own = A::augment_args(own).next_help_heading("Settings of the runtime");
    // Deriving `Args` makes the type's doc comment the command's: the service is described last.
    Settings::augment_args(own)
        .about(format!(
            "The service {service}. Every setting is an environment variable or a flag; a flag wins."
        ))
        .long_about(None)
        .max_term_width(110)
}

fn named(mut settings: Settings, service: &str) -> Settings {
    let url = settings.database_url.expose().replace("<service>", service);
    settings.database_url = SecretUrl::from(url);
    settings.nats_inbox_prefix = settings.nats_inbox_prefix.replace("<service>", service);
    settings
}

/// `NAME=` in a compose file means that nothing was set.
fn without_empty_env(arg: Arg) -> Arg {
    let empty = arg
        .get_env()
        .and_then(std::env::var_os)
        .is_some_and(|value| value.is_empty());
    if empty { arg.env(None) } else { arg }
}

fn refusal(error: &clap::Error, command: &Command, args: &[OsString]) -> Refusal {
    match error.kind() {
        ErrorKind::DisplayHelp => Refusal::Answer(help(command)),
        ErrorKind::DisplayVersion => Refusal::Answer(error.to_string()),
        _ => wrong_setting(&sentence(error, command, args)),
    }
}

fn wrong_setting(sentence: &str) -> Refusal {
    Refusal::Wrong(format!(
        "error: {sentence}\nEvery setting is listed by --help."
    ))
}

/// The environment's values stay out of the help: some are secret.
fn help(command: &Command) -> String {
    let shown = command.clone().mut_args(|arg| arg.hide_env_values(true));
    shown.clone().render_help().to_string()
}

fn sentence(error: &clap::Error, command: &Command, args: &[OsString]) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    // An argument is written as clap writes it only once its command is built.
    let mut command = command.clone();
    command.build();
    let arg = text(ContextKind::InvalidArg)
        .and_then(|shown| command.get_arguments().find(|arg| arg.to_string() == shown));
    let Some(arg) = arg else {
        return first_line(error);
    };
    let name = name_of(arg);
    if error.kind() == ErrorKind::MissingRequiredArgument {
        let what = arg
            .get_help()
            .map_or_else(String::new, |help| format!(" ({help})"));
        return format!(
            "{name} is not set{what}: set it in the environment, or give {}",
            flag_of(arg)
        );
    }
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let shown = if arg.is_hide_env_values_set() {
        format!("{:?}", Secret::from(value))
    } else {
        redacted(&value)
    };
    let origin = match origin(arg, args) {
        Origin::Flag => format!("from the flag {}", flag_of(arg)),
        Origin::Environment => "from the environment".to_owned(),
    };
    let wrong = match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => match text(ContextKind::ValidValue) {
            Some(allowed) if !allowed.is_empty() => format!("is not one of {allowed}"),
            _ => format!("is refused: {}", first_line(error)),
        },
    };
    // Errors of other readers are sentences of their own.
    let wrong = match wrong.split(' ').next() {
        Some("is" | "needs" | "cannot") => wrong,
        _ => format!("is refused: {wrong}"),
    };
    format!("{name}={shown} ({origin}) {wrong}")
}

enum Origin {
    Flag,
    Environment,
}

fn origin(arg: &Arg, args: &[OsString]) -> Origin {
    let flag = flag_of(arg);
    let given = args.iter().skip(1).any(|given| {
        let given = given.to_string_lossy();
        given == flag || given.starts_with(&format!("{flag}="))
    });
    if given {
        Origin::Flag
    } else {
        Origin::Environment
    }
}

fn name_of(arg: &Arg) -> String {
    match arg.get_env() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => flag_of(arg),
    }
}

fn flag_of(arg: &Arg) -> String {
    match arg.get_long() {
        Some(long) => format!("--{long}"),
        None => arg.get_id().to_string(),
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
