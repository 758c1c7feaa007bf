//! How a log line is written. Every line carries `trace_id` and `span_id` of the span that it was written in.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// A line shows nothing of the spans around it but their ids, so their fields need not be written out as text, once per
/// message.
pub(super) struct NoFields;

impl<'w> FormatFields<'w> for NoFields {
    fn format_fields<R: RecordFields>(&self, _: Writer<'w>, _: R) -> fmt::Result {
        Ok(())
    }
}

pub(super) struct Format {
    pub(super) json: bool,
    pub(super) service: String,
}

impl<S, N> FormatEvent<S, N> for Format
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // The tracing layer makes the span that is entered the current one of OpenTelemetry too. Asked there, the ids
        // are known even where LOG hides the span itself.
        let context = Context::current();
        let span = context.span().span_context().clone();
        if span.is_valid() {
            fields.put("trace_id", span.trace_id().to_string());
            fields.put("span_id", span.span_id().to_string());
        }
        if self.json {
            self.json(writer, event, fields)
        } else {
            text(writer, event, &fields)
        }
    }
}

impl Format {
    fn json(&self, mut writer: Writer<'_>, event: &Event<'_>, fields: Fields) -> fmt::Result {
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), now().into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("service".to_owned(), self.service.clone().into());
        line.insert("target".to_owned(), event.metadata().target().into());
        line.insert("message".to_owned(), fields.message.into());
        for (name, value) in fields.others {
            line.entry(name).or_insert(value);
        }
        writeln!(writer, "{}", Value::Object(line))
    }
}

fn text(mut writer: Writer<'_>, event: &Event<'_>, fields: &Fields) -> fmt::Result {
    let level = *event.metadata().level();
    let colour = match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        _ => "34",
    };
    // JSON keeps a line break in a value from forging a log line; text has to be told.
    let message = one_line(&fields.message);
    if writer.has_ansi_escapes() {
        write!(
            writer,
            "\x1b[2m{}\x1b[0m \x1b[{colour}m{level:>5}\x1b[0m {message}\x1b[2m",
            now()
        )?;
    } else {
        write!(writer, "{} {level:>5} {message}", now())?;
    }
    for (name, value) in &fields.others {
        match value {
            Value::String(text) if is_plain(text) => write!(writer, " {name}={text}")?,
            value => write!(writer, " {name}={value}")?,
        }
    }
    if writer.has_ansi_escapes() {
        write!(writer, "\x1b[0m")?;
    }
    writeln!(writer)
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"')
}

fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let millisecond = now.millisecond();
    let now = now.replace_millisecond(millisecond).unwrap_or(now);
    now.format(&Rfc3339).unwrap_or_default()
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.others.insert(name.to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.put(field.name(), format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.put(field.name(), value);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value);
    }
}
