//! Several decimal digits at once, within one machine word.

/// The value of eight decimal digits: neighbours are joined to pairs, fours and eight in parallel.
#[inline]
pub(super) fn eight_digits(chunk: &[u8; 8]) -> Option<u64> {
    let word = u64::from_le_bytes(*chunk);
    let digits = word.wrapping_sub(0x3030_3030_3030_3030);
    // Above '9' the sum reaches the high bit, below '0' the difference has it.
    if (word.wrapping_add(0x4646_4646_4646_4646) | digits) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

/// The value of four decimal digits.
#[inline]
pub(super) fn four_digits(chunk: &[u8; 4]) -> Option<u64> {
    let word = u32::from_le_bytes(*chunk);
    let digits = word.wrapping_sub(0x3030_3030);
    if (word.wrapping_add(0x4646_4646) | digits) & 0x8080_8080 != 0 {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff;
    Some(u64::from((pairs * 100 + (pairs >> 16)) & 0xffff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_digits_are_read_at_once() {
        for text in ["00000000", "12345678", "99999999", "90000001", "00000010"] {
            let chunk = text.as_bytes().first_chunk().expect("eight bytes");
            assert_eq!(eight_digits(chunk), text.parse().ok());
        }
        for byte in (0..=255_u8).filter(|byte| !byte.is_ascii_digit()) {
            for at in 0..8 {
                let mut chunk = *b"19028374";
                chunk[at] = byte;
                assert_eq!(eight_digits(&chunk), None, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn four_digits_are_read_at_once() {
        for value in 0..10_000 {
            let text = format!("{value:04}");
            assert_eq!(four_digits(text.as_bytes().first_chunk().expect("four bytes")), Some(value));
        }
        for byte in (0..=255_u8).filter(|byte| !byte.is_ascii_digit()) {
            for at in 0..4 {
                let mut chunk = *b"1902";
                chunk[at] = byte;
                assert_eq!(four_digits(&chunk), None, "{byte} at {at}");
            }
        }
    }
}
