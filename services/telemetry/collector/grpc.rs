//! OTLP over gRPC.

use std::marker::PhantomData;

use bytes::{BufMut as _, Bytes};
use http::uri::PathAndQuery;
use prost::Message;
use tonic::client;
use tonic::codec::{Codec, EncodeBuf, Encoder};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint, Error};
use tonic::{Code, Request, Status};
use tonic_prost::ProstDecoder;
use tonic_types::StatusExt as _;

use super::{ANSWER_TIMEOUT, Answer, Signal, taken};

#[derive(Debug)]
pub(super) struct Grpc(Channel);

impl Grpc {
    pub(super) fn new(endpoint: &str) -> Result<Self, Error> {
        let mut channel = Endpoint::from_shared(endpoint.to_owned())?
            .connect_timeout(ANSWER_TIMEOUT)
            .timeout(ANSWER_TIMEOUT);
        if endpoint.starts_with("https:") {
            channel = channel.tls_config(ClientTlsConfig::new().with_enabled_roots())?;
        }
        Ok(Self(channel.connect_lazy()))
    }

    pub(super) async fn ask<S: Signal>(&self, message: Bytes) -> Answer {
        let mut client = client::Grpc::new(self.0.clone());
        if client.ready().await.is_err() {
            return Answer::NotNow { after: None };
        }
        let method = PathAndQuery::from_static(S::METHOD);
        let request = Request::new(message);
        match client.unary(request, method, Encoded(PhantomData)).await {
            Ok(answer) => taken::<S>(answer.into_inner()),
            Err(status) => refusal(&status),
        }
    }
}

/// The codec of a request that is encoded already: it may be sent several times.
struct Encoded<A>(PhantomData<A>);

impl<A: Message + Default + 'static> Codec for Encoded<A> {
    type Encode = Bytes;
    type Decode = A;
    type Encoder = AsItIs;
    type Decoder = ProstDecoder<A>;

    fn encoder(&mut self) -> AsItIs {
        AsItIs
    }

    fn decoder(&mut self) -> ProstDecoder<A> {
        ProstDecoder::default()
    }
}

struct AsItIs;

impl Encoder for AsItIs {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

/// Which codes may be tried again, as the specification of OTLP has them.
fn refusal(status: &Status) -> Answer {
    let after = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Answer::NotNow { after },
        // Only one that names a time will recover.
        Code::ResourceExhausted if after.is_some() => Answer::NotNow { after },
        _ => Answer::Refused,
    }
}
