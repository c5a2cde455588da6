//! WebSocket frames as a server writes them, or as it should not.

use std::num::NonZeroUsize;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names of RFC 6455")]
pub enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    /// No meaning is assigned to it.
    Reserved = 3,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// One frame. It is right as made; its methods make it wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    opcode: Opcode,
    last: bool,
    reserved: u8,
    mask: Option<[u8; 4]>,
    declared: Option<u64>,
    cut: Option<usize>,
    payload: Vec<u8>,
}

impl Frame {
    /// A whole message of one frame.
    pub fn new(opcode: Opcode, payload: impl Into<Vec<u8>>) -> Self {
        Self { opcode, last: true, reserved: 0, mask: None, declared: None, cut: None, payload: payload.into() }
    }

    /// A text message. The bytes need not be UTF-8.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::Text, text)
    }

    /// A close frame. Any code can be sent, also those that never may be; without a code the reason is left out.
    pub fn close(code: Option<u16>, reason: &str) -> Self {
        let mut payload = Vec::new();
        if let Some(code) = code {
            payload.extend(code.to_be_bytes());
            payload.extend(reason.as_bytes());
        }
        Self::new(Opcode::Close, payload)
    }

    /// The same text cut into frames, each of at most `size` bytes; it may cut through a character.
    pub fn fragments(text: &str, size: usize) -> Vec<Self> {
        let mut frames: Vec<Self> = text.as_bytes().chunks(size).map(|part| Self::text(part).unfinished()).collect();
        for frame in frames.iter_mut().skip(1) {
            frame.opcode = Opcode::Continuation;
        }
        if let Some(last) = frames.last_mut() {
            last.last = true;
        }
        frames
    }

    /// The same, with a ping between each two where told so.
    pub(crate) fn pieces(text: &str, size: NonZeroUsize, ping: bool) -> Vec<Self> {
        let mut frames = Vec::new();
        for fragment in Self::fragments(text, size.get()) {
            if ping && !frames.is_empty() {
                frames.push(Self::new(Opcode::Ping, "between"));
            }
            frames.push(fragment);
        }
        frames
    }

    /// More frames of the message follow, or should.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.last = false;
        self
    }

    /// Sets reserved bits (1 to 7), which no extension was agreed for.
    #[must_use]
    pub fn reserved(mut self, bits: u8) -> Self {
        self.reserved = bits & 7;
        self
    }

    /// Masks the payload, which a server never may.
    #[must_use]
    pub fn masked(mut self, mask: [u8; 4]) -> Self {
        self.mask = Some(mask);
        self
    }

    /// Declares another length than the payload has.
    #[must_use]
    pub fn declaring(mut self, length: u64) -> Self {
        self.declared = Some(length);
        self
    }

    /// Writes only the first bytes of the encoded frame.
    #[must_use]
    pub fn truncated(mut self, to: usize) -> Self {
        self.cut = Some(to);
        self
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.payload.len() + 14);
        out.push((u8::from(self.last) << 7) | (self.reserved << 4) | self.opcode as u8);
        let mask_bit = u8::from(self.mask.is_some()) << 7;
        let length = self.declared.unwrap_or(self.payload.len() as u64);
        match length {
            0..126 => out.push(mask_bit | u8::try_from(length).expect("it is below 126")),
            126..=0xFFFF => {
                out.push(mask_bit | 126);
                out.extend(u16::try_from(length).expect("it fits 16 bits").to_be_bytes());
            }
            _ => {
                out.push(mask_bit | 127);
                out.extend(length.to_be_bytes());
            }
        }
        match self.mask {
            Some(mask) => {
                out.extend(mask);
                out.extend(self.payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
            }
            None => out.extend(&self.payload),
        }
        out.truncate(self.cut.unwrap_or(usize::MAX));
        out
    }
}

