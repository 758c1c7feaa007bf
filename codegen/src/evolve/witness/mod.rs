//! Looks for an event that the writer may write and the reader rejects, and checks it against both with the validator.

mod exact;
mod hints;
mod make;

use std::rc::Rc;

use serde_json::{Map, Value as Json};

use super::case::{Part, Subject};
use super::language::Answer;
use super::obstacle::{Kind, Link, Obstacle, Step};
use super::prove::refused_text;
use super::schema::Schema;
use super::text;
use hints::Hints;
use make::Maker;

/// Values that are tried at the place of one obstacle.
const MOST_VALUES: usize = 160;
/// Events that are tried at random where nothing else was found.
const AT_RANDOM: usize = 400;

/// Whether the writer may write `event`: its schema accepts it and declares every property in it.
pub(super) fn written(writer: &Schema, event: &Json) -> bool {
    writer.accepts(event) && exact::exact(&[writer.root()], event)
}

/// An event that `writer` may write and `reader` rejects, because of `obstacle` where that can be told.
pub(super) fn find<'a>(
    writer: &'a Schema,
    reader: &'a Schema,
    obstacle: &Obstacle<'a>,
) -> Option<Json> {
    let hints = Hints::of(obstacle);
    let mut maker = Maker::new(hints);
    let mut values = match &obstacle.kind {
        Kind::Values(values) | Kind::Refused(values) => values.clone(),
        _ => Vec::new(),
    };
    if let Answer::Some(text) = refused_text(&obstacle.case, &obstacle.asked, obstacle.keyword) {
        values.push(text.into());
    }
    values.extend(maker.variants(&obstacle.case, 0));
    let mut other = None;
    for value in values.into_iter().take(MOST_VALUES) {
        for event in wrap(&mut maker, value, obstacle.up.as_ref()) {
            if !written(writer, &event) {
                continue;
            }
            let complaints = reader.complaints(&event);
            let same = |complaint: &String| {
                obstacle.keyword.is_empty()
                    || complaint.split('/').any(|token| token == obstacle.keyword)
            };
            match complaints.as_slice() {
                [] => {}
                [only] if same(only) => return Some(event),
                [..] => {
                    let rank = !complaints.iter().any(same);
                    if other.as_ref().is_none_or(|(known, _)| *known && !rank) {
                        other = Some((rank, event));
                    }
                }
            }
        }
    }
    other.map(|(_, event)| event)
}

/// The same, of all that the writer may write.
pub(super) fn at_random<'a>(
    writer: &'a Schema,
    reader: &'a Schema,
    obstacles: &[Obstacle<'a>],
) -> Option<Json> {
    let mut hints = Hints::default();
    for obstacle in obstacles.iter().take(20) {
        hints.add(obstacle);
    }
    let mut maker = Maker::new(hints);
    let node = writer.root();
    let subject = Subject::new(vec![Part { node, writer: true }], "");
    (0..AT_RANDOM)
        .filter_map(|_| maker.random(&subject, 0))
        .find(|event| !reader.accepts(event) && written(writer, event))
}

/// The event around a value at the end of the way.
fn wrap<'a>(maker: &mut Maker, value: Json, up: Option<&Rc<Link<'a>>>) -> Vec<Json> {
    let mut events = vec![value];
    let mut up = up.cloned();
    while let Some(link) = up {
        let mut around = Vec::new();
        for value in events {
            match &link.step {
                Step::Item(index) => around.extend(maker.array_with(&link.case, *index, value)),
                step => {
                    for name in names(maker, step) {
                        let mut fixed = Map::new();
                        fixed.insert(name, value.clone());
                        around.push(maker.object(&link.case, fixed, 0));
                    }
                }
            }
        }
        around.truncate(12);
        events = around;
        up = link.up.clone();
    }
    events
}

fn names(maker: &Maker, step: &Step) -> Vec<String> {
    match step {
        Step::Property(name) | Step::Like(name) => vec![name.clone()],
        Step::Pattern(pattern) => text::samples(pattern),
        Step::Other | Step::Item(_) => maker.names().into_iter().take(10).collect(),
    }
}
