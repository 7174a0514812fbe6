//! `dialplan show`

use sidetone_dialplan::show::{Nothing, Selection, show as print};

use super::{Context, text, wrong};
use crate::socket::Answer;

pub(super) async fn show(context: &Context, args: &[&str]) -> Answer {
    let plan = context.exchange.dialplan();
    let argument = args.first().copied().unwrap_or_default();
    match print(&plan, &Selection::new(argument)) {
        Ok(out) => text(out),
        Err(Nothing::Context) => wrong(format!("There is no existence of '{argument}' context\n")),
        Err(Nothing::Extension) => {
            wrong(format!("There is no existence of {argument} extension\n"))
        }
    }
}
