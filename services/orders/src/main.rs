//! Starts the service `orders`. `--help` lists its settings.

use events::orders::Orders;
use orders::shop::Shop;
use orders::{MIGRATIONS, Settings, http};

fn main() -> std::process::ExitCode {
    jetway::launch::<Orders, Settings, _, _>(async |app, settings| {
        app.migrate(&MIGRATIONS).await?;
        let shop = Shop::new(app.clone(), settings.gateway());
        app.consumers(events::orders::consumers(shop.clone()))
            .routes(http::router(shop))
            .run()
            .await
    })
}
