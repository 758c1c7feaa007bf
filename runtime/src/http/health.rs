//! Whether the process lives and whether it is ready, as its parts report it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

type Checks = BTreeMap<String, Result<(), String>>;

/// What the parts of a service report. Cloning shares it.
///
/// Not ready until [`Health::started`]; alive until a part says otherwise.
#[derive(Clone, Debug)]
pub struct Health {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    ready: Checks,
    live: Checks,
    /// What parts are ready and do less than they should, in words.
    degraded: BTreeMap<String, String>,
}

const START: &str = "start";

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// The health of a service that is starting: alive, not ready.
    #[must_use]
    pub fn new() -> Self {
        let starting = Err("the service has not finished starting".to_owned());
        Self {
            state: Arc::new(Mutex::new(State {
                ready: Checks::from([(START.to_owned(), starting)]),
                live: Checks::new(),
                degraded: BTreeMap::new(),
            })),
        }
    }

    /// The service has started: from now on it is ready where its parts are.
    pub fn started(&self) {
        self.ready(START, Ok(()));
    }

    /// The service is about to end: no longer ready.
    pub fn stopping(&self) {
        self.ready(START, Err("the service is shutting down".to_owned()));
    }

    /// Part `name` is ready or says why it is not.
    pub fn ready(&self, name: impl Into<String>, result: Result<(), String>) {
        note(&mut self.lock().ready, "ready", name.into(), result);
    }

    /// Part `name` lives or says what only a restart of the process can mend.
    pub fn live(&self, name: impl Into<String>, result: Result<(), String>) {
        note(&mut self.lock().live, "live", name.into(), result);
    }

    /// Part `name` is ready and does less than it should, as these words say; with `None` all of it again. `/readyz` tells,
    /// and nothing else follows from it.
    pub fn degraded(&self, name: impl Into<String>, words: Option<String>) {
        let degraded = &mut self.lock().degraded;
        match words {
            Some(words) => degraded.insert(name.into(), words),
            None => degraded.remove(&name.into()),
        };
    }

    /// Whether all parts are ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.lock().ready.values().all(Result::is_ok)
    }

    /// Whether all parts live.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.lock().live.values().all(Result::is_ok)
    }

    /// Why part `name` is not ready, where it is not.
    pub(crate) fn problem(&self, name: &str) -> Option<String> {
        self.lock().ready.get(name)?.clone().err()
    }

    /// The answer to `/readyz`.
    pub(super) fn readyz(&self) -> Response {
        let state = self.lock();
        answer(&state.ready, &state.degraded)
    }

    /// The answer to `/healthz`.
    pub(super) fn healthz(&self) -> Response {
        answer(&self.lock().live, &BTreeMap::new())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each change is logged, a state that lasts is not.
fn note(checks: &mut Checks, what: &str, name: String, result: Result<(), String>) {
    let before = checks.get(&name);
    match &result {
        Err(reason) if !matches!(before, Some(Err(_))) => {
            tracing::warn!(part = name, reason, "{name} is not {what}: {reason}");
        }
        Ok(()) if matches!(before, Some(Err(_))) => {
            tracing::info!(part = name, "{name} is {what}");
        }
        _ => {}
    }
    checks.insert(name, result);
}

fn answer(checks: &Checks, degraded: &BTreeMap<String, String>) -> Response {
    let ok = checks.values().all(Result::is_ok);
    let mut parts: Map<String, Value> = checks
        .iter()
        .map(|(name, result)| match result {
            Ok(()) => (name.clone(), json!({ "ok": true })),
            Err(reason) => (name.clone(), json!({ "ok": false, "reason": reason })),
        })
        .collect();
    for (name, words) in degraded {
        let part = parts.entry(name).or_insert_with(|| json!({ "ok": true }));
        part["degraded"] = words.as_str().into();
    }
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(json!({ "ok": ok, "checks": parts }))).into_response()
}
