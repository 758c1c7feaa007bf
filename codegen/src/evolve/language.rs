//! Regular languages: whether there is a text at all that some patterns match, others do not, and that has a length.
//!
//! Every pattern becomes an automaton, and their product is searched from the empty text on, shortest first. What no
//! automaton can say (look-around, back-references, word boundaries), and what grows too large, is not decided.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Hir, LookSet};

/// States of the product that are visited before it is given up.
const MOST_STATES: usize = 20_000;
/// Bytes that an automaton may take.
const MOST_MEMORY: usize = 4 * 1024 * 1024;

/// A pattern, and whether a text must match it or must not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Clause {
    pub(super) pattern: String,
    pub(super) holds: bool,
}

impl Clause {
    pub(super) fn holds(pattern: &str) -> Self {
        let (pattern, holds) = (pattern.to_owned(), true);
        Self { pattern, holds }
    }

    pub(super) fn fails(pattern: &str) -> Self {
        let (pattern, holds) = (pattern.to_owned(), false);
        Self { pattern, holds }
    }

    /// Whether its pattern has an automaton.
    pub(super) fn readable(&self) -> bool {
        automaton(&self.pattern).is_some()
    }
}

/// Texts that every clause is true of and that have so many characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Texts {
    pub(super) clauses: Vec<Clause>,
    pub(super) least: u64,
    pub(super) most: Option<u64>,
}

/// What the search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// There is no such text.
    None,
    /// One of the shortest.
    Some(String),
    /// Not decided.
    Unknown,
}

thread_local! {
    static AUTOMATA: RefCell<HashMap<String, Option<Rc<DFA>>>> = RefCell::default();
    static ANSWERS: RefCell<HashMap<Texts, Answer>> = RefCell::default();
}

impl Texts {
    /// Looks for one.
    pub(super) fn find(mut self) -> Answer {
        self.clauses.sort();
        self.clauses.dedup();
        if self.most.is_some_and(|most| most < self.least) {
            return Answer::None;
        }
        if let Some(known) = ANSWERS.with_borrow(|answers| answers.get(&self).cloned()) {
            return known;
        }
        let answer = Product::new(&self)
            .and_then(|mut product| product.search())
            .unwrap_or(Answer::Unknown);
        ANSWERS.with_borrow_mut(|answers| answers.insert(self, answer.clone()));
        answer
    }

    /// Whether there is none: proven.
    pub(super) fn none(self) -> bool {
        self.find() == Answer::None
    }
}

/// The automaton of a pattern, where it has one.
fn automaton(pattern: &str) -> Option<Rc<DFA>> {
    AUTOMATA.with_borrow_mut(|known| {
        known
            .entry(pattern.to_owned())
            .or_insert_with(|| build(pattern).map(Rc::new))
            .clone()
    })
}

fn build(pattern: &str) -> Option<DFA> {
    // As the validator reads it.
    let pattern = jsonschema_regex::to_rust_regex(pattern).ok()?;
    let hir = regex_syntax::parse(&pattern).ok()?;
    if !plain(&hir) {
        return None;
    }
    let nfa = thompson::Compiler::new()
        .configure(thompson::Config::new().nfa_size_limit(Some(MOST_MEMORY / 4)))
        .build_from_hir(&hir)
        .ok()?;
    // A state is known by its number, so none may be thrown away while there is memory left.
    let config = DFA::config()
        .cache_capacity(MOST_MEMORY)
        .minimum_cache_clear_count(Some(0));
    DFA::builder().configure(config).build_from_nfa(nfa).ok()
}

/// Whether it looks at nothing but characters, and the start and end of the text.
fn plain(hir: &Hir) -> bool {
    let looks = hir.properties().look_set();
    let anchors = LookSet::empty()
        .insert(regex_syntax::hir::Look::Start)
        .insert(regex_syntax::hir::Look::End);
    looks.subtract(anchors).is_empty()
}

/// Where one automaton is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    /// Not at a match yet.
    State(LazyStateID),
    /// It matched, and whatever follows does not change that.
    Matched,
    /// It can match no more.
    Dead,
}

/// Where all of them are, within a character, and how many characters there are, up to what matters.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    at: Vec<At>,
    within: Within,
    length: u64,
}

/// What UTF-8 expects next.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Within {
    /// The first byte of a character.
    Start,
    /// So many more bytes, the first of them in this range.
    Rest { more: u8, low: u8, high: u8 },
}

