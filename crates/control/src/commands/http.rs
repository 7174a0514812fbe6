//! `http show status`

use super::{Context, text};
use crate::socket::Answer;

pub(super) async fn status(context: &Context, _: &[&str]) -> Answer {
    text(context.surroundings.http_status())
}
