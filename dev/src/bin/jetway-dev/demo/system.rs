//! All that runs during the demo, and its end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use dev::otlp::Collector;
use dev::{Broker, BrokerOptions, Service, services};
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use tempfile::TempDir;

use super::progress::Progress;

/// How long a service may take to drain; its own limit is a few seconds shorter.
const DRAIN: Duration = Duration::from_secs(15);

/// What was started so far. Dropping it kills whatever is left; [`System::shut_down`] is the polite way.
pub(super) struct System {
    // The processes end before their directory goes.
    pub(super) services: Vec<Service>,
    broker: Option<Broker>,
    pub(super) collector: Option<Collector>,
    pub(super) nats_url: String,
    /// A few words on the broker.
    pub(super) broker_is: String,
    pub(super) root: PathBuf,
    temporary: Option<TempDir>,
}

impl System {
    /// Nothing runs yet; all of it will live in one directory, which goes at the end unless it is to be kept.
    pub(super) fn new(keep: bool) -> anyhow::Result<Self> {
        let made = tempfile::Builder::new()
            .prefix("jetway-demo-")
            .tempdir()
            .context("cannot make a temporary directory")?;
        let (root, temporary) = if keep {
            (made.keep(), None)
        } else {
            (made.path().to_path_buf(), Some(made))
        };
        Ok(Self {
            services: Vec::new(),
            broker: None,
            collector: None,
            nats_url: String::new(),
            broker_is: String::new(),
            root,
            temporary,
        })
    }

    /// Whether the broker is ours and began empty.
    pub(super) fn owns_broker(&self) -> bool {
        self.broker.is_some()
    }

    pub(super) fn mail_directory(&self) -> PathBuf {
        self.root.join("mail")
    }

    /// The address of a service that has been started.
    pub(super) fn url(&self, name: &str) -> anyhow::Result<String> {
        let service = self.services.iter().find(|service| service.name() == name);
        Ok(service
            .with_context(|| format!("{name} has not been started"))?
            .url())
    }

    pub(super) async fn start(&mut self, progress: Progress) -> anyhow::Result<()> {
        let step = progress.step("build");
        // Cargo draws its own progress.
        drop(step);
        services::build().await?;
        check_generated_code(progress).await?;
        self.start_broker(progress).await?;
        self.start_services(progress).await
    }

    async fn start_broker(&mut self, progress: Progress) -> anyhow::Result<()> {
        let step = progress.step("broker");
        match std::env::var("NATS_URL") {
            Ok(url) if !url.is_empty() => {
                let (name, version) = dev::server_at(&url)
                    .await
                    .context("NATS_URL is set, so no broker was started")?;
                self.broker_is = format!("{name}, nats-server {version}, from NATS_URL");
                self.nats_url = url;
            }
            _ => {
                step.now("finding, or installing, nats-server");
                let options = BrokerOptions {
                    directory: Some(self.root.join("broker")),
                    remove_afterwards: self.temporary.as_ref().map(|_| self.root.clone()),
                    ..BrokerOptions::default()
                };
                let broker = Broker::start_with(options).await?;
                self.nats_url = broker.url();
                self.broker_is = format!("nats-server {} with JetStream", broker.version());
                self.broker = Some(broker);
            }
        }
        step.done(&format!("{}  {}", shown(&self.nats_url), self.broker_is));
        Ok(())
    }

    async fn start_services(&mut self, progress: Progress) -> anyhow::Result<()> {
        let step = progress.step("services");
        let collector = Collector::start().await?;
        let common = self.environment(&collector);
        self.collector = Some(collector);
        let root = &self.root;
        let mut starting: FuturesUnordered<_> = services::NAMES
            .into_iter()
            .map(|name| {
                let mut envs: Vec<(&str, String)> = common.clone();
                envs.push((
                    "DATABASE_URL",
                    format!(
                        "sqlite://{}",
                        root.join(format!("{name}.sqlite3")).display()
                    ),
                ));
                async move { Service::start(name, &envs, root).await }
            })
            .collect();
        step.now("waiting for all to be ready");
        // Whichever is ready can be asked to stop, whatever becomes of the others.
        while let Some(service) = starting.next().await {
            self.services.push(service?);
        }
        drop(starting);
        self.services.sort_by_key(|service| {
            services::NAMES
                .iter()
                .position(|name| *name == service.name())
        });
        let names: Vec<&str> = self.services.iter().map(Service::name).collect();
        step.done(&format!("{} are ready", names.join(", ")));
        Ok(())
    }

    fn environment(&self, collector: &Collector) -> Vec<(&'static str, String)> {
        let mut envs = vec![
            ("NATS_URL", self.nats_url.clone()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()),
            ("MAIL_DIR", self.mail_directory().display().to_string()),
            ("LOG_FORMAT", "text".to_owned()),
        ];
        if !self.owns_broker() {
            let given = ["NATS_CREDS", "NATS_NKEY_SEED"]
                .map(|name| Some((name, std::env::var(name).ok()?)));
            envs.extend(given.into_iter().flatten());
        }
        envs
    }

    /// Asks the services to end, all at once, and then the broker: a service drains into a broker that is still there.
    /// Returns what did not end as it should.
    pub(super) async fn shut_down(&mut self) -> Vec<String> {
        let ending = self.services.iter_mut().map(|service| async {
            match service.terminate(DRAIN).await {
                Ok(exit) if exit.success() => None,
                Ok(exit) => Some(format!(
                    "{} ended with {exit} when asked to stop:\n{}",
                    service.name(),
                    tail(&service.log())
                )),
                Err(error) => Some(format!("{} did not stop: {error}", service.name())),
            }
        });
        let mut complaints: Vec<String> = join_all(ending).await.into_iter().flatten().collect();
        self.services.clear();
        if let Some(broker) = &mut self.broker
            && let Err(error) = broker.stop().await
        {
            complaints.push(format!("the broker did not stop: {error}"));
        }
        self.broker = None;
        self.collector = None;
        complaints
    }
}

/// Without the user and password that it may hold.
pub(super) fn shown(nats_url: &str) -> String {
    let one = |url: &str| match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        _ => url.to_owned(),
    };
    nats_url.split(',').map(one).collect::<Vec<_>>().join(",")
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// Starting from generated code that is out of date would show something else than the contract says.
async fn check_generated_code(progress: Progress) -> anyhow::Result<()> {
    let step = progress.step("contract");
    let codegen = services::program("codegen")?;
    let done = tokio::task::spawn_blocking(move || run_check(&codegen)).await??;
    if !done.status.success() {
        let said = [done.stdout, done.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .concat();
        bail!(
            "the generated code is not what asyncapi.yaml and events/schemas say; run `just codegen`\n{said}"
        );
    }
    step.done("the generated code is up to date");
    Ok(())
}

fn run_check(codegen: &Path) -> anyhow::Result<std::process::Output> {
    let mut command = Command::new(codegen);
    command.arg("--check").current_dir(dev::target::workspace());
    command
        .output()
        .with_context(|| format!("cannot run {}", codegen.display()))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(shown("nats://127.0.0.1:4222"), "nats://127.0.0.1:4222");
        assert_eq!(
            shown("tls://user:p@ss@host:1,nats://token@other"),
            "tls://host:1,nats://other"
        );
    }
}
