//! Where everything stands: services in layers from left to right, so that most events go right, and a way for each
//! event past the boxes of the layers between. The same graph always gets the same picture.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edge, Graph};

/// The width of a character in the font of the events, whichever of its kind the reader has.
const EVENT_CHAR: f64 = 8.1;
/// The width of a character in the font of the names.
const NAME_CHAR: f64 = 9.6;
/// What is free on either side of a text in its box.
const PADDING: f64 = 14.0;
/// The height of an event's row.
pub(super) const ROW: f64 = 24.0;
/// The least height of the part of a box that holds the name.
const HEAD: f64 = 38.0;
/// The distance of arrows that end beside one another.
const ARROWS: f64 = 14.0;
/// The distance of boxes above one another.
const GAP: f64 = 30.0;
/// The distance of ways past a box.
const WAY: f64 = 13.0;
/// The distance of layers.
const LAYERS: f64 = 104.0;
/// What is free around all of it.
const MARGIN: f64 = 24.0;
/// How far the way of an event may reach that its own sender receives.
pub(super) const LOOP: f64 = 46.0;
/// How often the order within the layers is improved.
const SWEEPS: usize = 8;

/// A service's box.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The height of the part with the name.
    pub(super) head: f64,
}

/// The way of an event: points that a smooth line goes through, and whether it goes left.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) edge: Edge,
    /// Pairs of places: a curve leads to the first of each, a straight line to the second.
    pub(super) points: Vec<(f64, f64)>,
    pub(super) back: bool,
    /// Whether it ends where it began.
    pub(super) loops: bool,
}

/// The whole picture.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) boxes: Vec<Placed>,
    pub(super) ways: Vec<Way>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What stands in a layer: a box, or a way that passes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Box(usize),
    Pass(Edge),
}

pub(super) fn layout(graph: &Graph) -> Layout {
    let layer_of = layers(graph);
    let edges: Vec<Edge> = graph.edges().collect();
    let mut layers = items(graph, &layer_of, &edges);
    order(&layer_of, &edges, &mut layers);
    let arrivals = arrivals(&layer_of, &edges);
    let mut boxes = sizes(graph, &arrivals);
    let mut passes: BTreeMap<(usize, Edge), (f64, f64, f64)> = BTreeMap::new();
    let (width, height) = place(&layers, &mut boxes, &mut passes);
    let ways = ways(&layer_of, &edges, &boxes, &arrivals, &passes);
    // Nothing stands to the right of the last layer but the loops of its own boxes.
    let loops = ways.iter().filter(|way| way.loops);
    let loops = loops.filter_map(|way| way.points.first());
    let width = loops.map(|(x, _)| x + LOOP).fold(width, f64::max);
    Layout {
        boxes,
        ways,
        width,
        height,
    }
}

/// The layer of each service: to the right of those that it receives from, except where they receive from each other.
fn layers(graph: &Graph) -> Vec<usize> {
    let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
    for edge in graph.edges() {
        if edge.from != edge.to {
            pairs.insert((edge.from, edge.to));
        }
    }
    let order = sequence(graph.services.len(), &pairs);
    let mut rank = vec![0; order.len()];
    for (place, service) in order.iter().enumerate() {
        if let Some(rank) = rank.get_mut(*service) {
            *rank = place;
        }
    }
    let rank_of = |service: usize| rank.get(service).copied().unwrap_or_default();
    let mut layer = vec![0; order.len()];
    for service in &order {
        let before = pairs
            .iter()
            .filter(|(from, to)| to == service && rank_of(*from) < rank_of(*to))
            .filter_map(|(from, _)| layer.get(*from))
            .max();
        let own = before.map_or(0, |before| before + 1);
        if let Some(slot) = layer.get_mut(*service) {
            *slot = own;
        }
    }
    layer
}

/// The services in an order in which few events go backwards (Eades, Lin and Smyth 1993): who only sends first, who only
/// receives last, then who sends more than it receives; in doubt as the contract has them.
fn sequence(count: usize, pairs: &BTreeSet<(usize, usize)>) -> Vec<usize> {
    let mut out = vec![0_i64; count];
    let mut into = vec![0_i64; count];
    for (from, to) in pairs {
        out[*from] += 1;
        into[*to] += 1;
    }
    let mut left: BTreeSet<usize> = (0..count).collect();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    while !left.is_empty() {
        let sink = left
            .iter()
            .rev()
            .copied()
            .find(|s| out[*s] == 0 && into[*s] > 0);
        let next = sink
            .or_else(|| left.iter().copied().find(|s| into[*s] == 0))
            .or_else(|| {
                left.iter()
                    .copied()
                    .max_by_key(|s| (out[*s] - into[*s], count - s))
            });
        let Some(next) = next else { break };
        left.remove(&next);
        for (from, to) in pairs {
            if *from == next {
                into[*to] -= 1;
            }
            if *to == next {
                out[*from] -= 1;
            }
        }
        if sink.is_some() {
            last.push(next);
        } else {
            first.push(next);
        }
    }
    last.reverse();
    first.extend(last);
    first
}

