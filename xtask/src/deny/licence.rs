//! SPDX licence expressions, as packages of the registry write them.
//!
//! `AND` binds closer than `OR`; the slash of old manifests means `OR`. `WITH` makes a licence of
//! its own: allowing the one without the exception does not allow it.

use std::iter::Peekable;
use std::slice;

/// Whether a choice of licences that the expression offers is allowed.
pub(super) fn allows(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.iter().peekable();
    // An expression that cannot be read allows nothing.
    any(&mut rest, allowed) == Some(true) && rest.next().is_none()
}

type Words<'a> = Peekable<slice::Iter<'a, &'a str>>;

fn any(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut result = all(words, allowed)?;
    while words.next_if(|word| **word == "OR").is_some() {
        result |= all(words, allowed)?;
    }
    Some(result)
}

fn all(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut result = one(words, allowed)?;
    while words.next_if(|word| **word == "AND").is_some() {
        result &= one(words, allowed)?;
    }
    Some(result)
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let word = *words.next()?;
    if word == "(" {
        let result = any(words, allowed)?;
        return words.next_if(|word| **word == ")").map(|_| result);
    }
    let is_name = |word: &str| !matches!(word, "AND" | "OR" | "WITH" | ")");
    let licence = if words.next_if(|word| **word == "WITH").is_some() {
        let exception = words.next().filter(|word| is_name(word))?;
        format!("{word} WITH {exception}")
    } else {
        word.to_owned()
    };
    is_name(word).then(|| allowed.contains(&licence))
}

#[cfg(test)]
mod tests {
    use super::allows;

    #[test]
    fn a_licence_is_allowed_when_one_choice_is() {
        let allowed = ["MIT", "Apache-2.0", "ISC"].map(str::to_owned);
        let cases = [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0/MIT", true),
            ("GPL-3.0 AND MIT", false),
            ("ISC AND (Apache-2.0 OR ISC)", true),
            ("ISC AND (GPL-3.0 OR OpenSSL)", false),
            ("GPL-3.0 AND MIT OR ISC", true),
            ("MIT OR ISC AND GPL-3.0", true),
            ("(MIT OR ISC) AND GPL-3.0", false),
            ("Apache-2.0 WITH LLVM-exception", false),
            ("Apache-2.0 WITH LLVM-exception OR MIT", true),
        ];
        for (expression, expected) in cases {
            assert_eq!(allows(expression, &allowed), expected, "{expression}");
        }
    }

    #[test]
    fn an_expression_that_cannot_be_read_allows_nothing() {
        let allowed = ["MIT".to_owned()];
        for expression in [
            "", "MIT MIT", "(MIT", "MIT)", "MIT OR", "AND MIT", "MIT WITH",
        ] {
            assert!(!allows(expression, &allowed), "{expression}");
        }
    }
}
