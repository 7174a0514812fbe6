//! Real-time text (RFC 4103): characters as they are typed, with or without repetitions of the ones
//! before. Both forms pass; towards a peer that takes no repetitions the new text goes alone.

use sidetone_rtp::RedundantView;

use crate::clock::Io;
use crate::formats::{FormatKey, Payload};
use crate::stream::{Arrived, Stream};
use crate::transport::Transport;

/// Bytes of one packet of text with its repetitions. Typing makes some 30 characters a second.
const MAX_PAYLOAD: usize = 1024;

impl Stream {
    /// Sends text that arrived elsewhere (or here: echo). False when it was not sent.
    pub(crate) fn forward_text(
        &mut self,
        arrived: &Arrived<'_>,
        transport: &mut Transport,
        io: &mut Io<'_>,
    ) -> bool {
        if !matches!(arrived.payload, Payload::Codec(_)) {
            return false;
        }
        let payload = arrived.view.payload();
        let text = self.formats.outgoing(FormatKey::TEXT);
        if arrived.key != Some(FormatKey::REDUNDANT_TEXT) {
            let number = text.filter(|_| arrived.key == Some(FormatKey::TEXT));
            return number
                .is_some_and(|number| self.forward_as((number, payload), arrived, transport, io));
        }
        let (Some(text), Some(view)) = (text, RedundantView::parse(payload)) else {
            return false;
        };
        let Some(redundant) = self.formats.outgoing(FormatKey::REDUNDANT_TEXT) else {
            let alone = view.primary();
            // Nothing new was typed.
            return !alone.is_empty() && self.forward_as((text, alone), arrived, transport, io);
        };
        let mut room = [0; MAX_PAYLOAD];
        // The blocks name the number of the text, which is another on each leg.
        let Some(len) = view.relabel(text, &mut room) else {
            return false;
        };
        let relabelled = room.get(..len).unwrap_or_default();
        self.forward_as((redundant, relabelled), arrived, transport, io)
    }
}
