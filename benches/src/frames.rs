//! WebSocket frames by hand: the walk of the raw-socket rival and of every server here.

use std::io::{self, Read};

pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A read buffer that is walked frame by frame.
#[derive(Debug)]
pub(crate) struct Frames {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Frames {
    /// A buffer of `size` bytes that already holds `rest`, what came behind the upgrade.
    pub(crate) fn new(size: usize, rest: &[u8]) -> Self {
        let mut buffer = vec![0; size.max(rest.len())];
        buffer[..rest.len()].copy_from_slice(rest);
        Self { buffer, start: 0, end: rest.len() }
    }

    /// Reads once. False at the end of the stream.
    pub(crate) fn fill(&mut self, stream: &mut impl Read) -> io::Result<bool> {
        let space = self.space();
        let count = stream.read(space)?;
        self.end += count;
        Ok(count > 0)
    }

    /// Room for a read that is made elsewhere and reported with `filled`.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
        &mut self.buffer[self.end..]
    }

    pub(crate) fn filled(&mut self, count: usize) {
        self.end += count;
    }

    /// The next whole frame: its opcode and its payload, unmasked.
    pub(crate) fn next(&mut self) -> Option<(u8, &[u8])> {
        let head = &self.buffer[self.start..self.end];
        let (&first, &second) = (head.first()?, head.get(1)?);
        let (length, mut skip) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes(head.get(2..4)?.try_into().ok()?)), 4),
            127 => (usize::try_from(u64::from_be_bytes(head.get(2..10)?.try_into().ok()?)).ok()?, 10),
            short => (usize::from(short), 2),
        };
        let mask: Option<[u8; 4]> = if second & 0x80 == 0 {
            None
        } else {
            skip += 4;
            Some(head.get(skip - 4..skip)?.try_into().ok()?)
        };
        if head.len() < skip + length {
            return None;
        }
        let from = self.start + skip;
        self.start = from + length;
        let payload = &mut self.buffer[from..from + length];
        if let Some(mask) = mask {
            for (index, byte) in payload.iter_mut().enumerate() {
                *byte ^= mask[index & 3];
            }
        }
        Some((first & 0x0f, payload))
    }
}

/// Appends a server's frame.
pub(crate) fn put(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    put_head(out, opcode, payload.len(), 0);
    out.extend_from_slice(payload);
}

/// Appends a client's frame. Masked with zeros, which every server must accept.
pub(crate) fn put_masked(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    put_head(out, opcode, payload.len(), 0x80);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

fn put_head(out: &mut Vec<u8>, opcode: u8, length: usize, masked: u8) {
    out.push(0x80 | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => out.push(masked | short),
        (_, Ok(medium)) => {
            out.push(masked | 126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out.push(masked | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_whole_however_the_bytes_arrive() {
        let texts: Vec<String> =
            [0, 1, 125, 126, 300, 65_535, 65_536].map(|n| "ä".repeat(n)[..n / 2 * 2].to_owned()).into();
        for masked in [false, true] {
            let mut wire = Vec::new();
            for text in &texts {
                let put = if masked { put_masked } else { put };
                put(&mut wire, TEXT, text.as_bytes());
            }
            for step in [1, 7, 4096, usize::MAX] {
                let mut frames = Frames::new(64, &[]);
                let mut seen = Vec::new();
                for mut piece in wire.chunks(step.min(wire.len())) {
                    while !piece.is_empty() {
                        assert!(frames.fill(&mut piece).expect("a slice can be read"));
                        while let Some((opcode, payload)) = frames.next() {
                            assert_eq!(opcode, TEXT);
                            seen.push(String::from_utf8(payload.to_vec()).expect("text was sent"));
                        }
                    }
                }
                assert_eq!(seen, texts);
            }
        }
    }

    #[test]
    fn a_mask_is_taken_off() {
        let wire = [0x81, 0x83, 1, 2, 3, 4, b'a' ^ 1, b'b' ^ 2, b'c' ^ 3];
        let mut frames = Frames::new(16, &wire);
        assert_eq!(frames.next(), Some((TEXT, &b"abc"[..])));
        assert_eq!(frames.next(), None);
    }
}
