//! How a transfer goes, told to the phone that asked for it: NOTIFY with a status line
//! (RFC 3515 §2.4.5). A task of its own, because the phone's channel is mostly over by then.

use std::time::Duration;

use sidetone_sip::{Method, Status, sipfrag};
use sidetone_ua::api::{Body, Command, DialogId, DialogRequest, Event};
use tokio::sync::{mpsc, oneshot};

use crate::channel::ChannelEvent;
use crate::shard::ShardHandle;

/// News of one transfer that may wait: it makes four at most.
const NEWS: usize = 8;

/// How long progress is told: less than the stack keeps the subscription after the call.
const LONGEST: Duration = Duration::from_secs(170);

/// How long the answers to the NOTIFYs are waited for before BYE: as long as a request that was
/// lost a few times takes.
const PATIENCE: Duration = Duration::from_secs(8);

/// Answers to NOTIFYs that may wait: they are read when all is told.
const ANSWERS: usize = 16;

/// Where the progress of a transfer is told. Dropped without a final status, the transferred
/// party was gone before anybody answered.
#[derive(Clone, Debug)]
pub struct Watch {
    news: mpsc::Sender<u16>,
}

impl Watch {
    /// Tells a status. One that comes after a final one is for nobody.
    pub(crate) fn tell(&self, status: u16) {
        let _ = self.news.try_send(status);
    }
}

/// What the BYE says that follows the last news.
pub(crate) type Farewell = oneshot::Sender<Vec<(String, String)>>;

/// Begins to tell the peer of a dialog about its transfer; `refer` is the CSeq number of its
/// REFER. 100 is told at once. Whoever leaves the call to this hands in its farewell: browsers
/// forget the subscription with the call, so the call ends last (RFC 5589 §6.1).
pub(crate) async fn watch(shard: ShardHandle, dialog: DialogId, refer: u32) -> (Watch, Farewell) {
    let (news, statuses) = mpsc::channel(NEWS);
    let (answers, unread) = mpsc::channel(ANSWERS);
    let (farewell, bye) = oneshot::channel();
    // Before the BYE that follows, so that they are in order.
    shard.in_dialog(dialog, notify(100, refer), answers.clone()).await;
    let subscription = Subscription { shard, dialog, refer, answers, unread, bye };
    tokio::spawn(subscription.tell(statuses));
    (Watch { news }, farewell)
}

/// The phone's subscription to its transfer.
struct Subscription {
    shard: ShardHandle,
    dialog: DialogId,
    refer: u32,
    answers: mpsc::Sender<ChannelEvent>,
    unread: mpsc::Receiver<ChannelEvent>,
    bye: oneshot::Receiver<Vec<(String, String)>>,
}

impl Subscription {
    async fn tell(mut self, mut news: mpsc::Receiver<u16>) {
        let (mut said, mut open) = (100, 1);
        while said < 200 {
            let status = next(&mut news).await;
            if status > said {
                said = status;
                let request = notify(status, self.refer);
                self.shard.in_dialog(self.dialog, request, self.answers.clone()).await;
                open += 1;
            }
        }
        let until = tokio::time::Instant::now() + PATIENCE;
        while open > 0
            && let Ok(Some(answer)) = tokio::time::timeout_at(until, self.unread.recv()).await
        {
            open -= usize::from(is_final(&answer));
        }
        // A channel that still has its call says goodbye itself.
        if let Ok(headers) = self.bye.try_recv() {
            self.shard.send(Command::Bye { dialog: self.dialog, headers }).await;
        }
    }
}

fn is_final(answer: &ChannelEvent) -> bool {
    let ChannelEvent::Sip(event) = answer else { return false };
    match &**event {
        Event::Response { response, .. } => response.status.is_final(),
        _ => true,
    }
}

async fn next(news: &mut mpsc::Receiver<u16>) -> u16 {
    match tokio::time::timeout(LONGEST, news.recv()).await {
        Ok(Some(status)) => status,
        // The transferred party left before anybody answered.
        Ok(None) => 487,
        // Still nobody: the phone has long stopped caring.
        Err(_) => 408,
    }
}

fn notify(status: u16, refer: u32) -> DialogRequest {
    let state = if status < 200 { "active;expires=180" } else { "terminated;reason=noresource" };
    let status = Status::new(status).unwrap_or(Status::SERVER_ERROR);
    DialogRequest {
        method: Method::Notify,
        headers: vec![
            ("Event".to_owned(), format!("refer;id={refer}")),
            ("Subscription-State".to_owned(), state.to_owned()),
        ],
        body: Some(Body {
            content_type: sipfrag::CONTENT_TYPE.to_owned(),
            bytes: sipfrag::write(status).into_bytes().into(),
        }),
    }
}