/// The frame at the head of `bytes`, or what is wrong with it. `None` while it is not complete.
pub(crate) fn decode(bytes: &[u8]) -> Option<Result<Decoded, String>> {
    let (&first, rest) = bytes.split_first()?;
    let (&second, mut rest) = rest.split_first()?;
    let length = match second & 0x7F {
        126 => {
            let (length, after) = rest.split_first_chunk::<2>()?;
            rest = after;
            u64::from(u16::from_be_bytes(*length))
        }
        127 => {
            let (length, after) = rest.split_first_chunk::<8>()?;
            rest = after;
            u64::from_be_bytes(*length)
        }
        short => u64::from(short),
    };
    if first & 0x70 != 0 {
        return Some(Err(format!("a frame with reserved bits: {first:#04x}")));
    }
    if second & 0x80 == 0 {
        return Some(Err("a frame that is not masked".to_owned()));
    }
    if length > LARGEST_RECEIVED {
        return Some(Err(format!("a frame of {length} bytes")));
    }
    let (mask, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(length).expect("it is bounded");
    let payload = rest.get(..length)?;
    let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    let taken = bytes.len() - rest.len() + length;
    Some(Ok(Decoded { last: first & 0x80 != 0, opcode: first & 0x0F, payload, taken }))
}

/// How many bytes the frame at the head of `bytes` takes, head and all. `None` while its length is not there yet.
pub(crate) fn frame_length(bytes: &[u8]) -> Option<u64> {
    let (_, rest) = bytes.split_first()?;
    let (&second, rest) = rest.split_first()?;
    let (head, payload) = match second & 0x7F {
        126 => (4, u64::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (10, u64::from_be_bytes(*rest.first_chunk()?)),
        short => (2, u64::from(short)),
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    Some(payload.saturating_add(head + mask))
}

/// The largest frame taken from a client.
const LARGEST_RECEIVED: u64 = 64 << 20;

/// A frame of a client.
pub(crate) struct Decoded {
    pub(crate) last: bool,
    pub(crate) opcode: u8,
    /// Unmasked.
    pub(crate) payload: Vec<u8>,
    /// How many bytes the whole frame took.
    pub(crate) taken: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_encoded_as_the_standard_says() {
        assert_eq!(Frame::text("Hello").encode(), b"\x81\x05Hello");
        assert_eq!(
            Frame::text("Hello").masked([0x37, 0xfa, 0x21, 0x3d]).encode(),
            [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
        );
        let parts: Vec<_> = Frame::fragments("Hello", 3).iter().map(Frame::encode).collect();
        assert_eq!(parts, [b"\x01\x03Hel".to_vec(), b"\x80\x02lo".to_vec()]);
        assert_eq!(Frame::new(Opcode::Binary, [0; 256]).encode()[..4], [0x82, 0x7E, 1, 0]);
        assert_eq!(Frame::new(Opcode::Binary, [0; 65536]).encode()[..10], [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(Frame::close(Some(1000), "x").encode(), [0x88, 3, 3, 232, b'x']);
    }

    #[test]
    fn the_length_of_a_frame_is_known_from_its_head() {
        for size in [0, 125, 126, 65_535, 65_536] {
            for frame in [Frame::text(vec![b'x'; size]), Frame::text(vec![b'x'; size]).masked([1, 2, 3, 4])] {
                let bytes = frame.encode();
                assert_eq!(frame_length(&bytes), Some(bytes.len() as u64));
                assert_eq!(frame_length(&bytes[..14.min(bytes.len())]), Some(bytes.len() as u64));
            }
        }
        assert_eq!(frame_length(&[0x81]), None);
        assert_eq!(frame_length(&[0x81, 126, 1]), None);
        assert_eq!(frame_length(&Frame::text("").declaring(u64::MAX).encode()), Some(u64::MAX));
    }

    #[test]
    fn wrong_frames_are_wrong_in_the_way_asked_for() {
        assert_eq!(Frame::text("a").reserved(4).encode(), [0xC1, 1, b'a']);
        assert_eq!(Frame::text("a").declaring(100).encode(), [0x81, 100, b'a']);
        assert_eq!(Frame::text("abc").truncated(3).encode(), [0x81, 3, b'a']);
    }

    #[test]
    fn what_a_client_sends_is_decoded_byte_by_byte() {
        for size in [0, 5, 125, 126, 65_535, 65_536] {
            let payload = vec![7; size];
            let bytes = Frame::new(Opcode::Binary, payload.clone()).masked([1, 2, 3, 4]).encode();
            for end in [0, 1, 2, 5, bytes.len() - 1] {
                assert!(decode(&bytes[..end]).is_none(), "{size} cut at {end}");
            }
            let decoded = decode(&bytes).unwrap().unwrap();
            assert!(decoded.last && decoded.opcode == 2 && decoded.payload == payload);
            assert_eq!(decoded.taken, bytes.len());
        }
        assert!(decode(&Frame::text("a").encode()).unwrap().is_err(), "not masked");
        assert!(decode(&Frame::text("a").masked([0; 4]).reserved(1).encode()).unwrap().is_err());
    }
}
