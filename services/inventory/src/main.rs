//! Starts the service `inventory`. `--help` lists its settings.

use events::inventory::Inventory;
use inventory::handlers::Warehouse;
use inventory::{MIGRATIONS, http};
use jetway::NoSettings;

fn main() -> std::process::ExitCode {
    jetway::launch::<Inventory, NoSettings, _, _>(async |app, _settings| {
        app.migrate(&MIGRATIONS).await?;
        let routes = http::router(app.database().clone());
        app.consumers(events::inventory::consumers(Warehouse))
            .routes(routes)
            .run()
            .await
    })
}
