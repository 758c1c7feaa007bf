//! JSON Pointers (RFC 6901), also as the fragment of a `$ref` (with %-escapes, RFC 6901 section 6).

use std::collections::HashMap;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::Span;
use super::node::{Node, Value};

/// A reference without its fragment, and the fragment; empty where it has none.
pub(super) fn split(reference: &str) -> (&str, &str) {
    reference.split_once('#').unwrap_or((reference, ""))
}

/// A fragment without %-escapes.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn decoded(fragment: &str) -> Result<String, String> {
    let decoded = percent_decode_str(fragment)
        .decode_utf8()
        .map_err(|_| "its %-escapes are not UTF-8".to_owned())?;
    Ok(decoded.into_owned())
}

/// What a URI's fragment holds only as an escape (RFC 3986, section 3.5).
const NOT_IN_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A pointer as it stands in a fragment.
pub fn encoded(pointer: &str) -> String {
    utf8_percent_encode(pointer, NOT_IN_FRAGMENT).to_string()
}

/// The tokens of a pointer such as `/$defs/a~1b`, its %-escapes undone; none for the empty one.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn tokens(pointer: &str) -> Result<Vec<String>, String> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    pointer.split('/').skip(1).map(unescape).collect()
}

fn unescape(token: &str) -> Result<String, String> {
    let mut text = String::with_capacity(token.len());
    let mut rest = token.chars();
    while let Some(c) = rest.next() {
        match c {
            '~' => match rest.next() {
                Some('0') => text.push('~'),
                Some('1') => text.push('/'),
                _ => return Err("`~` stands only in ~0 (for ~) and ~1 (for /)".to_owned()),
            },
            c => text.push(c),
        }
    }
    Ok(text)
}

/// A token as it stands in a pointer.
#[must_use]
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Where the keys of large mappings are, by the place of the mapping: definitions by the thousand are found at once.
pub(super) type Large = HashMap<Span, HashMap<String, usize>>;

/// From how many entries on a mapping is large.
pub(super) const LARGE: usize = 64;

/// The value under `token` in `node`.
pub(super) fn child<'n>(node: &'n Node, token: &str, large: &Large) -> Option<&'n Node> {
    match &node.value {
        Value::Map(entries) if entries.len() >= LARGE => match large.get(&node.span) {
            Some(keys) => Some(&entries.get(*keys.get(token)?)?.value),
            None => node.get(token),
        },
        Value::Map(_) => node.get(token),
        // An index is written without leading zeros.
        Value::List(items) => token
            .parse::<usize>()
            .ok()
            .filter(|index| index.to_string() == *token)
            .and_then(|index| items.get(index)),
        _ => None,
    }
}

/// The node under `tokens`.
///
/// # Errors
///
/// How far the way goes: the number of tokens that were found.
pub(super) fn walk<'n>(
    root: &'n Node,
    tokens: &[String],
    large: &Large,
) -> Result<&'n Node, usize> {
    let mut node = root;
    for (depth, token) in tokens.iter().enumerate() {
        node = child(node, token, large).ok_or(depth)?;
    }
    Ok(node)
}

/// The same way in a schema of draft-07, which is kept as what it is in 2020-12.
pub(super) fn renamed(root: &Node, tokens: Vec<String>, large: &Large) -> Vec<String> {
    const NAMES: &[(&str, &str)] = &[
        ("additionalItems", "items"),
        ("dependencies", "dependentSchemas"),
        ("items", "prefixItems"),
    ];
    let mut way: Vec<String> = Vec::with_capacity(tokens.len());
    let mut node = Some(root);
    for token in tokens {
        let next = |token: &str| node.and_then(|node| child(node, token, large));
        let found = next(&token);
        let other = NAMES.iter().find(|(old, _)| *old == token);
        let (token, found) = match (found, other) {
            (None, Some((_, new))) => ((*new).to_owned(), next(new)),
            (found, _) => (token, found),
        };
        node = found;
        way.push(token);
    }
    way
}

#[cfg(test)]
mod tests {
    use super::{decoded, tokens};

    #[test]
    fn escapes_of_both_kinds_are_undone() {
        assert_eq!(
            tokens(&decoded("/a~1b/%7E0/c%20d").unwrap_or_default()),
            Ok(vec!["a/b".into(), "~".into(), "c d".into()])
        );
        assert_eq!(tokens(""), Ok(vec![]));
        assert_eq!(tokens("/"), Ok(vec![String::new()]));
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        assert!(tokens("/a~2").is_err_and(|why| why.contains("~0")));
        assert!(decoded("/%FF").is_err_and(|why| why.contains("UTF-8")));
    }
}
