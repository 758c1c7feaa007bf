//! What is said to a client whose request is not granted: problem details, RFC 9457.

use std::fmt::Display;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jetway::StoreError;
use serde::Serialize;

use crate::Error;
use crate::domain::Invalid;
use crate::payment::PaymentError;

/// Why a request is not granted. Its `type` is `about:blank`, so its title is that of the HTTP status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Invalid>,
}

impl Problem {
    /// A problem of this status; `detail` tells the client what happened and what to do about it.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// The body is JSON, but not an order that the shop accepts.
    #[must_use]
    pub fn invalid(errors: Vec<Invalid>) -> Self {
        let detail = "the shop does not accept this order: mend what `errors` lists";
        Self {
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
    }

    /// The payment provider said no.
    #[must_use]
    pub fn declined(reason: &str) -> Self {
        let detail = format!("the payment was declined: {reason}");
        Self::new(StatusCode::PAYMENT_REQUIRED, detail)
    }

    /// There is no such order.
    #[must_use]
    pub fn no_such_order() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no order with this id")
    }

    /// The shop is there, but something that it needs is not.
    pub fn unavailable(error: impl Display) -> Self {
        tracing::warn!(%error, "a request has to wait");
        let detail = "the shop cannot do this now, try again in a moment: with the same Idempotency-Key nothing is charged twice";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// Something is wrong with the shop itself. The log knows what; the client could do nothing about it.
    pub fn internal(error: impl Display) -> Self {
        tracing::error!(%error, "a request failed");
        let detail = "something went wrong in the shop; it has been noted";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::KeyTaken => Self::new(StatusCode::CONFLICT, error.to_string()),
            Error::Payment(PaymentError::Declined(reason)) => Self::declined(reason),
            Error::Payment(PaymentError::Unavailable(_))
            | Error::Store(StoreError::Unavailable(_)) => Self::unavailable(error),
            Error::Store(_) | Error::Publish(_) => Self::internal(error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        let problem_json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem_json);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
