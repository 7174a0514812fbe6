//! One direction of a protected leg: the table of streams, and protecting and unprotecting of
//! packets in place. Only the first packet of a stream or of a size may allocate.

use super::cipher::{
    Cipher, GCM_TAG_LEN, PacketIndex, Purpose, RTCP_CLEAR_LEN, equal_in_constant_time, gcm_nonce,
};
use super::window::{Freshness, RESYNC_DUPLICATES, RESYNC_PACKETS, ResyncWatch, Window};
use super::window::{WINDOW_PACKETS, nearest_index};
use super::{MasterKey, Profile, SrtpError};
use crate::packet::{RtpView, Ssrc, be32};

/// The largest index of RTP (RFC 3711 §3.3.1).
const MAX_RTP_INDEX: u64 = (1 << 48) - 1;
/// The largest index of RTCP (RFC 3711 §3.4).
const MAX_RTCP_INDEX: u32 = (1 << 31) - 1;
/// The bit that says that an SRTCP packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;
/// Bytes of the rollover counter and of the SRTCP index.
const WORD: usize = 4;
/// Bytes that decryption can hold without growing its buffer: most audio packets.
const SCRATCH_LEN: usize = 256;
/// Streams that find a place at once: one of audio, one of video.
const FIRST_SOURCES: usize = 2;

type RtpWindow = Window<{ WINDOW_PACKETS / 64 }>;
/// Two minutes of reports at the fastest rate; they come in order or not at all.
type RtcpWindow = Window<1>;

/// Whether packets that were accepted before are refused (`srtpreplayprotection`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayProtection {
    /// Refused, as RFC 3711 §3.3.2 demands.
    On,
    /// Accepted again.
    Off,
}

/// Something worth one line in the log, returned once in the life of an [`Unprotector`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The peer restarted the sequence numbers of a stream while keeping SSRC and key; the packets
    /// before this one were dropped, the call goes on.
    Resynchronised(Ssrc),
}

/// A packet that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unprotected {
    /// Length of the packet in clear; the rest of the buffer is to be ignored.
    pub len: usize,
    /// What to tell the operator, at most once per session.
    pub notice: Option<Notice>,
}

/// Where a stream stands, for a standby that takes over (see [`SrtpSnapshot`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceSnapshot {
    /// The stream.
    pub ssrc: Ssrc,
    /// Highest packet index: rollover counter × 65536 + sequence number.
    pub rtp_index: Option<u64>,
    /// Highest SRTCP index received.
    pub rtcp_index: Option<u32>,
}

/// The state of one direction apart from its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SrtpSnapshot {
    /// Each stream.
    pub sources: Vec<SourceSnapshot>,
    /// The index of the next SRTCP packet; senders only.
    pub next_rtcp_index: u32,
    /// How often peers restarted their sequence numbers; receivers only.
    pub resyncs_total: u32,
}

#[derive(Debug)]
struct Source {
    ssrc: u32,
    rtp: Option<RtpWindow>,
    rtcp: Option<RtcpWindow>,
    watch: ResyncWatch,
}

/// The streams of one direction. A handful: searched from the one found last.
#[derive(Debug)]
struct Sources {
    list: Vec<Source>,
    last: usize,
    limit: usize,
}

impl Sources {
    fn new(limit: usize) -> Self {
        Self { list: Vec::with_capacity(limit.min(FIRST_SOURCES)), last: 0, limit }
    }

    fn find(&mut self, ssrc: u32) -> Option<&mut Source> {
        if self.list.get(self.last).is_none_or(|source| source.ssrc != ssrc) {
            self.last = self.list.iter().position(|source| source.ssrc == ssrc)?;
        }
        self.list.get_mut(self.last)
    }

    /// Finds or adds a stream. Called only for packets that we send or that are authentic, so
    /// that a stranger cannot fill the table.
    fn find_or_add(&mut self, ssrc: u32) -> Result<&mut Source, SrtpError> {
        if self.find(ssrc).is_none() {
            if self.list.len() >= self.limit {
                return Err(SrtpError::TooManySources);
            }
            let watch = ResyncWatch::default();
            self.list.push(Source { ssrc, rtp: None, rtcp: None, watch });
            self.last = self.list.len() - 1;
        }
        Ok(&mut self.list[self.last])
    }

