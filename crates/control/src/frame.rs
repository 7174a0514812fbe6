//! What travels over the control socket: a command line towards the exchange, frames back.
//!
//! A frame is one kind byte, a length of four bytes (big endian), and that many bytes of UTF-8.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest command line in bytes; the longest sensible one is a SIP URI with headers.
pub const MAX_COMMAND: usize = 16 * 1_024;

/// The largest frame in bytes. `core show channels` with 10,000 calls is 2 MiB.
pub const MAX_FRAME: u32 = 64 * 1_024 * 1_024;

/// One frame towards the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Output of a command.
    Output(String),
    /// The command is done, with this exit status.
    Done(u8),
    /// A log line, while no command runs.
    Log(String),
}

/// Writes a frame.
///
/// # Errors
/// What the socket says.
pub async fn write(socket: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> io::Result<()> {
    let status;
    let (kind, bytes) = match frame {
        Frame::Output(text) => (b'O', text.as_bytes()),
        Frame::Log(text) => (b'L', text.as_bytes()),
        Frame::Done(code) => {
            status = [*code];
            (b'D', &status[..])
        }
    };
    let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    socket.write_u8(kind).await?;
    socket.write_u32(length).await?;
    socket.write_all(bytes).await?;
    socket.flush().await
}

/// Reads a frame.
///
/// # Errors
/// What the socket says; `InvalidData` for what is no frame.
pub async fn read(socket: &mut (impl AsyncRead + Unpin)) -> io::Result<Frame> {
    let kind = socket.read_u8().await?;
    let length = socket.read_u32().await?;
    if length > MAX_FRAME {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // Memory is taken as the bytes come, not as they are promised.
    let mut bytes = Vec::new();
    let came = (&mut *socket).take(length.into()).read_to_end(&mut bytes).await?;
    if u64::try_from(came) != Ok(length.into()) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    match kind {
        b'D' => Ok(Frame::Done(bytes.first().copied().unwrap_or(1))),
        b'O' => Ok(Frame::Output(String::from_utf8_lossy(&bytes).into_owned())),
        b'L' => Ok(Frame::Log(String::from_utf8_lossy(&bytes).into_owned())),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_come_out_as_they_went_in() {
        let frames = [Frame::Output("Grüße\n".into()), Frame::Log(String::new()), Frame::Done(3)];
        let mut wire = Vec::new();
        for frame in &frames {
            write(&mut wire, frame).await.expect("a vector takes everything");
        }
        let mut wire = &wire[..];
        for frame in frames {
            assert_eq!(read(&mut wire).await.expect("a frame"), frame);
        }
    }

    #[tokio::test]
    async fn nonsense_is_refused_before_memory_is_taken() {
        let mut wire = &[b'O', 0xff, 0xff, 0xff, 0xff, 0][..];
        assert!(read(&mut wire).await.is_err());
        let mut cut = &[b'O', 0, 0, 0, 9, b'a'][..];
        let error = read(&mut cut).await.expect_err("eight bytes are missing");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
