//! `main` of a service.

use std::process::ExitCode;
use std::time::Duration;

use super::App;
use super::provision::provision;
use crate::settings::{self, Settings};
use crate::telemetry::Telemetry;
use crate::topology::TopologyMode;
use crate::{Error, Service};

/// The whole of a service's `main`: reads the settings, starts telemetry, the database and the broker, and calls `run`
/// with them. Exit codes: 0 for a clean shutdown, 1 where the service could not start or go on, 2 where a setting is
/// wrong.
pub fn launch<S, A, F, R>(run: F) -> ExitCode
where
    S: Service,
    A: clap::Args,
    F: FnOnce(App<S>, A) -> R,
    R: Future<Output = Result<(), Error>>,
{
    let (settings, own) = match settings::parse::<S, A>(std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(refusal) => {
            refusal.print();
            return ExitCode::from(refusal.exit_code());
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("no threads can be started: {error}")),
    };
    let telemetry = match Telemetry::start(S::NAME, env!("CARGO_PKG_VERSION"), &settings) {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(&error.to_string()),
    };
    let result = runtime.block_on(begin(settings, own, run));
    runtime.block_on(telemetry.shutdown(Duration::from_secs(1)));
    runtime.shutdown_timeout(Duration::from_millis(500));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

async fn begin<S, A, F, R>(settings: Settings, own: A, run: F) -> Result<(), Error>
where
    S: Service,
    F: FnOnce(App<S>, A) -> R,
    R: Future<Output = Result<(), Error>>,
{
    if settings.topology == TopologyMode::Provision {
        return provision::<S>(&settings).await;
    }
    let app = App::<S>::start(settings).await?;
    run(app, own).await
}

fn fail(reason: &str) -> ExitCode {
    eprintln!("error: {reason}");
    ExitCode::FAILURE
}
