//! Media plans made by hand, for legs that no description is exchanged for.

use sidetone_sdp::plan::{
    CodecPlan, Direction, DtlsRole, Feedback, LocalTransport, MediaKind, MediaPlan, Protection,
    RemoteIce, StreamPlan, StreamState, TransportPlan,
};

use crate::{Loopback, Outcome};

/// The payload type of opus.
pub(crate) const OPUS: u8 = 111;

/// Plain RTP in opus to and from this address.
pub(crate) fn opus(remote: Loopback) -> MediaPlan {
    let mut plan = plain(remote);
    for codec in plan.streams.iter_mut().flat_map(|stream| &mut stream.codecs) {
        (codec.send_payload_type, codec.receive_payload_type) = (OPUS, OPUS);
        codec.name = "opus".into();
        (codec.clock_rate, codec.channels) = (48_000, 2);
    }
    plan
}

fn stream() -> StreamPlan {
    let codec = CodecPlan {
        send_payload_type: 0,
        receive_payload_type: 0,
        name: "pcmu".into(),
        clock_rate: 8000,
        channels: 1,
        remote_fmtp: String::new(),
        local_fmtp: String::new(),
        feedback: Feedback::default(),
    };
    StreamPlan {
        kind: MediaKind::Audio,
        state: StreamState::Active,
        mid: None,
        direction: Direction::SendRecv,
        transport: 0,
        codecs: vec![codec],
        telephone_events: vec![],
        comfort_noise: None,
        fax: None,
        rtx: vec![],
        ptime_ms: 20,
        extensions: vec![],
        remote_ssrcs: vec![],
        remote_cname: None,
        local_ssrc: 77,
        local_rtx_ssrc: None,
        local_msid: None,
        label: None,
        rtcp_reduced_size: false,
    }
}

/// Plain RTP to and from this address.
pub(crate) fn plain(remote: Loopback) -> MediaPlan {
    let transport = TransportPlan {
        remote_rtp: Some(remote.address()),
        remote_rtcp: None,
        rtcp_mux: true,
        ice: None,
        protection: Protection::None,
    };
    MediaPlan { streams: vec![stream()], transports: vec![transport] }
}

/// ICE and DTLS towards another leg of this process.
pub(crate) fn webrtc(remote: &LocalTransport, role: DtlsRole) -> Outcome<MediaPlan> {
    let ice = remote.ice.as_ref().ok_or("the leg has no ICE")?;
    let transport = TransportPlan {
        remote_rtp: Some(remote.rtp),
        remote_rtcp: None,
        rtcp_mux: true,
        ice: Some(RemoteIce {
            ufrag: ice.ufrag.clone(),
            pwd: ice.pwd.clone(),
            candidates: ice.candidates.clone(),
            lite: false,
            complete: true,
            controlling: role == DtlsRole::Client,
        }),
        protection: Protection::Dtls { fingerprints: remote.fingerprints.clone(), role },
    };
    Ok(MediaPlan { streams: vec![stream()], transports: vec![transport] })
}
