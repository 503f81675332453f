//! GUIDs as the service reads and gives them out: in one form, so that one thing has one name.

use uuid::Uuid;

/// The id that `text` is, hyphenated (8-4-4-4-12); letter case is not told apart.
pub(crate) fn read(text: &str) -> Option<Uuid> {
    // Braces, `urn:uuid:` and the form without hyphens are other lengths.
    (text.len() == 36)
        .then(|| Uuid::try_parse(text).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_hyphenated_form_is_read_in_either_case_and_no_other() {
        let guid = "0f8fad5b-d9cb-469f-a165-70867728950e";
        assert_eq!(read(guid), read(&guid.to_uppercase()));
        assert_eq!(read(guid).unwrap().to_string(), guid);
        for other in [
            "",
            "0f8fad5bd9cb469fa16570867728950e",
            "{0f8fad5b-d9cb-469f-a165-70867728950e}",
            "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e",
            "0f8fad5b-d9cb-469f-a165-70867728950g",
            " 0f8fad5b-d9cb-469f-a165-7086772895 ",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
