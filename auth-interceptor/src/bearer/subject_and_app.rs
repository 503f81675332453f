//! `SubjectAndAppToken1.0`: a user's token and an application's own in one header value, in the form
//! that Fabric gave it.
//!
//! The grammar has one spelling per pair of tokens: this scheme in this case, these parameters in
//! this order, one space where there is one. It is read left to right once, without going back.

use super::Credentials;
use crate::error::AuthError;

pub(crate) const SCHEME: &str = "SubjectAndAppToken1.0";

/// Reads what follows the scheme.
pub(super) fn parse<'h>(scheme: &str, text: &'h str) -> Result<Credentials<'h>, AuthError> {
    read(scheme, text).ok_or(AuthError::AuthHeaderMalformed)
}

fn read<'h>(scheme: &str, text: &'h str) -> Option<Credentials<'h>> {
    if scheme != SCHEME {
        return None;
    }
    let (subject, rest) = text.strip_prefix("subjectToken=\"")?.split_once('"')?;
    let (app, rest) = rest.strip_prefix(", appToken=\"")?.split_once('"')?;
    let in_order = rest.is_empty() && is_token(app) && (subject.is_empty() || is_token(subject));
    in_order.then_some(Credentials::SubjectAndApp {
        subject: Some(subject).filter(|subject| !subject.is_empty()),
        app,
    })
}

/// `eyJ` is how a header begins that is a JSON object without space, as every token's is.
fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.strip_prefix("eyJ")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(allowed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SCHEME, parse};
    use crate::bearer::Credentials;
    use crate::error::AuthError;

    #[test]
    fn a_pair_is_read_and_the_subject_may_be_empty() {
        for (text, subject) in [
            (
                r#"subjectToken="eyJa.b_c.d-e", appToken="eyJf.g.h""#,
                Some("eyJa.b_c.d-e"),
            ),
            (r#"subjectToken="", appToken="eyJf.g.h""#, None),
        ] {
            let pair = Credentials::SubjectAndApp {
                subject,
                app: "eyJf.g.h",
            };
            assert!(parse(SCHEME, text) == Ok(pair), "{text}");
        }
    }

    #[test]
    fn every_other_spelling_is_malformed() {
        for text in [
            "",
            r#"subjectToken="eyJa", appToken="""#,
            r#"subjectToken="eyJa""#,
            r#"subjectToken="eyJa", "#,
            r#"appToken="eyJb""#,
            r#"appToken="eyJb", subjectToken="eyJa""#,
            r#"subjectToken="eyJa", appToken="eyJb", appToken="eyJb""#,
            r#"subjectToken="eyJa", subjectToken="eyJa", appToken="eyJb""#,
            r#"subjectToken="eyJa", appToken="eyJb", other="x""#,
            "subjectToken=eyJa, appToken=eyJb",
            "subjectToken='eyJa', appToken='eyJb'",
            r#"subjectToken="eyJa",appToken="eyJb""#,
            r#"subjectToken="eyJa",  appToken="eyJb""#,
            r#"subjectToken="eyJa" , appToken="eyJb""#,
            r#" subjectToken="eyJa", appToken="eyJb""#,
            r#"subjectToken= "eyJa", appToken="eyJb""#,
            r#"subjectToken="eyJa", appToken="eyJb","#,
            r#"subjectToken="eyJa", appToken="eyJb" "#,
            r#"subjectToken="eyJa\"b", appToken="eyJb""#,
            "subjectToken=\"eyJa\", appToken=\"eyJb\n\"",
            "subjectToken=\"eyJa\",\tappToken=\"eyJb\"",
            r#"subjectToken="eyJa,b", appToken="eyJb""#,
            r#"subjectToken="a.b.c", appToken="eyJb""#,
            r#"subjectToken="eyJa", appToken="a.b.c""#,
            r#"subjectToken=" ", appToken="eyJb""#,
            r#"SubjectToken="eyJa", AppToken="eyJb""#,
            r#"subjectToken="eyJ", appToken="eyJb""#,
            r#"appToken="eyJb", subjectToken="""#,
            r#"appToken="eyJb", appToken="eyJb""#,
            r#"subjectToken="eyJa" appToken="eyJb""#,
            r#"subjectToken="eyJa"; appToken="eyJb""#,
            r#"subjectToken="eyJa", appToken="eyJb"#,
            r#"subjectToken="eyJa, appToken="eyJb""#,
            r#"subjectToken="eyJa", appToken=eyJb"#,
            r#"subjectToken="eyJa=", appToken="eyJb""#,
            r#"subjectToken="eyJa+b/c", appToken="eyJb""#,
            r#"subjectToken="%65yJa", appToken="eyJb""#,
            "subjectToken=\"eyJa\",\u{a0}appToken=\"eyJb\"",
            r#"subjectToken*=UTF-8''eyJa, appToken="eyJb""#,
        ] {
            assert!(
                parse(SCHEME, text) == Err(AuthError::AuthHeaderMalformed),
                "{text}"
            );
        }
        let pair = r#"subjectToken="eyJa", appToken="eyJb""#;
        for scheme in ["subjectandapptoken1.0", "SUBJECTANDAPPTOKEN1.0"] {
            assert!(parse(scheme, pair) == Err(AuthError::AuthHeaderMalformed));
        }
    }

    #[test]
    fn text_that_almost_matches_is_refused_however_long_it_is() {
        for unit in ["eyJ", r#"subjectToken="eyJa", "#, "\"", "eyJa.", r#"\""#] {
            let text = format!(
                r#"subjectToken="eyJ{}"#,
                unit.repeat(100 * 1024 / unit.len())
            );
            assert!(parse(SCHEME, &text) == Err(AuthError::AuthHeaderMalformed));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_has_one_spelling(text in any::<String>()) {
            prop_assert!(parse(SCHEME, &text).is_err() || is_canonical(&text));
        }

        #[test]
        fn tokens_come_back_as_they_were(
            subject in "(eyJ[A-Za-z0-9._-]{1,40})?",
            app in "eyJ[A-Za-z0-9._-]{1,40}",
        ) {
            prop_assert!(is_canonical(&pair(&subject, &app)));
        }
    }

    fn is_canonical(text: &str) -> bool {
        let Ok(Credentials::SubjectAndApp { subject, app }) = parse(SCHEME, text) else {
            return false;
        };
        text == pair(subject.unwrap_or_default(), app)
    }

    fn pair(subject: &str, app: &str) -> String {
        format!(r#"subjectToken="{subject}", appToken="{app}""#)
    }
}
