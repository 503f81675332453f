//! What `dev` prints: where everything is, whom to sign in as, and calls to paste.

use std::fmt::Write as _;
use std::path::Path;

use emulator::seed;
use uuid::Uuid;

use super::front_end::FrontEndAddress;
use super::{Local, workload_url};

/// What there is to see as each account.
const ACCOUNTS: [(&str, &str); 7] = [
    (
        seed::CONSENTED,
        "has consented to everything: all pages work",
    ),
    (
        seed::NO_CONSENT,
        "has not consented: workspaces, warehouses and files ask for it, then go on",
    ),
    (
        seed::MFA,
        "signed in with one factor: workspaces, warehouses and files ask for a second, then go on",
    ),
    (
        seed::DEVICE,
        "files want a compliant device, which the page asks to prove, then go on",
    ),
    (
        seed::BLOCKED,
        "a policy keeps it from Fabric and OneLake: explained, and not tried again",
    ),
    (
        seed::GUEST,
        "at home in another tenant, and a guest of this one",
    ),
    (
        seed::OTHER_TENANT,
        "of another tenant: rows, tasks and workspaces of its own",
    ),
];

impl Local {
    /// For a program.
    pub(super) fn as_json(&self) -> serde_json::Value {
        serde_json::json!({
            "service": format!("http://{}", self.service),
            "administration": format!("http://{}", self.administration),
            "authority": self.emulator.origin(),
            "ca_file": self.root_certificate,
            "config": self.configuration_file,
            "portal": self.portal(),
            "front_end": self.front_end.map(FrontEndAddress::framed),
            "broker": self.front_end.map(FrontEndAddress::broker_page),
            "workload": workload_url(self.service),
            "call_to_paste": self.call_to_paste(),
            "order_to_paste": self.order_to_paste(),
            "tenant": seed::CONTOSO_TENANT_ID,
            "tenant_domain": seed::CONTOSO_DOMAIN,
            "workload_client_id": seed::WORKLOAD_CLIENT_ID,
            "audience_v1": seed::WORKLOAD_URI,
            "cli_client_id": seed::CLI_CLIENT_ID,
            "daemon_client_id": seed::DAEMON_CLIENT_ID,
            "daemon_secret": seed::DAEMON_SECRET,
            "control_secret": self.emulator.control_secret().expose(),
        })
    }

    /// Signs in and reads rows, with nothing but a shell and curl: five zero bytes are an empty
    /// message in its gRPC frame.
    fn call_to_paste(&self) -> String {
        format!(
            r#"  TOKEN=$(curl -s --cacert {certificate} {authority}/{tenant}/oauth2/v2.0/token \
    -d grant_type=password -d client_id={client} -d scope={resource}/data.read \
    -d username={user} -d password={password} | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  printf '\0\0\0\0\0' | curl -sv --http2-prior-knowledge --data-binary @- -o /dev/null \
    -H "authorization: Bearer $TOKEN" -H 'content-type: application/grpc' -H 'te: trailers' \
    http://{service}/selvedge.data.v1.DataService/ReadData 2>&1 | grep -i '^< grpc-'"#,
            certificate = self.root_certificate.display(),
            authority = self.emulator.origin(),
            tenant = seed::CONTOSO_DOMAIN,
            client = seed::CLI_CLIENT_ID,
            resource = seed::WORKLOAD_URI,
            user = seed::CONSENTED,
            password = seed::PASSWORD,
            service = self.service,
        )
    }

    /// Has the emulated Fabric create an item in the service, and prints what the service said.
    fn order_to_paste(&self) -> String {
        format!(
            r#"  curl -s --cacert {certificate} {authority}/_control/fabric/workload-items/create \
    -H '{control}: {secret}' -H 'content-type: application/json' \
    -d '{{"generation":"first","upn":"{user}","workspace":"{workspace}","item":"{item}","display_name":"report"}}'"#,
            certificate = self.root_certificate.display(),
            authority = self.emulator.origin(),
            control = emulator::CONTROL_HEADER,
            secret = self.emulator.control_secret().expose(),
            user = seed::CONSENTED,
            workspace = seed::WORKSPACE_ID,
            item = Uuid::new_v4(),
        )
    }

    /// For a person: the first thing to open comes first.
    pub(super) fn as_text(&self, state_dir: &Path) -> String {
        let service = self.service;
        let administration = self.administration;
        let authority = self.emulator.origin();
        let certificate = self.root_certificate.display();
        format!(
            r#"
Selvedge is serving. Press Ctrl-C to stop.
{in_a_browser}
Addresses

  service    http://{service}   gRPC, gRPC-web, health, reflection; REST: /workload/openapi.json
  admin      http://{administration}   for applications with the role Selvedge.Admin
  authority  {authority}   an emulator of Entra ID, Fabric and OneLake: trust {certificate}
  control    {control}: {secret}   (scripts faults and key rotation)
  log        {log}

Sign in and read your rows:

{call}

  grpc-status: 0 is OK. Without the token it is 16, and the details say what to do. Over REST:

  curl -si -H "authorization: Bearer $TOKEN" http://{service}/workload/data/v1/rows

  Why was a call refused? Its details name a trace id. Ask, with what was copied of it:

  cargo run --quiet -- trace{state_dir} <trace id>

  Which checks does a token pass? Ask:

  echo "$TOKEN" | cargo run --quiet -- explain --config {configuration} --token - \
    --method selvedge.data.v1.DataService/WriteData

Have Fabric call the workload:

{order}

"#,
            in_a_browser = self.in_a_browser(),
            configuration = self.configuration_file.display(),
            control = emulator::CONTROL_HEADER,
            secret = self.emulator.control_secret().expose(),
            log = state_dir.join("log.jsonl").display(),
            state_dir = elsewhere(state_dir),
            call = self.call_to_paste(),
            order = self.order_to_paste(),
        )
    }

    fn in_a_browser(&self) -> String {
        let Some(front_end) = self.front_end else {
            return String::new();
        };
        let mut text = format!(
            r#"
Open this in a browser: Fabric's portal, emulated, with the front end in it.

  {portal}

  Your browser will warn about one certificate; trust {certificate} or accept it once.
  Sign in as:

"#,
            portal = self.portal(),
            certificate = self.root_certificate.display(),
        );
        let width = ACCOUNTS.iter().map(|(upn, _)| upn.len()).max();
        let width = width.unwrap_or_default();
        for (upn, shows) in ACCOUNTS {
            // A string takes every write.
            let _ = writeln!(text, "  {upn:width$}   {shows}");
        }
        let _ = write!(
            text,
            r#"
  Two components on one page, with one sign-in between them: {broker}
"#,
            broker = front_end.broker_page(),
        );
        text
    }

    fn portal(&self) -> String {
        format!("{}/portal", self.emulator.origin())
    }
}

/// What tells `selvedge trace` where this state is, unless it looks there anyhow.
fn elsewhere(state_dir: &Path) -> String {
    if state_dir == Path::new(super::super::STATE_DIR) {
        String::new()
    } else {
        format!(" --state-dir {}", state_dir.display())
    }
}

#[cfg(test)]
mod tests {
    use emulator::Seed;

    use super::ACCOUNTS;

    #[test]
    fn every_seeded_account_is_introduced() {
        let known = Seed::default().accounts.into_iter();
        let known: Vec<_> = known.map(|one| one.alias.unwrap_or(one.upn)).collect();
        assert_eq!(known, ACCOUNTS.map(|(upn, _)| upn.to_owned()));
    }
}
