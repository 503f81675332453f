//! The protobuf codec of the generated services: a message that cannot be decoded is the caller's
//! error and says so, where the stock codec calls it the server's.

use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

use crate::refusal::Refusal;

/// A [`Codec`] of prost messages that refuses bytes it cannot decode as PAYLOAD_MALFORMED.
#[derive(Debug, Clone)]
pub struct StrictProstCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for StrictProstCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for StrictProstCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = StrictProstDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        StrictProstDecoder(PhantomData)
    }
}

/// Decodes one message, or refuses it.
#[derive(Debug, Clone)]
pub struct StrictProstDecoder<U>(PhantomData<U>);

impl<U: Message + Default> Decoder for StrictProstDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // The decoder's own words quote field names of a message that nobody vouches for.
        U::decode(buffer)
            .map(Some)
            .map_err(|_| Refusal::payload_malformed().into())
    }
}
