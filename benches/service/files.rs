//! What the service holds while a file of 1 GiB passes through it, into OneLake and out of it.

use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use emulator::{Emulator, TokenRequest, seed};
use futures_util::stream;
use selvedge::contracts::data::v1::lakehouse_service_client::LakehouseServiceClient;
use selvedge::contracts::data::v1::write_file_request::Part;
use selvedge::contracts::data::v1::{FileLocation, ReadFileRequest, WriteFileRequest};
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

use crate::Goal;
use crate::server::{Variant, authority, folder};
use crate::service::{Configuration, Service, Threads};

const SIZE: usize = 1 << 30;
const PART: usize = 1 << 20;
/// How soon the content repeats: a prime, so that no part is like another.
const PERIOD: usize = 1_048_573;
/// How much more than when idle the service may hold, in MiB.
const GROWTH: f64 = 64.0;

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let folder = folder()?;
    let (emulator, variant) = authority(&folder).await?;
    let Variant::Guarded {
        authority,
        root_certificate,
        ..
    } = &variant
    else {
        bail!("the authority is not one to trust");
    };
    let secret = folder.join("workload.secret");
    std::fs::write(&secret, seed::WORKLOAD_SECRET)?;
    let configuration = Configuration {
        authority,
        root_certificate,
        issuer: authority,
        registration: format!(r#"secret_file = "{}""#, secret.display()),
        tables: format!(
            r#"
[downstream]
fabric = "{authority}/fabric/v1"
workload_control = "{authority}/fabric/v1/workload-control"
onelake = "{authority}/onelake"
ca_file = "{root}"
"#,
            root = root_certificate.display(),
        ),
    };
    let service = Service::start(&configuration, &Threads::Default, &folder)?;
    service.serving().await?;
    let client = Client::connect(&service, &emulator).await?;
    let content = Content::new();

    let idle = service.process.peak_mib()?;
    let begun = Instant::now();
    client.write(&content).await?;
    let writing = begun.elapsed().as_secs_f64();
    let written = service.process.peak_mib()?;
    let begun = Instant::now();
    client.read(&content).await?;
    let reading = begun.elapsed().as_secs_f64();
    let read = service.process.peak_mib()?;

    println!("1 GiB: written in {writing:.1} s, read in {reading:.1} s");
    println!("1 GiB: at most {idle:.1} MiB idle, {written:.1} after writing, {read:.1} after both");
    emulator.stop().await;
    Ok(vec![
        Goal {
            name: "1 GiB written to OneLake, growth of memory in MiB",
            ratio: written - idle,
            at_least: None,
            at_most: Some(GROWTH),
        },
        Goal {
            name: "1 GiB read from OneLake, growth of memory in MiB",
            ratio: read - idle,
            at_least: None,
            at_most: Some(GROWTH),
        },
    ])
}

/// A user's connection.
struct Client {
    client: LakehouseServiceClient<Channel>,
    authorization: String,
}

impl Client {
    async fn connect(service: &Service, emulator: &Emulator) -> Result<Self> {
        let token = TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
            .scopes(["lakehouse.read", "lakehouse.write"]);
        let endpoint = Endpoint::from_shared(format!("http://{}", service.address))?;
        Ok(Self {
            client: LakehouseServiceClient::new(endpoint.connect().await?),
            authorization: format!("Bearer {}", emulator.issue(&token)),
        })
    }

    async fn write(&self, content: &Content) -> Result<()> {
        let place = Part::Location(location());
        let parts: Vec<_> = (0..SIZE)
            .step_by(PART)
            .map(|at| content.at(at, PART))
            .collect();
        let parts = std::iter::once(place).chain(parts.into_iter().map(Part::Content));
        let parts = parts.map(|part| WriteFileRequest { part: Some(part) });
        let request = self.request(stream::iter(parts))?;
        let written = self.client.clone().write_file(request).await?;
        let size = usize::try_from(written.into_inner().size_bytes)?;
        ensure!(size == SIZE, "{size} bytes were written");
        Ok(())
    }

    async fn read(&self, content: &Content) -> Result<()> {
        let request = self.request(ReadFileRequest {
            location: Some(location()),
            ..ReadFileRequest::default()
        })?;
        let mut parts = self.client.clone().read_file(request).await?.into_inner();
        let mut size = 0;
        while let Some(part) = parts.message().await? {
            let part = part.content;
            ensure!(
                part == content.at(size, part.len()),
                "other bytes at {size}"
            );
            size += part.len();
        }
        ensure!(size == SIZE, "{size} bytes were read");
        Ok(())
    }

    fn request<T>(&self, message: T) -> Result<Request<T>> {
        let mut request = Request::new(message);
        let authorization = self.authorization.parse().ok().context("not a token")?;
        request
            .metadata_mut()
            .insert("authorization", authorization);
        Ok(request)
    }
}

fn location() -> FileLocation {
    FileLocation {
        workspace_id: seed::WORKSPACE_ID.to_owned(),
        lakehouse_id: seed::LAKEHOUSE_ID.to_owned(),
        path: "bench/1-gib.bin".to_owned(),
    }
}

/// What the file says, without being there as a whole.
struct Content(Bytes);

impl Content {
    /// Several periods of it, so that the longest message is a slice.
    fn new() -> Self {
        let mut state = 1_u32;
        let period: Vec<u8> = (0..PERIOD)
            .map(|_| {
                // A linear congruential generator, by the constants of Numerical Recipes.
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            })
            .collect();
        Self(period.repeat(6).into())
    }

    /// The bytes from `at` on. A message has 4 MiB at most.
    fn at(&self, at: usize, length: usize) -> Bytes {
        let start = at % PERIOD;
        self.0.slice(start..start + length)
    }
}
