//! A message finds its shard, and a full one loses what can be lost.

use super::*;
use crate::shard::{SHARD_INBOX, inbox};
use sidetone_base::FlowId;
use sidetone_net::Turn;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_datagram_for_a_full_shard_is_counted_and_a_connection_waits() {
    let (shard, mut inputs) = inbox();
    let counters = Counters::default();
    let flow = |transport| Flow {
        id: FlowId(1),
        transport,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "192.0.2.2:5060".parse().unwrap(),
    };
    let (udp, tcp) = (flow(Transport::Udp), flow(Transport::Tcp));
    let text = "SIP/2.0 200 OK\r\nCall-ID: a\r\nContent-Length: 0\r\n\r\n";
    let answer = Message::parse(&text.into(), Carrier::Datagram, &Limits::default());
    // What it is does not matter; a response may lack what only requests need.
    let answer = Box::new(answer.unwrap());
    let input = |flow| {
        let (message, turn) = (answer.clone(), Turn::default());
        ShardInput::Message { flow, message, is_admitted: true, turn }
    };
    for _ in 0..SHARD_INBOX {
        hand_in(&shard, udp, input(udp), &counters).await;
    }
    assert_eq!(counters.of(Refusal::ShardBehind), 0);
    hand_in(&shard, udp, input(udp), &counters).await;
    assert_eq!(counters.of(Refusal::ShardBehind), 1);
    let waiting = hand_in(&shard, tcp, input(tcp), &counters);
    let waited = tokio::time::timeout(Duration::from_secs(1), waiting).await;
    assert!(waited.is_err(), "it waits for room");
    assert_eq!(counters.of(Refusal::ShardBehind), 1, "and is not lost");
    assert!(inputs.recv().await.is_some());
    assert!(shard.offer(ShardInput::FlowClosed(FlowId(1))), "there is room again");
}