    fn snapshot(&self) -> Vec<SourceSnapshot> {
        let state = |source: &Source| SourceSnapshot {
            ssrc: Ssrc(source.ssrc),
            rtp_index: source.rtp.map(|window| window.highest()),
            // The index has 31 bits.
            rtcp_index: source.rtcp.map(|window| window.highest() as u32),
        };
        self.list.iter().map(state).collect()
    }

    fn restore(&mut self, sources: &[SourceSnapshot]) -> Result<(), SrtpError> {
        for state in sources {
            let source = self.find_or_add(state.ssrc.0)?;
            // What came before the snapshot counts as seen: nothing is accepted twice.
            source.rtp = state.rtp_index.map(|index| {
                let mut window = RtpWindow::new(index.min(MAX_RTP_INDEX));
                window.mark_all();
                window
            });
            source.rtcp = state.rtcp_index.map(|index| {
                let mut window = RtcpWindow::new(u64::from(index.min(MAX_RTCP_INDEX)));
                window.mark_all();
                window
            });
        }
        Ok(())
    }
}

/// Protects what we send.
#[derive(Debug)]
pub struct Protector {
    profile: Profile,
    rtp: Cipher,
    rtcp: Cipher,
    sources: Sources,
    next_rtcp_index: u32,
}

impl Protector {
    /// Derives the session keys. `max_sources` bounds the number of streams
    /// ([`super::DEFAULT_MAX_SOURCES`] for a call).
    ///
    /// # Errors
    /// [`SrtpError::WrongKeyLength`]; not for keys that [`MasterKey`] accepted.
    pub fn new(master: &MasterKey, max_sources: usize) -> Result<Self, SrtpError> {
        Ok(Self {
            profile: master.profile(),
            rtp: Cipher::new(master, Purpose::Rtp)?,
            rtcp: Cipher::new(master, Purpose::Rtcp)?,
            sources: Sources::new(max_sources),
            next_rtcp_index: 1,
        })
    }

    /// The profile in use.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Protects the RTP packet in `buffer[..len]` and returns its new length. The buffer needs
    /// [`Profile::rtp_overhead`] bytes behind the packet.
    ///
    /// # Errors
    /// [`SrtpError::IndexReused`] for a sequence number that was protected before: two texts under
    /// one initial value reveal each other, and under GCM the authentication key.
    pub fn protect_rtp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, SrtpError> {
        let end = len + self.profile.rtp_overhead();
        let packet = buffer.get(..len).ok_or(SrtpError::NoRoom)?;
        let view = RtpView::parse_protected(packet).map_err(|_| SrtpError::Malformed)?;
        let (ssrc, sequence, header_len) = (view.ssrc().0, view.sequence(), view.header_len());
        let buffer = buffer.get_mut(..end).ok_or(SrtpError::NoRoom)?;

        let source = self.sources.find_or_add(ssrc)?;
        let window = source.rtp.get_or_insert_with(|| RtpWindow::new(u64::from(sequence)));
        let index = nearest_index(window.highest(), sequence);
        if index > MAX_RTP_INDEX {
            return Err(SrtpError::KeyExhausted);
        }
        if window.check(index) != Freshness::Fresh {
            return Err(SrtpError::IndexReused);
        }
        window.mark(index);

        let at = PacketIndex { ssrc, index };
        let (packet, tag) = buffer.split_at_mut(len);
        match &self.rtp {
            Cipher::CounterMode { aes, mac } => {
                Cipher::apply_counter_mode(aes, at, &mut packet[header_len..]);
                let full = Cipher::tag(mac, packet, &rollover_counter(index));
                tag.copy_from_slice(&full[..tag.len()]);
            }
            Cipher::Gcm { key, salt } => {
                let (header, text) = packet.split_at_mut(header_len);
                tag.copy_from_slice(&Cipher::gcm_seal(key, gcm_nonce(salt, at), header, text)?);
            }
        }
        Ok(end)
    }

