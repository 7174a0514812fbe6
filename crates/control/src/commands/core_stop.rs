//! `core stop …`

use super::{Context, Stop, text};
use crate::socket::Answer;

pub(super) async fn gracefully(context: &Context, _: &[&str]) -> Answer {
    context.surroundings.stop(Stop::Gracefully);
    text("")
}

pub(super) async fn now(context: &Context, _: &[&str]) -> Answer {
    context.surroundings.stop(Stop::Now);
    text("")
}

pub(super) async fn when_convenient(context: &Context, _: &[&str]) -> Answer {
    context.surroundings.stop(Stop::WhenConvenient);
    text("Waiting for inactivity to perform halt\n")
}
