//! `[telemetry]`: how users are named, and where the audit trail goes.

use std::path::PathBuf;

use super::ConfigError;
use super::values::Values;
use crate::telemetry::identity::UserNaming;

pub(super) fn read_users(values: &Values) -> Result<UserNaming, ConfigError> {
    let path = "telemetry.user_hash_key_file";
    let key_file = values.optional_text(path)?.map(PathBuf::from);
    match (values.choice("telemetry.user_identity")?, key_file) {
        ("object_id", None) => Ok(UserNaming::ObjectId),
        ("object_id", Some(_)) => {
            Err(values.refused(path, "telemetry.user_identity = \"hash\", or to be unset"))
        }
        (_, key_file) => Ok(UserNaming::Hash { key_file }),
    }
}
