//! Starts the service `{{project-name}}`. `--help` lists its settings.

use events::{{crate_name}}::{{project-name | upper_camel_case}};
use jetway::NoSettings;
use {{crate_name}}::handlers::Clerk;
use {{crate_name}}::{MIGRATIONS, http};

fn main() -> std::process::ExitCode {
    jetway::launch::<{{project-name | upper_camel_case}}, NoSettings, _, _>(async |app, _settings| {
        app.migrate(&MIGRATIONS).await?;
        let routes = http::router(app.database().clone());
        app.consumers(events::{{crate_name}}::consumers(Clerk))
            .routes(routes)
            .run()
            .await
    })
}
