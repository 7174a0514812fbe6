//! Reading the configuration again.

use super::Context;
use crate::socket::Answer;

/// `core reload`
pub(super) async fn all(context: &Context, _: &[&str]) -> Answer {
    context.surroundings.reload(None).await
}

/// `dialplan reload`
pub(super) async fn dialplan(context: &Context, _: &[&str]) -> Answer {
    context.surroundings.reload(Some("pbx_config".to_owned())).await
}

/// `module reload`
pub(super) async fn module(context: &Context, args: &[&str]) -> Answer {
    let module = args.first().map(|module| module.trim_end_matches(".so").to_owned());
    context.surroundings.reload(module).await
}
