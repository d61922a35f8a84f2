//! Huffman codes whose lengths have a limit, and the codes that follow from lengths alone (RFC
//! 1951, section 3.2.2).

/// Most symbols of a code.
const SYMBOLS_MAX: usize = 288;
/// Beyond the longest code that any limit allows.
const LENGTHS: usize = 16;

/// The length in bits of each symbol's code, at most `limit`, 0 for a symbol that does not occur.
/// At least two symbols get a code, so that every decoder takes it.
pub(crate) fn code_lengths(counts: &[u32], limit: usize, lengths: &mut [u8]) {
    lengths.fill(0);
    let mut order = [0_u64; SYMBOLS_MAX];
    let mut used = 0;
    for (symbol, &count) in (0_u64..).zip(counts) {
        if count > 0 {
            order[used] = u64::from(count) << 16 | symbol;
            used += 1;
        }
    }
    if used < 2 {
        let symbol = order[0] as u16;
        lengths[usize::from(symbol)] = 1;
        lengths[usize::from(symbol == 0)] = 1;
        return;
    }
    let order = &mut order[..used];
    order.sort_unstable();
    let mut of_length = depths(order, limit);
    repair(&mut of_length, limit);
    let mut symbols = order.iter().map(|entry| usize::from(*entry as u16));
    for length in (1..=limit).rev() {
        for symbol in symbols.by_ref().take(of_length[length] as usize) {
            lengths[symbol] = length as u8;
        }
    }
}

/// How many codes have each length in the best code for these counts, the rarest first; those
/// beyond the limit are counted at the limit.
fn depths(order: &[u64], limit: usize) -> [u32; LENGTHS] {
    let mut weights = [0_u64; SYMBOLS_MAX];
    let mut parents = [0_u16; 2 * SYMBOLS_MAX];
    let leaves = order.len();
    let (mut leaf, mut node) = (0, 0);
    for made in 0..leaves - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let light_leaf = order.get(leaf).map_or(u64::MAX, |entry| entry >> 16);
            let child = if node < made && weights[node] < light_leaf {
                weight += weights[node];
                node += 1;
                leaves + node - 1
            } else {
                weight += light_leaf;
                leaf += 1;
                leaf - 1
            };
            parents[child] = (leaves + made) as u16;
        }
        weights[made] = weight;
    }
    let root = 2 * leaves - 2;
    let mut depth = [0_u8; 2 * SYMBOLS_MAX];
    let mut of_length = [0; LENGTHS];
    for child in (0..root).rev() {
        // Depths beyond 255 do not occur: they need more occurrences than a block can have.
        depth[child] = depth[usize::from(parents[child])] + 1;
        if child < leaves {
            of_length[usize::from(depth[child]).min(limit)] += 1;
        }
    }
    of_length
}

/// Lengthens codes until there is room for all of them (Kraft's inequality).
fn repair(of_length: &mut [u32; LENGTHS], limit: usize) {
    let room = 1_u32 << limit;
    let mut taken: u32 = (1..=limit).map(|length| of_length[length] << (limit - length)).sum();
    while taken > room {
        // A shorter code becomes the parent of itself and of one of the longest.
        let shorter = (1..limit).rev().find(|&length| of_length[length] > 0).unwrap_or(1);
        of_length[limit] -= 1;
        of_length[shorter] -= 1;
        of_length[shorter + 1] += 2;
        taken -= 1;
    }
}