impl Within {
    fn next(self, byte: u8) -> Option<Self> {
        let rest = |more, low, high| Some(Self::Rest { more, low, high });
        match (self, byte) {
            (Self::Start, 0..=0x7f) => Some(Self::Start),
            (Self::Start, 0xc2..=0xdf) => rest(1, 0x80, 0xbf),
            (Self::Start, 0xe0) => rest(2, 0xa0, 0xbf),
            (Self::Start, 0xed) => rest(2, 0x80, 0x9f),
            (Self::Start, 0xe1..=0xef) => rest(2, 0x80, 0xbf),
            (Self::Start, 0xf0) => rest(3, 0x90, 0xbf),
            (Self::Start, 0xf1..=0xf3) => rest(3, 0x80, 0xbf),
            (Self::Start, 0xf4) => rest(3, 0x80, 0x8f),
            (Self::Start, _) => None,
            (Self::Rest { more, low, high }, byte) if (low..=high).contains(&byte) => match more {
                1 => Some(Self::Start),
                more => rest(more - 1, 0x80, 0xbf),
            },
            (Self::Rest { .. }, _) => None,
        }
    }

    /// Bytes of one class are the same to every state of UTF-8.
    fn class(byte: u8) -> u8 {
        const FIRSTS: [u8; 11] = [
            0x80, 0x90, 0xa0, 0xc0, 0xc2, 0xe0, 0xe1, 0xed, 0xee, 0xf0, 0xf1,
        ];
        let low = FIRSTS.iter().filter(|first| byte >= **first).count();
        let high = [0xf4u8, 0xf5].iter().filter(|first| byte >= **first);
        u8::try_from(low + high.count()).unwrap_or(u8::MAX)
    }
}

struct Product<'t> {
    texts: &'t Texts,
    automata: Vec<(Rc<DFA>, Cache)>,
    /// One byte of each class, readable ones first.
    bytes: Vec<u8>,
    /// Beyond this a length makes no difference.
    longest: u64,
}

impl<'t> Product<'t> {
    /// `None` where a pattern has no automaton.
    fn new(texts: &'t Texts) -> Option<Self> {
        let clauses = texts.clauses.iter();
        let automata = clauses
            .map(|clause| {
                let automaton = automaton(&clause.pattern)?;
                let cache = automaton.create_cache();
                Some((automaton, cache))
            })
            .collect::<Option<Vec<_>>>()?;
        let mut bytes: Vec<u8> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for byte in (b'a'..=b'z')
            .chain(b'0'..=b'9')
            .chain(b'A'..=b'Z')
            .chain(b'!'..=b'~')
            .chain(0..=0xff)
        {
            let mut class = vec![Within::class(byte)];
            class.extend(automata.iter().map(|(dfa, _)| dfa.byte_classes().get(byte)));
            if seen.insert(class) {
                bytes.push(byte);
            }
        }
        Some(Self {
            texts,
            automata,
            bytes,
            longest: texts.most.map_or(texts.least, |most| most + 1),
        })
    }

    /// `None` where it is given up.
    fn search(&mut self) -> Option<Answer> {
        let start = self.start()?;
        if self.refused(&start) {
            return Some(Answer::None);
        }
        let mut known: HashMap<Place, usize> = HashMap::from([(start.clone(), 0)]);
        // Each with the one that it was reached from, and by which byte.
        let mut places: Vec<(Place, usize, u8)> = vec![(start, 0, 0)];
        let mut next = 0;
        while let Some((place, ..)) = places.get(next).cloned() {
            if self.accepted(&place)? {
                return text(&places, next).map(Answer::Some);
            }
            for byte in self.bytes.clone() {
                let Some(reached) = self.step(&place, byte)? else {
                    continue;
                };
                if self.refused(&reached) || known.contains_key(&reached) {
                    continue;
                }
                if places.len() >= MOST_STATES {
                    return None;
                }
                known.insert(reached.clone(), places.len());
                places.push((reached, next, byte));
            }
            next += 1;
        }
        Some(Answer::None)
    }

    fn start(&mut self) -> Option<Place> {
        let input = Input::new("").anchored(Anchored::No);
        let mut at = Vec::new();
        for (dfa, cache) in &mut self.automata {
            let state = dfa.start_state_forward(cache, &input).ok()?;
            at.push(locate(state)?);
        }
        Some(Place {
            at,
            within: Within::Start,
            length: 0,
        })
    }

    /// The place after one more byte; inner `None` where that is no text, outer where it is given up.
    #[allow(clippy::option_option)]
    fn step(&mut self, place: &Place, byte: u8) -> Option<Option<Place>> {
        let Some(within) = place.within.next(byte) else {
            return Some(None);
        };
        let begins = place.within == Within::Start;
        let mut at = Vec::with_capacity(place.at.len());
        for ((dfa, cache), now) in self.automata.iter_mut().zip(&place.at) {
            at.push(match *now {
                At::State(state) => locate(dfa.next_state(cache, state, byte).ok()?)?,
                settled => settled,
            });
        }
        Some(Some(Place {
            at,
            within,
            length: (place.length + u64::from(begins)).min(self.longest),
        }))
    }

