//! Hand-written HTTP/2 frames, for what no HTTP library agrees to send.
//!
//! Header fields go out as HPACK literals (RFC 7541 section 6.2.2), so that any bytes can be in
//! them. Of the answer only the frame types matter: whether the server answered or refused.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use super::wait::in_time;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const GOAWAY: u8 = 0x7;
const CONTINUATION: u8 = 0x9;

const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const ACK: u8 = 0x1;

/// How the server met a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Met {
    /// With response headers.
    Answered,
    /// With RST_STREAM and this error code.
    Reset(u32),
    /// With GOAWAY and this error code.
    GoAway(u32),
    /// By closing the connection.
    Closed,
}

impl Met {
    /// Whether the call was refused as a violation of the protocol.
    pub(crate) fn is_refused(self) -> bool {
        !matches!(self, Self::Answered)
    }
}

/// One connection, frame by frame. What the server sends is read all along, so that it is never
/// stuck with a peer that only writes.
pub(crate) struct FrameClient {
    stream: OwnedWriteHalf,
    frames: mpsc::UnboundedReceiver<Frame>,
    next_stream: u32,
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl FrameClient {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (reading, mut stream) = stream.into_split();
        stream.write_all(PREFACE).await.unwrap();
        let (sender, frames) = mpsc::unbounded_channel();
        tokio::spawn(read_all(reading, sender));
        let mut client = Self {
            stream,
            frames,
            next_stream: 1,
        };
        client.write(SETTINGS, 0, 0, &[]).await.unwrap();
        client
    }

    /// Sends an empty gRPC message with these header fields, pseudo-headers included, and says how
    /// it was met.
    pub(crate) async fn call(&mut self, fields: &[(&[u8], &[u8])]) -> Met {
        let id = self.open(fields).await;
        // A server that has hung up already says so when it is read from.
        let _ = self.write(DATA, END_STREAM, id, &[0, 0, 0, 0, 0]).await;
        in_time("an answer to raw frames", self.met(id)).await
    }

    /// Begins a stream and leaves it open.
    pub(crate) async fn open(&mut self, fields: &[(&[u8], &[u8])]) -> u32 {
        let id = self.next_stream;
        self.next_stream += 2;
        let _ = self.write(HEADERS, END_HEADERS, id, &block(fields)).await;
        id
    }

    /// Begins a stream whose header block never ends: CONTINUATION frames without END_HEADERS.
    /// Says how many went out before the server put an end to it.
    pub(crate) async fn flood_with_continuations(&mut self, at_most: usize) -> (usize, Met) {
        let id = self.next_stream;
        let _ = self.write(HEADERS, 0, id, &block(&fields("/", &[]))).await;
        let filler = block(&[(b"x-filler", &[b'a'; 1_000])]);
        for sent in 0..at_most {
            if self.write(CONTINUATION, 0, id, &filler).await.is_err() {
                return (sent, Met::Closed);
            }
        }
        let met = in_time("an end to the flood", self.met(id)).await;
        (at_most, met)
    }

    /// Begins a stream and resets it at once.
    pub(crate) async fn open_and_reset(
        &mut self,
        fields: &[(&[u8], &[u8])],
    ) -> std::io::Result<()> {
        let id = self.next_stream;
        self.next_stream += 2;
        self.write(HEADERS, END_HEADERS, id, &block(fields)).await?;
        self.write(RST_STREAM, 0, id, &8_u32.to_be_bytes()).await
    }

    /// Reads until the server has met this stream, or the whole connection.
    pub(crate) async fn met(&mut self, id: u32) -> Met {
        loop {
            let Some(frame) = self.frames.recv().await else {
                return Met::Closed;
            };
            match frame.kind {
                HEADERS if frame.stream == id => return Met::Answered,
                RST_STREAM if frame.stream == id => {
                    return Met::Reset(error_code(&frame.payload, 0));
                }
                GOAWAY if error_code(&frame.payload, 4) != 0 => {
                    return Met::GoAway(error_code(&frame.payload, 4));
                }
                SETTINGS if frame.flags & ACK == 0 => {
                    let _ = self.write(SETTINGS, ACK, 0, &[]).await;
                }
                _ => {}
            }
        }
    }

    async fn write(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> std::io::Result<()> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.stream.write_all(&frame).await
    }
}

async fn read_all(mut stream: OwnedReadHalf, frames: mpsc::UnboundedSender<Frame>) {
    while let Ok(frame) = read(&mut stream).await {
        if frames.send(frame).is_err() {
            return;
        }
    }
}

async fn read(stream: &mut OwnedReadHalf) -> std::io::Result<Frame> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await?;
    Ok(Frame {
        kind: head[3],
        flags: head[4],
        stream: id,
        payload,
    })
}

/// The fields of a well-formed gRPC call to `path`, and more.
pub(crate) fn fields<'a>(
    path: &'a str,
    more: &[(&'a [u8], &'a [u8])],
) -> Vec<(&'a [u8], &'a [u8])> {
    let mut fields: Vec<(&[u8], &[u8])> = vec![
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path.as_bytes()),
        (b":authority", b"localhost"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
    ];
    fields.extend(more);
    fields
}

fn error_code(payload: &[u8], at: usize) -> u32 {
    payload
        .get(at..at + 4)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u32::from_be_bytes)
}

/// Literals without indexing and without Huffman coding.
fn block(fields: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            length(&mut block, text.len());
            block.extend(*text);
        }
    }
    block
}

/// An integer with a prefix of seven bits (RFC 7541 section 5.1).
fn length(block: &mut Vec<u8>, length: usize) {
    if length < 127 {
        block.push(u8::try_from(length).unwrap());
        return;
    }
    block.push(127);
    let mut rest = length - 127;
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).unwrap() | 0x80);
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
}
