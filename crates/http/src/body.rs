//! Request bodies as mounted routes get them: bounded in size and in the time between pieces.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

/// No request to the exchange carries more: the largest are ARI and AMI forms.
const MAX_BODY_BYTES: usize = 1 << 20;

/// A request body with limits.
#[derive(Debug)]
pub(crate) struct RequestBody {
    inner: Limited<Incoming>,
    patience: Duration,
    alarm: Pin<Box<Sleep>>,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, patience: Duration) -> Self {
        let alarm = Box::pin(tokio::time::sleep(patience));
        Self { inner: Limited::new(incoming, MAX_BODY_BYTES), patience, alarm }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            let deadline = Instant::now() + self.patience;
            self.alarm.as_mut().reset(deadline);
            return Poll::Ready(frame.map(|frame| frame.map_err(explained)));
        }
        match self.alarm.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err("the client stopped sending".into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn explained(
    error: Box<dyn std::error::Error + Send + Sync>,
) -> Box<dyn std::error::Error + Send + Sync> {
    if error.is::<LengthLimitError>() {
        return format!("the body is larger than {MAX_BODY_BYTES} bytes").into();
    }
    error
}
