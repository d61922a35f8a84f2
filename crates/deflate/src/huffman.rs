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
