//! Packets leave a jitter buffer in order, once, and at the sender's pace.

use super::*;
use proptest::prelude::*;

const MS: Duration = Duration::from_millis(1);

/// Sends packets 20 ms apart, each with its way in milliseconds (`None` is lost), and returns
/// what left: sequence and moment.
fn run(settings: JitterSettings, ways: &[Option<u64>]) -> Vec<(u16, Duration)> {
    let start = Instant::now();
    let mut arrivals: Vec<(Duration, u16)> = (0_u16..)
        .zip(ways)
        .filter_map(|(n, way)| Some((u32::from(n) * 20 * MS + (*way)? as u32 * MS, n)))
        .collect();
    arrivals.sort();
    let mut buffer = JitterBuffer::new(settings, 8000);
    let (mut left, mut arrivals) = (Vec::new(), arrivals.into_iter().peekable());
    for tick in 0..(ways.len() as u32 * 20 + 2000) {
        let now = start + tick * MS;
        while let Some((_, n)) = arrivals.next_if(|(at, _)| start + *at <= now) {
            let numbers = (n.wrapping_add(65_500), u32::from(n) * 160, 7);
            buffer.handle_input(now, numbers, Payload::Codec(0), &n.to_be_bytes());
        }
        while let Some((_, bytes)) = buffer.poll_output(now) {
            left.push((u16::from_be_bytes([bytes[0], bytes[1]]), tick * MS));
            buffer.give_back(bytes);
        }
    }
    assert_eq!(buffer.deadline(), None);
    left
}

#[test]
fn a_fixed_buffer_makes_a_bad_link_even() {
    let ways: Vec<_> = (0..100).map(|n| Some(10 + (n * 37) % 90)).collect();
    let left = run(JitterSettings::new(JitterMode::Fixed), &ways);
    assert_eq!(left.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
    // Once the quickest packet is known the pace is that of the sender.
    let steps = left[20..].windows(2).map(|pair| pair[1].1 - pair[0].1);
    assert!(steps.into_iter().all(|step| step == 20 * MS), "{left:?}");
}

#[test]
fn strays_ahead_of_a_stream_cost_no_more_than_a_moment_of_it() {
    for ahead in [200, 30_000] {
        let start = Instant::now();
        let mut buffer = JitterBuffer::new(JitterSettings::new(JitterMode::Adaptive), 8000);
        let mut left = 0;
        for n in 0..150_u32 {
            let now = start + n * 20 * MS;
            let mut hear = |number: u32| {
                let numbers = (number as u16, n * 160, 7);
                buffer.handle_input(now, numbers, Payload::Codec(0), &[0]);
            };
            hear(n);
            if n == 50 {
                hear(n + ahead);
                hear(n + ahead + 1);
            }
            while let Some((_, bytes)) = buffer.poll_output(now) {
                left += 1;
                buffer.give_back(bytes);
            }
        }
        assert!(left > 130, "{left} of 150 packets were heard after {ahead}");
    }
}

#[test]
fn an_adaptive_buffer_waits_no_longer_than_the_link_needs() {
    let calm = run(JitterSettings::new(JitterMode::Adaptive), &[Some(10); 50]);
    assert_eq!(calm[40].1, 40 * 20 * MS + 10 * MS + 40 * MS);
    let ways: Vec<_> = (0..200).map(|n| Some(10 + (n * 37) % 60)).collect();
    let rough = run(JitterSettings::new(JitterMode::Adaptive), &ways);
    assert_eq!(rough.len(), 200);
    assert!(rough[199].1 <= 199 * 20 * MS + 10 * MS + 60 * MS + 40 * MS);
}

#[test]
fn a_peer_whose_clock_jumps_is_heard_again_at_once() {
    let start = Instant::now();
    let mut buffer = JitterBuffer::new(JitterSettings::new(JitterMode::Fixed), 8000);
    let mut heard = 0;
    for n in 0..100_u16 {
        let now = start + u32::from(n) * 20 * MS;
        let jump = if n < 50 { (0, 0) } else { (9_000, 4_000_000) };
        let numbers = (n.wrapping_add(jump.0), u32::from(n) * 160 + jump.1, 7);
        buffer.handle_input(now, numbers, Payload::Codec(0), &[0]);
        heard += std::iter::from_fn(|| buffer.poll_output(now)).count();
    }
    // Those in the buffer at the jump are lost, and nothing else.
    assert!((70..=90).contains(&heard), "{heard}");
}

proptest! {
    #[test]
    fn packets_leave_in_order_once_and_in_time(
        ways in proptest::collection::vec(proptest::option::weighted(0.9, 0_u64..300), 1..150),
        fixed in any::<bool>(),
    ) {
        let mode = if fixed { JitterMode::Fixed } else { JitterMode::Adaptive };
        let settings = JitterSettings::new(mode);
        let left = run(settings, &ways);
        prop_assert!(left.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let sent = ways.iter().filter(|way| way.is_some()).count();
        prop_assert!(left.len() <= sent);
        for (n, at) in &left {
            let spoken = u32::from(*n) * 20 * MS;
            let way = ways[usize::from(*n)].unwrap_or_default() as u32 * MS;
            prop_assert!(*at >= spoken + way);
            // The quickest takes at most 300 ms, the buffer holds 200 ms more.
            prop_assert!(*at <= spoken + 300 * MS + settings.max, "{} at {:?}", n, at);
        }
    }

    #[test]
    fn jitter_within_a_fixed_buffer_loses_nothing(
        ways in proptest::collection::vec(0_u64..180, 2..150),
    ) {
        let mut ways: Vec<_> = ways.into_iter().map(Some).collect();
        // The quickest comes first, so that the delay is known from the start.
        ways[0] = Some(0);
        let left = run(JitterSettings::new(JitterMode::Fixed), &ways);
        prop_assert_eq!(left.len(), ways.len());
    }
}
