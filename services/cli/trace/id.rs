//! Finds the trace id in what a person has copied.

use opentelemetry::trace::TraceId;

/// The digits of a trace id, in hexadecimal.
const DIGITS: usize = 32;

/// A text without one trace id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::cli) enum TraceIdError {
    /// There is none.
    #[error("there is no trace id in that: 32 hexadecimal digits, not all of them 0")]
    None,
    /// There are more.
    #[error("there are several trace ids in that: name one")]
    Several,
}

/// The one trace id in `text`: alone, within a `traceparent`, or within anything else.
pub(super) fn find(text: &str) -> Result<TraceId, TraceIdError> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    let mut ids = words
        .filter(|word| word.len() == DIGITS)
        .filter_map(|word| TraceId::from_hex(&word.to_ascii_lowercase()).ok())
        .filter(|id| *id != TraceId::INVALID);
    let id = ids.next().ok_or(TraceIdError::None)?;
    if ids.any(|other| other != id) {
        return Err(TraceIdError::Several);
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn an_id_is_found_alone_in_a_traceparent_and_in_a_dialog() {
        let shouted = ID.to_uppercase();
        for text in [
            ID.to_owned(),
            format!("  {shouted}\n"),
            format!("00-{ID}-00f067aa0ba902b7-01"),
            format!("Something went wrong (SCOPE_MISSING). Trace ID: {ID}. Copied {ID}"),
            format!(
                "{{\"requestId\":\"{ID}\",\"tenant\":\"0f8fad5b-d9cb-469f-a165-70867728950e\"}}"
            ),
        ] {
            assert_eq!(find(&text).unwrap().to_string(), ID, "{text}");
        }
    }

    #[test]
    fn what_holds_none_or_several_is_refused() {
        let longer = format!("{ID}0");
        let zeros = "0".repeat(DIGITS);
        let letters = "g".repeat(DIGITS);
        let guid = "0f8fad5b-d9cb-469f-a165-70867728950e";
        for text in [
            "",
            "4bf92f35",
            guid,
            &longer,
            &zeros,
            &letters,
            "é\u{1b}[31m",
        ] {
            assert_eq!(find(text), Err(TraceIdError::None), "{text}");
        }
        let other = ID.replace('4', "5");
        assert_eq!(find(&format!("{ID} {other}")), Err(TraceIdError::Several));
    }
}
