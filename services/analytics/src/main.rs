//! Starts the service `analytics`. `--help` lists its settings.

use analytics::handlers::Recorder;
use analytics::live::Live;
use analytics::{MIGRATIONS, Settings, http, read_model};
use events::analytics::Analytics;

fn main() -> std::process::ExitCode {
    jetway::launch::<Analytics, Settings, _, _>(async |app, settings| {
        app.migrate(&MIGRATIONS).await?;
        let live = Live::start(app.database().clone(), app.shutdown().clone());
        let mut service = app
            .consumers(events::analytics::consumers(Recorder))
            .routes(http::router(live));
        if settings.rebuild {
            service = service.rebuild(read_model::CLEAR);
        }
        service.run().await
    })
}
