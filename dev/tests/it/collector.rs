use std::time::Duration;

use dev::otlp::{Collector, Kind, Status};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span, Status as ProtoStatus, span::Link,
};
use prost::Message;

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..Default::default()
    }
}

fn request(span: Span) -> Vec<u8> {
    let resource = Resource {
        attributes: vec![pair("service.name", Value::StringValue("email".into()))],
        ..Default::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..Default::default()
    }];
    let spans = ResourceSpans {
        resource: Some(resource),
        scope_spans,
        ..Default::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![spans],
    }
    .encode_to_vec()
}

async fn export(collector: &Collector, body: Vec<u8>, kind: &str) -> u16 {
    let url = format!("{}/v1/traces", collector.endpoint());
    let answer = reqwest::Client::new()
        .post(url)
        .header("content-type", kind)
        .body(body)
        .send()
        .await
        .unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn keeps_what_is_exported_and_wakes_who_waits() {
    let collector = Collector::start().await.unwrap();
    let span = Span {
        trace_id: vec![0xab; 16],
        span_id: vec![1; 8],
        parent_span_id: vec![2; 8],
        name: "process email.sendConfirmation".into(),
        kind: 5,
        start_time_unix_nano: 1_000_000,
        end_time_unix_nano: 3_500_000,
        attributes: vec![
            pair("messaging.system", Value::StringValue("nats".into())),
            pair("n", Value::IntValue(3)),
        ],
        links: vec![Link {
            trace_id: vec![0xcd; 16],
            span_id: vec![3; 8],
            ..Default::default()
        }],
        status: Some(ProtoStatus {
            message: "no such mailbox".into(),
            code: 2,
        }),
        ..Default::default()
    };
    let waiting = collector.wait_for(|spans| !spans.is_empty(), Duration::from_secs(10));
    let (spans, status) = tokio::join!(
        waiting,
        export(&collector, request(span), "application/x-protobuf")
    );
    assert_eq!(status, 200);
    let kept = &spans.unwrap()[0];
    assert_eq!(kept.trace_id, "ab".repeat(16));
    assert_eq!(kept.parent_span_id.as_deref(), Some("0202020202020202"));
    assert_eq!(
        (kept.service.as_str(), kept.kind),
        ("email", Kind::Consumer)
    );
    assert_eq!(
        (kept.attribute("messaging.system"), kept.attribute("n")),
        ("nats", "3")
    );
    assert_eq!(kept.links[0].span_id, "03".repeat(8));
    assert_eq!(kept.status, Status::Error("no such mailbox".into()));
    assert_eq!(kept.duration(), Duration::from_micros(2500));
    assert_eq!(collector.trace(&kept.trace_id).len(), 1);
    assert_eq!(collector.trace("other").len(), 0);
}

#[tokio::test]
async fn refuses_what_it_cannot_read_and_says_what_came_when_nothing_more_does() {
    let collector = Collector::start().await.unwrap();
    assert_eq!(
        export(&collector, b"{}".to_vec(), "application/json").await,
        415
    );
    assert_eq!(
        export(&collector, b"\xff\xff".to_vec(), "application/x-protobuf").await,
        400
    );
    let root = Span {
        trace_id: vec![1; 16],
        span_id: vec![1; 8],
        name: "root".into(),
        ..Default::default()
    };
    assert_eq!(
        export(&collector, request(root), "application/x-protobuf").await,
        200
    );
    let late = collector
        .wait_for(|spans| spans.len() > 1, Duration::from_millis(100))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        late.contains("1 spans") && late.contains("email: root"),
        "{late}"
    );
    assert_eq!(collector.spans()[0].parent_span_id, None);
}
