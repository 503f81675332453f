//! What an operator would write to `selvedge.toml` for the emulator, and the files beside it.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emulator::{Emulator, seed};

use super::{FrontEndAddress, LocalSettings, SPAN_FILE};

/// Writes the files that the configuration names, and returns its text.
pub(super) fn write(
    emulator: &Emulator,
    root_certificate: &Path,
    settings: &LocalSettings<'_>,
) -> io::Result<String> {
    let folder = settings.state_dir;
    for (name, secret) in [
        ("workload", seed::WORKLOAD_SECRET),
        ("company-picker", seed::COMPANY_PICKER_SECRET),
        ("file-picker", seed::FILE_PICKER_SECRET),
    ] {
        write_private(&folder.join(format!("{name}.secret")), secret.as_bytes())?;
    }
    let sealing_key = folder.join("sealing.key");
    if !sealing_key.exists() {
        let mut key = [0; 32];
        rand::fill(&mut key).map_err(|_| io::Error::other("no random bytes"))?;
        write_private(&sealing_key, STANDARD.encode(key).as_bytes())?;
    }
    Ok(text(emulator, root_certificate, settings))
}

/// Writes a file that only this user reads.
fn write_private(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(content)
}

fn text(emulator: &Emulator, root_certificate: &Path, settings: &LocalSettings<'_>) -> String {
    let tenants = emulator.directory().tenants();
    let tenants: Vec<_> = tenants
        .iter()
        .map(|tenant| format!("{:?}", tenant.id))
        .collect();
    let front_end = settings.front_end.map(FrontEndAddress);
    let origins = front_end.map(FrontEndAddress::origins).unwrap_or_default();
    let web = front_end.map(|front_end| front_end.configuration(settings.service, emulator));
    format!(
        r#"
version = 1
[server]
listen = "{service}"
admin_listen = "{administration}"
cors_origins = {origins:?}
reflection = true
drain_delay = "0s"
drain_timeout = "10s"
{web}
[store]
url = "sqlite://{folder}/selvedge.db"
[authorities.emulator]
kind = "entra"
url = "{origin}"
issuer_v1 = "{origin}/sts/{{tenantid}}/"
tenants = [{tenants}]
ca_file = "{certificate}"
danger_allow_local_authority = true
[registrations.workload]
authority = "emulator"
client_id = "{workload}"
audiences_v1 = ["{workload_uri}"]
publisher_tenant = "{publisher}"
secret_file = "{folder}/workload.secret"
token_clients = ["{broker}"]
token_services = ["{reports}"]
downstream_scopes = [
  "{storage}/user_impersonation",
  "{fabric}/Workspace.Read.All",
]
[registrations.company-picker]
authority = "emulator"
client_id = "{company_picker}"
audiences_v1 = ["{company_picker_uri}"]
publisher_tenant = "{publisher}"
secret_file = "{folder}/company-picker.secret"
token_clients = ["{broker}"]
downstream_scopes = ["https://graph.microsoft.com/User.Read"]
[registrations.file-picker]
authority = "emulator"
client_id = "{file_picker}"
audiences_v1 = ["{file_picker_uri}"]
publisher_tenant = "{publisher}"
secret_file = "{folder}/file-picker.secret"
token_clients = ["{broker}"]
downstream_scopes = ["{storage}/user_impersonation"]
[fabric]
endpoint = "http://{service}/workload"
[downstream]
fabric = "{origin}/fabric/v1"
workload_control = "{origin}/fabric/v1/workload-control"
onelake = "{origin}/onelake"
ca_file = "{certificate}"
[telemetry]
span_file = "{folder}/{spans}"
sample_ratio = 1.0
audit_file = "{folder}/audit.jsonl"
[cache]
key_files = ["{folder}/sealing.key"]
{keys}
"#,
        service = settings.service,
        administration = settings.administration,
        web = web.unwrap_or_default(),
        folder = settings.state_dir.display(),
        origin = emulator.origin(),
        tenants = tenants.join(", "),
        certificate = root_certificate.display(),
        workload = seed::WORKLOAD_CLIENT_ID,
        workload_uri = seed::WORKLOAD_URI,
        publisher = seed::CONTOSO_TENANT_ID,
        broker = seed::BROKER_CLIENT_ID,
        reports = seed::REPORTS_CLIENT_ID,
        spans = SPAN_FILE,
        storage = seed::STORAGE_URI,
        fabric = seed::FABRIC_URI,
        company_picker = seed::COMPANY_PICKER_CLIENT_ID,
        company_picker_uri = seed::COMPANY_PICKER_URI,
        file_picker = seed::FILE_PICKER_CLIENT_ID,
        file_picker_uri = seed::FILE_PICKER_URI,
        keys = settings.keys,
    )
}
