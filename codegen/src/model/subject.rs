//! NATS subjects: what is one, and which subjects a pattern holds.

/// Why `subject` is no NATS subject; wildcards only where `wildcards` allows them.
pub(crate) fn illegal(subject: &str, wildcards: bool) -> Option<String> {
    if subject.is_empty() {
        return Some("it is empty".to_owned());
    }
    let tokens: Vec<&str> = subject.split('.').collect();
    for (i, token) in tokens.iter().enumerate() {
        if token.is_empty() {
            return Some("a token between dots is empty".to_owned());
        }
        if let Some(c) = token.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Some(format!(
                "it holds white space or a control character ({c:?})"
            ));
        }
        match *token {
            ">" if !wildcards => return Some("`>` is a wildcard".to_owned()),
            "*" if !wildcards => return Some("`*` is a wildcard".to_owned()),
            ">" if i + 1 < tokens.len() => return Some("`>` stands only at the end".to_owned()),
            ">" | "*" => {}
            token if token.contains(['*', '>']) => {
                return Some(format!(
                    "in `{token}` a wildcard is part of a token; it has to be one by itself"
                ));
            }
            _ => {}
        }
    }
    subject
        .starts_with('$')
        .then(|| "subjects that begin with `$` belong to the server".to_owned())
}

/// Why `address`, a subject with parameters, is none.
pub(crate) fn illegal_address(address: &str) -> Option<String> {
    // A parameter is a whole token; a brace elsewhere would be taken for text.
    let torn = address.split('.').find(|token| {
        let inner = token
            .strip_prefix('{')
            .and_then(|token| token.strip_suffix('}'))
            .unwrap_or(token);
        inner.contains(['{', '}']) || (inner.is_empty() && !token.is_empty())
    });
    if let Some(token) = torn {
        return Some(format!("in `{token}` a parameter is not a token by itself"));
    }
    let plain: Vec<&str> = address
        .split('.')
        .map(|token| if token.starts_with('{') { "x" } else { token })
        .collect();
    illegal(&plain.join("."), false)
}

/// Whether every subject of `inner` is one of `outer`.
pub(crate) fn covers(outer: &str, inner: &str) -> bool {
    let mut inner = inner.split('.');
    for token in outer.split('.') {
        let other = inner.next();
        match (token, other) {
            (">", Some(_)) => return true,
            (_, None | Some(">")) => return false,
            ("*", Some(_)) => {}
            (token, Some(other)) if token == other => {}
            _ => return false,
        }
    }
    inner.next().is_none()
}

/// Whether some subject is one of both.
pub(crate) fn overlap(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(">"), Some(_)) | (Some(_), Some(">")) => return true,
            (Some(x), Some(y)) if x == y || x == "*" || y == "*" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_it_says_and_no_more() {
        assert!(covers("order.>", "order.placed.v1.*"));
        assert!(covers("order.*.v1.*", "order.placed.v1.*"));
        assert!(covers("a.b", "a.b"));
        assert!(!covers("order.>", "order"));
        assert!(!covers("order.*", "order.>"));
        assert!(!covers("order.placed.v1.x", "order.placed.v1.*"));
        assert!(!covers("a", "a.b"));
    }

    #[test]
    fn overlap_is_found_from_either_side() {
        assert!(overlap("order.>", "*.placed"));
        assert!(overlap("a.*", "*.b"));
        assert!(!overlap("order.>", "order"));
        assert!(!overlap("a.b", "a.c"));
        assert!(!overlap("a.*", "a.b.c"));
    }

    #[test]
    fn what_nats_refuses_is_refused() {
        assert_eq!(illegal("order.>", true), None);
        for subject in ["", "a..b", "a b", "a.>.b", "a.b*", ".a", "$JS.x"] {
            assert!(illegal(subject, true).is_some(), "{subject}");
        }
        assert!(illegal("a.*", false).is_some());
    }
}