/// The code of each symbol, its first bit lowest.
pub(crate) fn codes(lengths: &[u8], codes: &mut [u16]) {
    let mut of_length = [0_u16; LENGTHS];
    for &length in lengths {
        of_length[usize::from(length)] += 1;
    }
    of_length[0] = 0;
    let mut next = [0_u16; LENGTHS];
    for length in 1..LENGTHS {
        next[length] = (next[length - 1] + of_length[length - 1]) << 1;
    }
    for (code, &length) in codes.iter_mut().zip(lengths) {
        if length > 0 {
            let next = &mut next[usize::from(length)];
            *code = next.reverse_bits() >> (16 - length);
            *next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How much of the room for codes of `limit` bits is taken.
    fn taken(lengths: &[u8], limit: usize) -> u32 {
        lengths
            .iter()
            .filter(|&&length| length > 0)
            .map(|&length| 1 << (limit - usize::from(length)))
            .sum()
    }

    fn lengths_of(counts: &[u32], limit: usize) -> Vec<u8> {
        let mut lengths = vec![0; counts.len()];
        code_lengths(counts, limit, &mut lengths);
        lengths
    }

    /// The fewest bits that codes without a limit take: the sum of all weights that are joined.
    fn fewest_bits(counts: &[u32]) -> u64 {
        let mut weights: Vec<u64> =
            counts.iter().filter(|&&count| count > 0).map(|&count| u64::from(count)).collect();
        let mut bits = 0;
        while weights.len() > 1 {
            weights.sort_unstable_by(|one, other| other.cmp(one));
            let joined = weights.pop().unwrap() + weights.pop().unwrap();
            bits += joined;
            weights.push(joined);
        }
        bits
    }

    fn bits(counts: &[u32], lengths: &[u8]) -> u64 {
        counts
            .iter()
            .zip(lengths)
            .map(|(&count, &length)| u64::from(count) * u64::from(length))
            .sum()
    }

    proptest! {
        #[test]
        fn every_symbol_that_occurs_has_a_code_and_no_room_is_left(
            counts in prop::collection::vec(prop_oneof![Just(0), 1_u32..4, any::<u16>().prop_map(u32::from)], 19..287),
            limit in 9_usize..16,
        ) {
            let lengths = lengths_of(&counts, limit);
            prop_assert_eq!(taken(&lengths, limit), 1 << limit);
            let used = counts.iter().filter(|&&count| count > 0).count();
            for (&count, &length) in counts.iter().zip(&lengths) {
                prop_assert!(usize::from(length) <= limit);
                prop_assert!(count == 0 || length > 0);
                prop_assert!(count > 0 || length == 0 || used < 2);
            }
        }

        #[test]
        fn without_a_limit_in_the_way_no_code_is_shorter(
            counts in prop::collection::vec(0_u32..9, 2..60),
        ) {
            let used = counts.iter().filter(|&&count| count > 0).count();
            prop_assume!(used >= 2);
            prop_assert_eq!(bits(&counts, &lengths_of(&counts, 15)), fewest_bits(&counts));
        }

        #[test]
        fn no_code_begins_like_another(counts in prop::collection::vec(0_u32..999, 2..80)) {
            let lengths = lengths_of(&counts, 15);
            let mut found = vec![0; lengths.len()];
            codes(&lengths, &mut found);
            let all: Vec<(u16, u8)> = found.into_iter().zip(lengths).filter(|(_, length)| *length > 0).collect();
            for (at, &(code, length)) in all.iter().enumerate() {
                for &(other, other_length) in &all[at + 1..] {
                    let mask = (1_u32 << length.min(other_length)) - 1;
                    prop_assert!(u32::from(code ^ other) & mask != 0);
                }
            }
        }
    }

    #[test]
    fn counts_like_fibonacci_numbers_keep_to_the_limit() {
        let mut counts = vec![1, 1];
        while counts.len() < 40 {
            counts.push(counts[counts.len() - 1] + counts[counts.len() - 2]);
        }
        for limit in 6..=15 {
            let lengths = lengths_of(&counts, limit);
            assert_eq!(taken(&lengths, limit), 1 << limit);
            assert_eq!(lengths.iter().max().map(|&length| usize::from(length)), Some(limit));
            assert!(lengths.is_sorted_by(|rare, common| rare >= common));
        }
    }

    #[test]
    fn a_lone_symbol_gets_a_bit_and_so_does_another() {
        assert_eq!(lengths_of(&[0, 0, 5], 15), [1, 0, 1]);
        assert_eq!(lengths_of(&[5, 0, 0], 15), [1, 1, 0]);
        assert_eq!(lengths_of(&[0, 0, 0], 15), [1, 1, 0]);
    }
}
