//! An item's definition, as Fabric sends it.

use std::collections::HashSet;

use crate::call::CallError;
use crate::contracts::control::v2::ItemDefinition;
use crate::store::DefinitionPart;

const MAX_PARTS: usize = 100;
const MAX_PATH_CHARACTERS: usize = 256;
const MAX_BYTES: usize = 1024 * 1024;
/// The one way in which Fabric encodes parts.
const INLINE: &str = "InlineBase64";

/// The parts of a definition; none if the request holds none.
pub(super) fn parts(
    definition: Option<ItemDefinition>,
) -> Result<Option<Vec<DefinitionPart>>, CallError> {
    let Some(ItemDefinition { parts }) = definition else {
        return Ok(None);
    };
    if parts.len() > MAX_PARTS {
        return Err(CallError::field(
            "definition.parts",
            "must be at most 100 parts",
        ));
    }
    let mut paths = HashSet::new();
    let mut bytes = 0;
    for (position, part) in parts.iter().enumerate() {
        let refuse = |leaf: &str, expected| {
            Err(CallError::field(
                format!("definition.parts[{position}].{leaf}"),
                expected,
            ))
        };
        if !(1..=MAX_PATH_CHARACTERS).contains(&part.path.chars().count()) {
            return refuse("path", "must be 1 to 256 characters");
        }
        if !paths.insert(&part.path) {
            return refuse("path", "must not repeat another part's");
        }
        if part.payload_type != INLINE {
            return refuse("payload_type", "must be InlineBase64");
        }
        bytes += part.payload.len();
        if bytes > MAX_BYTES {
            return refuse("payload", "must be at most 1 MiB with those before it");
        }
    }
    let kept = parts.into_iter().map(|part| DefinitionPart {
        path: part.path,
        payload_type: part.payload_type,
        payload: part.payload,
    });
    Ok(Some(kept.collect()))
}

#[cfg(test)]
mod tests {
    use super::parts;
    use crate::call::CallError;
    use crate::contracts::control::v2::{DefinitionPart, ItemDefinition};

    fn part(path: &str, bytes: usize) -> DefinitionPart {
        DefinitionPart {
            path: path.to_owned(),
            payload: vec![0; bytes].into(),
            payload_type: "InlineBase64".to_owned(),
        }
    }

    fn refused(parts: Vec<DefinitionPart>) -> String {
        match super::parts(Some(ItemDefinition { parts })) {
            Err(CallError::Field { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_definition_is_bounded_and_names_each_part_once() {
        assert_eq!(parts(None), Ok(None));
        let none = ItemDefinition::default();
        assert_eq!(parts(Some(none)), Ok(Some(Vec::new())));
        let full = vec![part("a", 1024 * 1024), part("b", 0)];
        assert!(parts(Some(ItemDefinition { parts: full })).is_ok());

        let many = (0..101).map(|number| part(&number.to_string(), 0));
        assert_eq!(refused(many.collect()), "definition.parts");
        assert_eq!(
            refused(vec![part("a", 0), part("a", 0)]),
            "definition.parts[1].path"
        );
        assert_eq!(refused(vec![part("", 0)]), "definition.parts[0].path");
        let long = "x".repeat(257);
        assert_eq!(refused(vec![part(&long, 0)]), "definition.parts[0].path");
        assert_eq!(
            refused(vec![part("a", 1024 * 1024), part("b", 1)]),
            "definition.parts[1].payload"
        );
        let strange = DefinitionPart {
            payload_type: "Link".to_owned(),
            ..part("a", 0)
        };
        assert_eq!(refused(vec![strange]), "definition.parts[0].payload_type");
    }
}