    /// Whether nothing that begins like this can be one of the texts.
    fn refused(&self, place: &Place) -> bool {
        let clauses = self.texts.clauses.iter().zip(&place.at);
        let mut settled = clauses.map(|(clause, at)| match at {
            At::Matched => !clause.holds,
            At::Dead => clause.holds,
            At::State(_) => false,
        });
        settled.any(|wrong| wrong) || self.texts.most.is_some_and(|most| place.length > most)
    }

    /// Whether the text may end here.
    fn accepted(&mut self, place: &Place) -> Option<bool> {
        if place.within != Within::Start || place.length < self.texts.least {
            return Some(false);
        }
        let clauses = self.texts.clauses.iter().zip(&place.at);
        for ((clause, at), (dfa, cache)) in clauses.zip(&mut self.automata) {
            let matched = match at {
                At::State(state) => dfa.next_eoi_state(cache, *state).ok()?.is_match(),
                At::Matched => true,
                At::Dead => false,
            };
            if matched != clause.holds {
                return Some(false);
            }
        }
        Some(true)
    }
}

/// `None` where the automaton cannot go on.
fn locate(state: LazyStateID) -> Option<At> {
    if state.is_quit() || state.is_unknown() {
        None
    } else if state.is_match() {
        Some(At::Matched)
    } else if state.is_dead() {
        Some(At::Dead)
    } else {
        Some(At::State(state))
    }
}

/// The text by which a place was reached.
fn text(places: &[(Place, usize, u8)], end: usize) -> Option<String> {
    let mut bytes = Vec::new();
    let mut at = end;
    while at != 0 {
        let (_, from, byte) = places.get(at)?;
        bytes.push(*byte);
        at = *from;
    }
    bytes.reverse();
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{Answer, Clause, Texts};

    fn texts(holds: &[&str], fails: &[&str], least: u64, most: Option<u64>) -> Texts {
        let holds = holds.iter().map(|pattern| Clause::holds(pattern));
        let fails = fails.iter().map(|pattern| Clause::fails(pattern));
        Texts {
            clauses: holds.chain(fails).collect(),
            least,
            most,
        }
    }

    fn within(narrow: &str, wide: &str) -> Answer {
        texts(&[narrow], &[wide], 0, None).find()
    }

    #[test]
    fn reworded_patterns_are_the_same() {
        for (left, right) in [
            ("^[a-z]+$", "^[a-z]{1,}$"),
            ("^a+$", "^(?:a)+$"),
            ("^(ab|ac)$", "^a[bc]$"),
            (r"^\d{3}$", "^[0-9][0-9][0-9]$"),
            ("a", "^.*a"),
            ("", "^"),
            ("^(a|b)*$", "^(a*b*)*$"),
            (r"^\S+$", r"^[^\s]+$"),
            ("^[^é]$", "^[^\u{e9}]$"),
        ] {
            // `.` takes no line break, so an unanchored pattern is wider than one that begins with `.*`.
            let expected = if left == "a" {
                Answer::Some("\na".to_owned())
            } else {
                Answer::None
            };
            assert_eq!(within(left, right), expected, "{left} {right}");
            assert_eq!(within(right, left), Answer::None, "{right} {left}");
        }
    }

    #[test]
    fn what_is_wider_is_shown() {
        for (narrow, wide, shown) in [
            ("^[a-z]+$", "^[a-y]+$", "z"),
            ("^[a-z]{2,4}$", "^[a-z]{2,3}$", "aaaa"),
            ("^é?$", "^$", "é"),
            ("^.$", "^[\u{0}-\u{ffff}]$", "\u{10000}"),
        ] {
            let Answer::Some(found) = within(narrow, wide) else {
                panic!("{narrow} {wide}");
            };
            assert_eq!(found.chars().count(), shown.chars().count());
            let holds =
                |pattern: &str| regex::Regex::new(pattern).is_ok_and(|p| p.is_match(&found));
            assert!(holds(narrow) && !holds(wide), "{narrow} {wide}: {found:?}");
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(texts(&["^[é-ü]{3}$"], &[], 4, None).none());
        assert!(texts(&["^[é-ü]{3}$"], &[], 0, Some(2)).none());
        assert!(!texts(&["^[é-ü]{3}$"], &[], 3, Some(3)).none());
        assert!(texts(&["^a+$", "^b+$"], &[], 0, None).none());
        assert!(texts(&[], &[], 5, Some(4)).none());
    }

    #[test]
    fn what_no_automaton_can_say_is_not_decided() {
        for pattern in [
            r"^(a)\1$",
            "^(?=a)a$",
            r"\ba",
            "^(?!x)",
            "^[a",
            "^(?:a{1,1000}){1,1000}$",
        ] {
            assert_eq!(within(pattern, "^x$"), Answer::Unknown, "{pattern}");
        }
    }
}