    /// Protects the compound RTCP packet in `buffer[..len]` and returns its new length. The
    /// buffer needs [`Profile::rtcp_overhead`] bytes behind the packet.
    ///
    /// # Errors
    /// See [`SrtpError`].
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, SrtpError> {
        let end = len + self.profile.rtcp_overhead();
        let buffer = buffer.get_mut(..end).ok_or(SrtpError::NoRoom)?;
        if len < RTCP_CLEAR_LEN {
            return Err(SrtpError::Malformed);
        }
        let rtcp_index = self.next_rtcp_index;
        if rtcp_index > MAX_RTCP_INDEX {
            return Err(SrtpError::KeyExhausted);
        }
        self.next_rtcp_index += 1;
        let at = PacketIndex { ssrc: be32(&buffer[4..8]), index: u64::from(rtcp_index) };
        let word = (ENCRYPTED | rtcp_index).to_be_bytes();
        match &self.rtcp {
            Cipher::CounterMode { aes, mac } => {
                Cipher::apply_counter_mode(aes, at, &mut buffer[RTCP_CLEAR_LEN..len]);
                buffer[len..len + WORD].copy_from_slice(&word);
                let (packet, tag) = buffer.split_at_mut(len + WORD);
                let full = Cipher::tag(mac, packet, &[]);
                tag.copy_from_slice(&full[..tag.len()]);
            }
            Cipher::Gcm { key, salt } => {
                let (packet, rest) = buffer.split_at_mut(len);
                let (clear, text) = packet.split_at_mut(RTCP_CLEAR_LEN);
                let data = rtcp_associated_data(clear, word);
                let tag = Cipher::gcm_seal(key, gcm_nonce(salt, at), &data, text)?;
                rest[..GCM_TAG_LEN].copy_from_slice(&tag);
                rest[GCM_TAG_LEN..].copy_from_slice(&word);
            }
        }
        Ok(end)
    }

    /// Where each stream stands.
    #[must_use]
    pub fn snapshot(&self) -> SrtpSnapshot {
        SrtpSnapshot {
            sources: self.sources.snapshot(),
            next_rtcp_index: self.next_rtcp_index,
            resyncs_total: 0,
        }
    }

    /// Continues where another process stopped. The caller adds what may have been sent since the
    /// snapshot was taken: an index must not be used twice.
    ///
    /// # Errors
    /// [`SrtpError::TooManySources`] when the snapshot holds more streams than the limit.
    pub fn restore(&mut self, snapshot: &SrtpSnapshot) -> Result<(), SrtpError> {
        self.next_rtcp_index = snapshot.next_rtcp_index.max(1);
        self.sources.restore(&snapshot.sources)
    }
}

/// Checks and decrypts what we receive.
#[derive(Debug)]
pub struct Unprotector {
    profile: Profile,
    rtp: Cipher,
    rtcp: Cipher,
    sources: Sources,
    replay: ReplayProtection,
    scratch: Vec<u8>,
    resyncs_total: u32,
}

/// What to do with an authentic packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It continues its stream.
    Ordinary(u64),
    /// It would start its stream over, or was seen before.
    OutOfPlace { index: u64, needed: u8, refusal: SrtpError },
}

impl Unprotector {
    /// Derives the session keys. `max_sources` bounds the number of streams
    /// ([`super::DEFAULT_MAX_SOURCES`] for a call).
    ///
    /// # Errors
    /// [`SrtpError::WrongKeyLength`]; not for keys that [`MasterKey`] accepted.
    pub fn new(
        master: &MasterKey,
        max_sources: usize,
        replay: ReplayProtection,
    ) -> Result<Self, SrtpError> {
        Ok(Self {
            profile: master.profile(),
            rtp: Cipher::new(master, Purpose::Rtp)?,
            rtcp: Cipher::new(master, Purpose::Rtcp)?,
            sources: Sources::new(max_sources),
            replay,
            scratch: Vec::with_capacity(SCRATCH_LEN),
            resyncs_total: 0,
        })
    }

    /// The profile in use.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// How often a peer restarted its sequence numbers.
    #[must_use]
    pub fn resyncs_total(&self) -> u32 {
        self.resyncs_total
    }

    /// Checks an SRTP packet and decrypts it in place. After an error the bytes are as they came.
    ///
    /// # Errors
    /// See [`SrtpError`]; all that can happen here is the peer's or the network's doing.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<Unprotected, SrtpError> {
        let view = RtpView::parse_protected(packet).map_err(|_| SrtpError::Malformed)?;
        let (ssrc, sequence, header_len) = (view.ssrc().0, view.sequence(), view.header_len());
        let len = packet.len().checked_sub(self.profile.rtp_overhead());
        let len = len.filter(|len| *len >= header_len).ok_or(SrtpError::Malformed)?;

