//! What people read where they consent, taken from the contracts' own comments.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result};
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// Field numbers of `FileDescriptorProto.service` and `ServiceDescriptorProto.method`, of which the
/// path to a method's comment is made.
const SERVICE: i32 = 6;
const METHOD: i32 = 2;

/// The texts of one permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) name: String,
    pub(super) for_administrators: String,
    pub(super) for_users: String,
    pub(super) for_applications: String,
}

/// The first sentence of every method's comment, by the method's full name.
///
/// # Errors
///
/// The bytes are no descriptor set.
pub(super) fn sentences(descriptor_set: &[u8]) -> Result<HashMap<String, String>> {
    let set = FileDescriptorSet::decode(descriptor_set).context("the contracts cannot be read")?;
    let mut sentences = HashMap::new();
    for file in &set.file {
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        for location in locations {
            let &[SERVICE, service, METHOD, method] = location.path.as_slice() else {
                continue;
            };
            let service = usize::try_from(service)
                .ok()
                .and_then(|at| file.service.get(at));
            let method = usize::try_from(method)
                .ok()
                .and_then(|at| service?.method.get(at));
            if let (Some(service), Some(method)) = (service, method) {
                let name = format!("{}.{}/{}", file.package(), service.name(), method.name());
                sentences.insert(name, first_sentence(location.leading_comments()));
            }
        }
    }
    Ok(sentences)
}

fn first_sentence(comment: &str) -> String {
    let words: Vec<&str> = comment.split_whitespace().collect();
    let text = words.join(" ");
    match text.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => text,
    }
}

/// The texts of a permission to call these methods.
pub(super) fn of_methods<'m>(methods: impl Iterator<Item = (&'m str, Option<&'m str>)>) -> Text {
    // Two services may have a method of one name, as both versions of reflection do.
    let described: BTreeMap<&str, Option<&str>> = methods
        .map(|(name, sentence)| (name.rsplit('/').next().unwrap_or(name), sentence))
        .collect();
    let names: Vec<&str> = described.keys().copied().collect();
    let details: Vec<String> = described
        .iter()
        .filter_map(|(name, sentence)| Some(format!("{name}: {}", (*sentence)?)))
        .collect();
    let details = details.join(" ");
    let written = |lead: &str| format!("{lead} {details}").trim_end().to_owned();
    Text {
        name: format!("Call {}", names.join(", ")),
        for_administrators: written(
            "Allows the app to call these methods on behalf of the signed-in user.",
        ),
        for_users: written("Allows the app to call these methods on your behalf."),
        for_applications: written("Allows the application to call these methods as itself."),
    }
}

/// The texts of the permission that Fabric holds.
pub(super) fn of_control_plane() -> Text {
    let written =
        |whose: &str| format!("Allows Fabric to manage and run this workload's items {whose}.");
    Text {
        name: "Manage and run this workload's items".to_owned(),
        for_administrators: written("on behalf of the signed-in user"),
        for_users: written("on your behalf"),
        for_applications: written("as itself"),
    }
}
