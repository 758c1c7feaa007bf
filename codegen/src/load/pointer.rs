//! JSON Pointers (RFC 6901), also as the fragment of a `$ref` (with %-escapes, RFC 6901 section 6).

use percent_encoding::percent_decode_str;

use super::node::{Node, Value};

/// The tokens of a fragment such as `/$defs/a~1b`; none for the empty fragment.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn tokens(fragment: &str) -> Result<Vec<String>, String> {
    let decoded = percent_decode_str(fragment)
        .decode_utf8()
        .map_err(|_| "its %-escapes are not UTF-8".to_owned())?;
    if decoded.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = decoded.strip_prefix('/') else {
        return Err(format!(
            "`#{fragment}` is not a JSON Pointer, which begins with `#/`; anchors are not supported"
        ));
    };
    rest.split('/').map(unescape).collect()
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

/// The node under `tokens`.
///
/// # Errors
///
/// How far the way goes: the number of tokens that were found.
pub(super) fn walk<'n>(root: &'n Node, tokens: &[String]) -> Result<&'n Node, usize> {
    let mut node = root;
    for (depth, token) in tokens.iter().enumerate() {
        let next = match &node.value {
            Value::Map(_) => node.get(token),
            // An index is written without leading zeros.
            Value::List(items) => token
                .parse::<usize>()
                .ok()
                .filter(|index| index.to_string() == *token)
                .and_then(|index| items.get(index)),
            _ => None,
        };
        node = next.ok_or(depth)?;
    }
    Ok(node)
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn escapes_of_both_kinds_are_undone() {
        assert_eq!(
            tokens("/a~1b/%7E0/c%20d"),
            Ok(vec!["a/b".into(), "~".into(), "c d".into()])
        );
        assert_eq!(tokens(""), Ok(vec![]));
        assert_eq!(tokens("/"), Ok(vec![String::new()]));
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        assert!(tokens("anchor").is_err_and(|why| why.contains("anchors are not supported")));
        assert!(tokens("/a~2").is_err_and(|why| why.contains("~0")));
        assert!(tokens("/%FF").is_err_and(|why| why.contains("UTF-8")));
    }
}