        let fit = self.place(packet, (len, header_len), (ssrc, sequence))?;
        let notice = self.admit(ssrc, fit)?;
        let (Fit::Ordinary(index) | Fit::OutOfPlace { index, .. }) = fit;
        self.decrypt_rtp(&mut packet[header_len..len], PacketIndex { ssrc, index });
        Ok(Unprotected { len, notice })
    }

    /// Finds the index under which the packet is authentic.
    fn place(
        &mut self,
        packet: &[u8],
        (len, header_len): (usize, usize),
        (ssrc, sequence): (u32, u16),
    ) -> Result<Fit, SrtpError> {
        let source = self.sources.find(ssrc);
        let may_restart = source.as_ref().is_none_or(|source| source.watch.is_open());
        let window = source.and_then(|source| source.rtp);
        let Some(window) = window else {
            // A new stream starts with a rollover counter of zero, or of one when its first
            // packets were lost around the wrap.
            let first = u64::from(sequence);
            let wrapped = (sequence < 0x8000).then_some(first + 0x1_0000);
            for index in [Some(first), wrapped].into_iter().flatten() {
                if self.is_authentic(packet, (len, header_len), PacketIndex { ssrc, index }) {
                    return Ok(Fit::Ordinary(index));
                }
            }
            return Err(SrtpError::AuthenticationFailed);
        };
        let expected = nearest_index(window.highest(), sequence);
        let freshness = window.check(expected);
        let at = PacketIndex { ssrc, index: expected };
        if expected <= MAX_RTP_INDEX && self.is_authentic(packet, (len, header_len), at) {
            let (needed, refusal) = match freshness {
                _ if self.replay == ReplayProtection::Off => return Ok(Fit::Ordinary(expected)),
                Freshness::Fresh => return Ok(Fit::Ordinary(expected)),
                Freshness::Duplicate => (RESYNC_DUPLICATES, SrtpError::Duplicate),
                Freshness::TooOld => (RESYNC_PACKETS, SrtpError::TooOld),
            };
            return Ok(Fit::OutOfPlace { index: expected, needed, refusal });
        }
        let restarted = [
            Some(u64::from(sequence)),
            expected.checked_sub(0x1_0000),
            expected.checked_add(0x1_0000),
        ];
        let candidates = restarted.into_iter().flatten().filter(|_| may_restart);
        for index in candidates.filter(|index| *index != expected && *index <= MAX_RTP_INDEX) {
            if self.is_authentic(packet, (len, header_len), PacketIndex { ssrc, index }) {
                let refusal = SrtpError::AuthenticationFailed;
                return Ok(Fit::OutOfPlace { index, needed: RESYNC_PACKETS, refusal });
            }
        }
        Err(SrtpError::AuthenticationFailed)
    }

    /// Enters an authentic packet into its stream, or refuses it.
    fn admit(&mut self, ssrc: u32, fit: Fit) -> Result<Option<Notice>, SrtpError> {
        let source = self.sources.find_or_add(ssrc)?;
        match fit {
            Fit::Ordinary(index) => {
                source.watch.clear();
                source.rtp.get_or_insert_with(|| RtpWindow::new(index)).mark(index);
                Ok(None)
            }
            Fit::OutOfPlace { index, needed, refusal } => {
                if !source.watch.note(index, needed) {
                    return Err(refusal);
                }
                let mut window = RtpWindow::new(index);
                // Nothing from before the restart is accepted behind it.
                window.mark_all();
                source.rtp = Some(window);
                self.resyncs_total = self.resyncs_total.saturating_add(1);
                let first = self.resyncs_total == 1;
                Ok(first.then_some(Notice::Resynchronised(Ssrc(ssrc))))
            }
        }
    }

    /// Whether the tag fits the index. In GCM this decrypts into the scratch buffer.
    fn is_authentic(
        &mut self,
        packet: &[u8],
        (len, header_len): (usize, usize),
        at: PacketIndex,
    ) -> bool {
        let (packet, tag) = packet.split_at(len);
        match &self.rtp {
            Cipher::CounterMode { mac, .. } => {
                let full = Cipher::tag(mac, packet, &rollover_counter(at.index));
                equal_in_constant_time(&full[..tag.len()], tag)
            }
            Cipher::Gcm { key, salt } => {
                let (header, text) = packet.split_at(header_len);
                self.scratch.resize(text.len(), 0);
                let nonce = gcm_nonce(salt, at);
                Cipher::gcm_open(key, nonce, header, (text, tag), &mut self.scratch).is_ok()
            }
        }
    }

    /// Decrypts after [`Self::is_authentic`] said yes to the same packet and index.
    fn decrypt_rtp(&self, text: &mut [u8], at: PacketIndex) {
        match &self.rtp {
            Cipher::CounterMode { aes, .. } => Cipher::apply_counter_mode(aes, at, text),
            Cipher::Gcm { .. } => text.copy_from_slice(&self.scratch),
        }
    }

    /// Checks an SRTCP packet and decrypts it in place. After an error the bytes are as they came.
    ///
    /// # Errors
    /// See [`SrtpError`].
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<Unprotected, SrtpError> {
        let len = packet.len().checked_sub(self.profile.rtcp_overhead());
        let len = len.filter(|len| *len >= RTCP_CLEAR_LEN).ok_or(SrtpError::Malformed)?;
        let word_at = if self.profile.is_aead() { len + GCM_TAG_LEN } else { len };
        let word = be32(&packet[word_at..word_at + WORD]);
        if word & ENCRYPTED == 0 {
            return Err(SrtpError::Unencrypted);
        }
        let ssrc = be32(&packet[4..8]);
        let index = u64::from(word & MAX_RTCP_INDEX);
        if self.replay == ReplayProtection::On {
            let window = self.sources.find(ssrc).and_then(|source| source.rtcp);
            match window.map_or(Freshness::Fresh, |window| window.check(index)) {
                Freshness::Fresh => {}
                Freshness::Duplicate => return Err(SrtpError::Duplicate),
                Freshness::TooOld => return Err(SrtpError::TooOld),
            }
        }
        self.open_rtcp(packet, len, PacketIndex { ssrc, index })?;
        let source = self.sources.find_or_add(ssrc)?;
        source.rtcp.get_or_insert_with(|| RtcpWindow::new(index)).mark(index);
        Ok(Unprotected { len, notice: None })
    }

    fn open_rtcp(
        &mut self,
        packet: &mut [u8],
        len: usize,
        at: PacketIndex,
    ) -> Result<(), SrtpError> {
        match &self.rtcp {
            Cipher::CounterMode { aes, mac } => {
                let (signed, tag) = packet.split_at(len + WORD);
                let full = Cipher::tag(mac, signed, &[]);
                if !equal_in_constant_time(&full[..tag.len()], tag) {
                    return Err(SrtpError::AuthenticationFailed);
                }
                Cipher::apply_counter_mode(aes, at, &mut packet[RTCP_CLEAR_LEN..len]);
            }
            Cipher::Gcm { key, salt } => {
                let (clear, rest) = packet.split_at_mut(RTCP_CLEAR_LEN);
                let (text, tail) = rest.split_at_mut(len - RTCP_CLEAR_LEN);
                let (tag, word) = tail.split_at(GCM_TAG_LEN);
                let word = [word[0], word[1], word[2], word[3]];
                let data = rtcp_associated_data(clear, word);
                self.scratch.resize(text.len(), 0);
                let nonce = gcm_nonce(salt, at);
                Cipher::gcm_open(key, nonce, &data, (text, tag), &mut self.scratch)?;
                text.copy_from_slice(&self.scratch);
            }
        }
        Ok(())
    }

    /// Where each stream stands.
    #[must_use]
    pub fn snapshot(&self) -> SrtpSnapshot {
        SrtpSnapshot {
            sources: self.sources.snapshot(),
            next_rtcp_index: 0,
            resyncs_total: self.resyncs_total,
        }
    }

    /// Continues where another process stopped.
    ///
    /// # Errors
    /// [`SrtpError::TooManySources`] when the snapshot holds more streams than the limit.
    pub fn restore(&mut self, snapshot: &SrtpSnapshot) -> Result<(), SrtpError> {
        self.resyncs_total = snapshot.resyncs_total;
        self.sources.restore(&snapshot.sources)
    }
}

/// The upper 32 bits of a 48-bit index.
fn rollover_counter(index: u64) -> [u8; WORD] {
    ((index >> 16) as u32).to_be_bytes()
}

/// RFC 7714 §9.2: the clear header and the index word are authenticated beside the text.
fn rtcp_associated_data(clear: &[u8], word: [u8; WORD]) -> [u8; RTCP_CLEAR_LEN + WORD] {
    let mut data = [0; RTCP_CLEAR_LEN + WORD];
    data[..RTCP_CLEAR_LEN].copy_from_slice(clear);
    data[RTCP_CLEAR_LEN..].copy_from_slice(&word);
    data
}

#[cfg(test)]
#[path = "session_tests.rs"]
pub(super) mod tests;
