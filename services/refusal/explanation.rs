//! What a reason means and what to do about it, in the words of its comment in the contract.

use prost::Message as _;
use prost_types::FileDescriptorSet;

use super::Reason;
use crate::contracts::DESCRIPTOR_SET;

/// The file that lists the reasons.
const FILE: &str = "selvedge/refusal/v1/reason.proto";
/// Field numbers of `FileDescriptorProto.enum_type` and `EnumDescriptorProto.value`, of which the path
/// to a value's comment is made. The file has one enum.
const ENUM: [i32; 2] = [5, 0];
const VALUE: i32 = 2;

/// The comment of a reason as sentences, without the code that it begins with and the example that
/// it may end with; empty for one that is never sent.
#[must_use]
pub fn explanation(reason: Reason) -> String {
    // The build has made it; one that could not be read would have nothing to say.
    let set = FileDescriptorSet::decode(DESCRIPTOR_SET).unwrap_or_default();
    let Some(file) = set.file.iter().find(|file| file.name() == FILE) else {
        return String::new();
    };
    let listed = file.enum_type.first().and_then(|listed| {
        let mut values = listed.value.iter();
        values.position(|value| value.number() == i32::from(reason))
    });
    let Some(place) = listed.and_then(|place| i32::try_from(place).ok()) else {
        return String::new();
    };
    let [field, index] = ENUM;
    let path = [field, index, VALUE, place];
    let mut locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let comment = locations.find(|location| location.path == path);
    sentences(comment.map_or("", |comment| comment.leading_comments()))
}

fn sentences(comment: &str) -> String {
    let words: Vec<&str> = comment.split_whitespace().collect();
    let text = words.join(" ");
    let (_code, text) = text.split_once(". ").unwrap_or_default();
    let (text, _example) = text.split_once(" Example metadata:").unwrap_or((text, ""));
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::actor;

    #[test]
    fn every_reason_is_explained_and_its_explanation_says_who_acts() {
        let reasons = (1..500).filter_map(|number| Reason::try_from(number).ok());
        let mut explained = 0;
        for reason in reasons {
            let text = explanation(reason);
            assert!(
                text.ends_with('.') && !text.contains('{'),
                "{reason:?}: {text}"
            );
            let actor = actor(reason);
            let acts = text.to_lowercase().contains(&actor.to_lowercase())
                || actor == "whoever the cause names";
            assert!(acts, "{reason:?}: {actor} in {text}");
            explained += 1;
        }
        assert!(explained > 60);
        assert_eq!(explanation(Reason::Unspecified), "");
    }

    #[test]
    fn the_code_and_the_example_are_left_out() {
        assert_eq!(
            explanation(Reason::ScopeMissing),
            "The token holds none of the groups of scopes that the method takes. The client's \
             developer acts, or the user by consent."
        );
    }
}
