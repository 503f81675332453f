//! `[telemetry]`: how users are named, and where the audit trail goes.

use std::path::PathBuf;

use super::ConfigError;
use super::values::Values;
use crate::telemetry::audit::{AuditSettings, OnFailure};
use crate::telemetry::export::ExportSettings;
use crate::telemetry::identity::UserNaming;

/// `export` is where traces go: entries go to the same collector, if they go to one.
pub(super) fn read(
    values: &Values,
    export: Option<&ExportSettings>,
) -> Result<AuditSettings, ConfigError> {
    let file = values
        .optional_text("telemetry.audit_file")?
        .map(PathBuf::from);
    let collector = if values.flag("telemetry.audit_otlp")? {
        let missing = || values.missing("telemetry.otlp_endpoint");
        let collector = export.and_then(|export| export.collector.clone());
        Some(collector.ok_or_else(missing)?)
    } else {
        None
    };
    let on_failure = match values.choice("telemetry.audit_on_failure")? {
        "refuse" => OnFailure::Refuse,
        _ => OnFailure::Count,
    };
    // Whether a collector has kept an entry is known too late for any call.
    if on_failure == OnFailure::Refuse && file.is_none() {
        return Err(values.missing("telemetry.audit_file"));
    }
    Ok(AuditSettings {
        file,
        collector,
        on_failure,
    })
}

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