/// What stands in each layer, before it is put in order.
fn items(graph: &Graph, layer_of: &[usize], edges: &[Edge]) -> Vec<Vec<Item>> {
    let count = layer_of.iter().max().map_or(0, |last| last + 1);
    let mut layers: Vec<Vec<Item>> = vec![Vec::new(); count];
    for service in 0..graph.services.len() {
        layers[layer_of[service]].push(Item::Box(service));
    }
    for edge in edges {
        for layer in between(layer_of, *edge) {
            layers[layer].push(Item::Pass(*edge));
        }
    }
    layers
}

/// The layers that an event passes.
fn between(layer_of: &[usize], edge: Edge) -> std::ops::Range<usize> {
    let (a, b) = (layer_of[edge.from], layer_of[edge.to]);
    let (low, high) = (a.min(b), a.max(b));
    (low + 1).min(high)..high
}

/// Puts each layer in order by where the neighbours of its items stand, from the left and from the right in turn.
fn order(layer_of: &[usize], edges: &[Edge], layers: &mut [Vec<Item>]) {
    let mut neighbours: BTreeMap<(usize, Item), Vec<(usize, Item)>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| edge.from != edge.to) {
        let (low, high) = if layer_of[edge.from] < layer_of[edge.to] {
            (edge.from, edge.to)
        } else {
            (edge.to, edge.from)
        };
        let mut chain = vec![(layer_of[low], Item::Box(low))];
        chain.extend(between(layer_of, *edge).map(|layer| (layer, Item::Pass(*edge))));
        chain.push((layer_of[high], Item::Box(high)));
        for pair in chain.windows(2) {
            if let [a, b] = pair {
                neighbours.entry(*a).or_default().push(*b);
                neighbours.entry(*b).or_default().push(*a);
            }
        }
    }
    // An event's row in its box counts a little: its way begins there.
    let row = |item: &Item, of: &Item| match (item, of) {
        (Item::Box(service), Item::Pass(edge)) if edge.from == *service => {
            edge.row as f64 / 1_000.0
        }
        _ => 0.0,
    };
    for sweep in 0..SWEEPS {
        let rightwards = sweep % 2 == 0;
        let places: Vec<usize> = if rightwards {
            (1..layers.len()).collect()
        } else {
            (0..layers.len().saturating_sub(1)).rev().collect()
        };
        for layer in places {
            let side = if rightwards { layer - 1 } else { layer + 1 };
            let stand: BTreeMap<Item, usize> = layers[side]
                .iter()
                .enumerate()
                .map(|(place, item)| (*item, place))
                .collect();
            let mut keyed: Vec<(f64, Item)> = Vec::with_capacity(layers[layer].len());
            for (place, item) in layers[layer].iter().enumerate() {
                let near: Vec<f64> = neighbours
                    .get(&(layer, *item))
                    .into_iter()
                    .flatten()
                    .filter(|(at, _)| *at == side)
                    .filter_map(|(_, other)| Some(*stand.get(other)? as f64 + row(other, item)))
                    .collect();
                let middle = if near.is_empty() {
                    place as f64
                } else {
                    near.iter().sum::<f64>() / near.len() as f64
                };
                keyed.push((middle, *item));
            }
            // Stable, and so the same for the same graph.
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            layers[layer] = keyed.into_iter().map(|(_, item)| item).collect();
        }
    }
}

fn columns(text: &str) -> f64 {
    let wide = |c: char| if c > '\u{10ff}' { 2 } else { 1 };
    text.chars().map(wide).sum::<usize>() as f64
}

/// The boxes, each as large as what it holds.
fn sizes(graph: &Graph, arrivals: &Arrivals) -> Vec<Placed> {
    let mut boxes = Vec::with_capacity(graph.services.len());
    for (place, service) in graph.services.iter().enumerate() {
        let events = service
            .sends
            .iter()
            .filter_map(|event| graph.events.get(*event));
        let widest = events
            .map(|event| columns(&event.name) * EVENT_CHAR)
            .fold(columns(&service.name) * NAME_CHAR, f64::max);
        let arrows = [false, true]
            .map(|back| arrivals.get(&(place, back)).map_or(0, BTreeSet::len))
            .into_iter()
            .max()
            .unwrap_or_default();
        let head = HEAD.max(arrows as f64 * ARROWS + ARROWS);
        let rows = service.sends.len() as f64 * ROW;
        boxes.push(Placed {
            width: (widest + 2.0 * PADDING).max(120.0).ceil(),
            height: head + rows + if rows > 0.0 { 8.0 } else { 0.0 },
            head,
            ..Placed::default()
        });
    }
    boxes
}

/// Whose events reach a service, from the left and from the right (`true`).
type Arrivals = BTreeMap<(usize, bool), BTreeSet<usize>>;

