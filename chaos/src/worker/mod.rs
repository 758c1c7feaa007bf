//! The services under fire, each a process of its own: this program once more, started by the driver.

mod depot;
mod shipper;

use std::process::ExitCode;
use std::time::Duration;

use jetway::settings::{self, Settings};
use jetway::telemetry::Telemetry;
use jetway::{Error, NoSettings, Service};
use serde::{Deserialize, Serialize};

use crate::contract::{Depot, Shape, Shipper};

pub(crate) use shipper::{Consignment, Receipt};

/// The variable that carries [`Orders`], as JSON.
pub(crate) const ORDERS: &str = "CHAOS_WORKER";

/// What a worker is told beside its settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Orders {
    pub(crate) shape: Shape,
    /// The append-only file that each run of a handler is written to, outside of any transaction.
    pub(crate) journal: String,
    /// How long a handler takes beside its SQL.
    pub(crate) handler_ms: u64,
    /// A mechanism of the worker's own that is left out for a control.
    pub(crate) without: Option<Without>,
}

/// What a service can do wrong by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Without {
    /// The shipper publishes after its commit, with the bare client and without waiting for an answer.
    Outbox,
    /// The depot takes whatever an event's data says.
    Schema,
    /// The depot's handler hides that the database is gone behind an error of its own.
    Cause,
}

/// `chaos worker <role>`
pub(crate) fn main(role: &str) -> ExitCode {
    jetway::fault::allow();
    let orders = match std::env::var(ORDERS).map(|text| serde_json::from_str::<Orders>(&text)) {
        Ok(Ok(orders)) => orders,
        _ => {
            eprintln!(
                "`chaos worker` is started by `chaos` itself, which says in {ORDERS} what to do"
            );
            return ExitCode::from(2);
        }
    };
    match role {
        "shipper" => serve::<Shipper, _, _>(|settings| shipper::run(settings, orders)),
        "depot" => serve::<Depot, _, _>(|settings| depot::run(settings, orders)),
        _ => ExitCode::from(2),
    }
}

/// What `jetway::launch` does, without a command line.
fn serve<S, F, R>(run: F) -> ExitCode
where
    S: Service,
    F: FnOnce(Settings) -> R,
    R: Future<Output = Result<(), Error>>,
{
    let parsed = settings::parse::<S, NoSettings>(std::iter::once(S::NAME.into()));
    let settings = match parsed {
        Ok((settings, _)) => settings,
        Err(refusal) => {
            refusal.print();
            return ExitCode::from(refusal.exit_code());
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let (Ok(runtime), Ok(telemetry)) = (runtime, Telemetry::start(S::NAME, "0", &settings)) else {
        eprintln!("error: threads or telemetry cannot be started");
        return ExitCode::FAILURE;
    };
    let result = runtime.block_on(run(settings));
    runtime.block_on(telemetry.shutdown(Duration::from_millis(100)));
    runtime.shutdown_timeout(Duration::from_millis(500));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
