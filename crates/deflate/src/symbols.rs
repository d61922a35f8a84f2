//! What lengths and distances are called (RFC 1951, section 3.2.5): a symbol, and bits that tell
//! which of the values that share it is meant.

/// Shortest and longest match that a symbol can name.
pub(crate) const LENGTH_MIN: usize = 3;
pub(crate) const LENGTH_MAX: usize = 258;
/// The longest way back.
pub(crate) const DISTANCE_MAX: usize = 32_768;

pub(crate) const END_OF_BLOCK: usize = 256;
/// Symbols of literals, of the end of a block and of lengths. The last two never occur, but have
/// their places among the fixed codes.
pub(crate) const LITERAL_SYMBOLS: usize = 288;
pub(crate) const LENGTH_SYMBOLS: usize = 29;
pub(crate) const DISTANCE_SYMBOLS: usize = 30;

/// The extra bits of each symbol of a length.
pub(crate) const LENGTH_BITS: [u8; LENGTH_SYMBOLS] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
/// The shortest length that each symbol names.
pub(crate) const LENGTH_FIRST: [u16; LENGTH_SYMBOLS] = length_first();
/// The symbol of each length, counted from the first one.
pub(crate) const LENGTH_SYMBOL: [u8; LENGTH_MAX + 1] = length_symbol();

/// The extra bits of each symbol of a distance; two symbols that are never used come last.
pub(crate) const DISTANCE_BITS: [u8; 32] = distance_bits();
/// The shortest distance that each symbol names.
pub(crate) const DISTANCE_FIRST: [u16; 32] = distance_first();

const fn length_first() -> [u16; LENGTH_SYMBOLS] {
    let mut first = [0; LENGTH_SYMBOLS];
    let (mut symbol, mut next) = (0, LENGTH_MIN as u16);
    while symbol < LENGTH_SYMBOLS - 1 {
        first[symbol] = next;
        next += 1 << LENGTH_BITS[symbol];
        symbol += 1;
    }
    first[symbol] = LENGTH_MAX as u16;
    first
}

const fn length_symbol() -> [u8; LENGTH_MAX + 1] {
    let mut symbols = [0; LENGTH_MAX + 1];
    let mut length = LENGTH_MIN;
    let mut symbol = 0;
    while length <= LENGTH_MAX {
        while symbol + 1 < LENGTH_SYMBOLS && LENGTH_FIRST[symbol + 1] as usize <= length {
            symbol += 1;
        }
        symbols[length] = symbol as u8;
        length += 1;
    }
    symbols
}

const fn distance_bits() -> [u8; 32] {
    let mut bits = [0; 32];
    let mut symbol = 4;
    while symbol < DISTANCE_SYMBOLS {
        bits[symbol] = (symbol / 2 - 1) as u8;
        symbol += 1;
    }
    bits
}

const fn distance_first() -> [u16; 32] {
    let mut first = [0; 32];
    let (mut symbol, mut next) = (0, 1_u32);
    while symbol < DISTANCE_SYMBOLS {
        first[symbol] = next as u16;
        next += 1 << DISTANCE_BITS[symbol];
        symbol += 1;
    }
    first
}

/// Symbols of the distances below 257, then of those above, in steps of 128.
const DISTANCE_SYMBOL: [u8; 512] = distance_symbols();

const fn distance_symbols() -> [u8; 512] {
    let mut symbols = [0; 512];
    let mut at = 0;
    while at < 512 {
        let less_one = if at < 256 { at as u32 } else { (at as u32 - 256) << 7 };
        let mut symbol = 0;
        while symbol + 1 < DISTANCE_SYMBOLS && DISTANCE_FIRST[symbol + 1] as u32 <= less_one + 1 {
            symbol += 1;
        }
        symbols[at] = symbol as u8;
        at += 1;
    }
    symbols
}

/// The symbol of a distance, 1 to [`DISTANCE_MAX`].
#[inline(always)]
pub(crate) fn distance_symbol(distance: usize) -> u8 {
    let less_one = distance - 1;
    let at = if less_one < 256 { less_one } else { 256 + (less_one >> 7) };
    DISTANCE_SYMBOL[at & 511]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_distance_has_the_symbol_whose_range_it_is_in() {
        for distance in 1..=DISTANCE_MAX {
            let symbol = usize::from(distance_symbol(distance));
            let first = usize::from(DISTANCE_FIRST[symbol]);
            assert!(
                (first..first + (1 << DISTANCE_BITS[symbol])).contains(&distance),
                "{distance}"
            );
        }
        assert_eq!(usize::from(distance_symbol(DISTANCE_MAX)), DISTANCE_SYMBOLS - 1);
    }

    #[test]
    fn each_length_has_the_symbol_whose_range_it_is_in() {
        for (length, &symbol) in LENGTH_SYMBOL.iter().enumerate().skip(LENGTH_MIN) {
            let symbol = usize::from(symbol);
            let first = usize::from(LENGTH_FIRST[symbol]);
            assert!((first..first + (1 << LENGTH_BITS[symbol])).contains(&length), "{length}");
        }
        // The longest has a symbol of its own.
        assert_eq!(LENGTH_SYMBOL[257..], [27, 28]);
        assert_eq!(LENGTH_FIRST[27..], [227, 258]);
    }
}