fn arrivals(layer_of: &[usize], edges: &[Edge]) -> Arrivals {
    let mut arrivals = Arrivals::new();
    for edge in edges {
        let side = (edge.to, is_back(layer_of, *edge));
        arrivals.entry(side).or_default().insert(edge.from);
    }
    arrivals
}

fn is_back(layer_of: &[usize], edge: Edge) -> bool {
    layer_of[edge.from] >= layer_of[edge.to]
}

/// Gives every item its place; what a way passes through is noted as left end, right end and height. Returns the size of
/// the picture.
fn place(
    layers: &[Vec<Item>],
    boxes: &mut [Placed],
    passes: &mut BTreeMap<(usize, Edge), (f64, f64, f64)>,
) -> (f64, f64) {
    let heights: Vec<f64> = layers.iter().map(|layer| height_of(layer, boxes)).collect();
    let tallest = heights.iter().copied().fold(0.0, f64::max);
    let mut x = MARGIN;
    for (number, (layer, height)) in layers.iter().zip(&heights).enumerate() {
        let width = layer
            .iter()
            .map(|item| match item {
                Item::Box(service) => boxes[*service].width,
                Item::Pass(_) => 0.0,
            })
            .fold(0.0, f64::max);
        let mut y = MARGIN + (tallest - height) / 2.0;
        let mut before: Option<Item> = None;
        for item in layer {
            y += space(before, *item);
            match item {
                Item::Box(service) => {
                    let own = &mut boxes[*service];
                    // All boxes of a layer are as wide as the widest: what is beside them stays clear.
                    own.width = width;
                    (own.x, own.y) = (x, y.round());
                    y += own.height;
                }
                Item::Pass(edge) => {
                    passes.insert((number, *edge), (x, x + width, y.round()));
                }
            }
            before = Some(*item);
        }
        x += width + LAYERS;
    }
    let width = if layers.is_empty() { x } else { x - LAYERS } + MARGIN;
    (width, tallest + 2.0 * MARGIN)
}

fn space(before: Option<Item>, item: Item) -> f64 {
    match (before, item) {
        (None, _) => 0.0,
        (Some(Item::Pass(_)), Item::Pass(_)) => WAY,
        (Some(_), _) => GAP,
    }
}

fn height_of(layer: &[Item], boxes: &[Placed]) -> f64 {
    let mut before = None;
    let mut height = 0.0;
    for item in layer {
        height += space(before, *item);
        if let Item::Box(service) = item {
            height += boxes[*service].height;
        }
        before = Some(*item);
    }
    height
}

/// Where a row of a box stands: its middle.
pub(super) fn row_y(own: &Placed, row: usize) -> f64 {
    own.y + own.head + (row as f64 + 0.5) * ROW
}

fn ways(
    layer_of: &[usize],
    edges: &[Edge],
    boxes: &[Placed],
    arrivals: &Arrivals,
    passes: &BTreeMap<(usize, Edge), (f64, f64, f64)>,
) -> Vec<Way> {
    // Arrows of one sender end together, those of several beside one another, in the order in which they stand.
    let arrivals: BTreeMap<(usize, bool), Vec<usize>> = arrivals
        .iter()
        .map(|(side, from)| {
            let mut from: Vec<usize> = from.iter().copied().collect();
            from.sort_by(|a, b| boxes[*a].y.total_cmp(&boxes[*b].y).then(a.cmp(b)));
            (*side, from)
        })
        .collect();
    let mut ways = Vec::with_capacity(edges.len());
    for edge in edges {
        let back = is_back(layer_of, *edge);
        let loops = edge.from == edge.to;
        let (from, to) = (&boxes[edge.from], &boxes[edge.to]);
        let others = arrivals
            .get(&(edge.to, back))
            .map_or(&[][..], Vec::as_slice);
        let place = others
            .iter()
            .position(|other| *other == edge.from)
            .unwrap_or_default();
        let offset = (place as f64 - (others.len() as f64 - 1.0) / 2.0) * ARROWS;
        let end_y = to.y + to.head / 2.0 + offset;
        let start_y = row_y(from, edge.row);
        let mut points = Vec::new();
        let (start_x, end_x) = match (back, loops) {
            (_, true) => (from.x + from.width, to.x + to.width),
            (true, false) => (from.x, to.x + to.width),
            (false, false) => (from.x + from.width, to.x),
        };
        points.push((start_x, start_y));
        let mut between: Vec<usize> = between(layer_of, *edge).collect();
        if back {
            between.reverse();
        }
        for layer in between {
            if let Some((left, right, y)) = passes.get(&(layer, *edge)) {
                let (near, far) = if back { (right, left) } else { (left, right) };
                points.extend([(*near, *y), (*far, *y)]);
            }
        }
        points.push((end_x, end_y));
        ways.push(Way {
            edge: *edge,
            points,
            back,
            loops,
        });
    }
    ways
}
