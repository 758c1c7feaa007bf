//! Starts the service `email`. `--help` lists its settings.

use email::handlers::Mailroom;
use email::{MIGRATIONS, Settings, http};
use events::email::Email;

fn main() -> std::process::ExitCode {
    jetway::launch::<Email, Settings, _, _>(async |app, settings| {
        app.migrate(&MIGRATIONS).await?;
        let mailroom = Mailroom::new(settings.mail_from.clone(), settings.postbox()?);
        let routes = http::router(app.database().clone());
        app.consumers(events::email::consumers(mailroom))
            .routes(routes)
            .run()
            .await
    })
}
