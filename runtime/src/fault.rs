//! Places where a test can stop a process to kill it there. They exist in debug builds only.
//!
//! `JETWAY_FAULT=<operation>:<point>:<file>` makes the process create `<file>` when it first reaches `<point>` of
//! `<operation>` (`relay` for the outbox), and go no further.

#[cfg(debug_assertions)]
pub(crate) async fn point(operation: &str, point: &str) {
    static FAULT: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let Some(fault) = FAULT.get_or_init(|| std::env::var("JETWAY_FAULT").ok()) else {
        return;
    };
    let mut parts = fault.splitn(3, ':');
    if parts.next() == Some(operation)
        && parts.next() == Some(point)
        && let Some(file) = parts.next()
        && std::fs::File::create_new(file).is_ok()
    {
        tracing::warn!(
            operation,
            point,
            "JETWAY_FAULT: this process stops here until it is killed"
        );
        std::future::pending::<()>().await;
    }
}

#[cfg(not(debug_assertions))]
pub(crate) async fn point(_operation: &str, _point: &str) {}
