//! The comments of the contracts, as the descriptor set keeps them.

use std::collections::HashMap;

use prost_reflect::{
    DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor,
    MethodDescriptor, ServiceDescriptor,
};

/// The words that a field's comment begins with, before what it says of the field: a schema has
/// keywords for them.
const MARKS: [&str; 3] = ["Required. ", "Optional. ", "Output only. "];

/// Comments by file, and by the place in it.
pub(super) struct Comments(HashMap<String, HashMap<Vec<i32>, String>>);

impl Comments {
    pub(super) fn of(pool: &DescriptorPool) -> Self {
        let files = pool.files();
        Self(
            files
                .map(|file| (file.name().to_owned(), of_file(&file)))
                .collect(),
        )
    }

    pub(super) fn of_service(&self, service: &ServiceDescriptor) -> &str {
        self.at(&service.parent_file(), service.path())
    }

    pub(super) fn of_method(&self, method: &MethodDescriptor) -> &str {
        self.at(&method.parent_service().parent_file(), method.path())
    }

    pub(super) fn of_message(&self, message: &MessageDescriptor) -> &str {
        self.at(&message.parent_file(), message.path())
    }

    /// What the field's comment says, without the mark that it begins with.
    pub(super) fn of_field(&self, field: &FieldDescriptor) -> &str {
        let comment = self.whole(field);
        let marks = MARKS.iter();
        marks
            .filter_map(|mark| comment.strip_prefix(mark))
            .next()
            .unwrap_or(comment)
    }

    pub(super) fn of_enum(&self, descriptor: &EnumDescriptor) -> &str {
        self.at(&descriptor.parent_file(), descriptor.path())
    }

    /// Whether a message must have the field.
    pub(super) fn is_required(&self, field: &FieldDescriptor) -> bool {
        self.whole(field).starts_with("Required")
    }

    /// Whether only answers have the field.
    pub(super) fn is_output_only(&self, field: &FieldDescriptor) -> bool {
        self.whole(field).starts_with("Output only")
    }

    fn whole(&self, field: &FieldDescriptor) -> &str {
        self.at(&field.parent_file(), field.path())
    }

    fn at(&self, file: &FileDescriptor, path: &[i32]) -> &str {
        let of_file = self.0.get(file.name());
        of_file
            .and_then(|comments| comments.get(path))
            .map_or("", String::as_str)
    }
}

fn of_file(file: &FileDescriptor) -> HashMap<Vec<i32>, String> {
    let proto = file.file_descriptor_proto();
    let locations = proto.source_code_info.iter().flat_map(|it| &it.location);
    locations
        .filter_map(|location| {
            let comment = flowing(location.leading_comments.as_deref()?);
            Some((location.path.clone(), comment))
        })
        .collect()
}

/// The text without its line breaks, but for those between paragraphs.
fn flowing(comment: &str) -> String {
    let paragraphs = comment.trim().split("\n\n").map(|paragraph| {
        let lines: Vec<&str> = paragraph.lines().map(str::trim).collect();
        lines.join(" ")
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}
