//! Chooses among matches by what they cost.
//!
//! From each place that is reached lead steps: a literal, and to the end of each match that is
//! longer than all nearer ones. The cheapest way to each place is kept. Places inside of long
//! matches are not reached, and so cost nothing. Where all ways come together, the cheapest one is
//! written down.
//!
//! Lines of one kind differ in their values, and agree again where a value ends. So matches are
//! looked for where one has ended and at marks, and from there they go back too, into the end of a
//! value. Of many lines that agree the one is wanted that goes on for longest: a place has as many
//! candidates as lines are near.

use crate::index::{Index, zeros};
use crate::marks::{is_inside, is_word, marks};
use crate::plan::Plan;
use crate::prices::{BIT, Prices};
use crate::symbols::{DISTANCE_MAX, LENGTH_MAX};
use crate::text::{same_before, same_from, word};

/// Bytes of a stretch after which it ends where all ways meet, and where it ends in any case.
const STRETCH_MIN: usize = 512;
const STRETCH_MAX: usize = 4096;
/// Bytes of the longest step: what a match goes on for is as much as four can tell.
const STEP_MAX: usize = 4 * LENGTH_MAX + BACK_MAX;
const PLACES: usize = (STRETCH_MAX + STEP_MAX).next_multiple_of(64);
/// The shortest match that is looked for.
const SHORTEST: usize = 4;
/// Bytes of the key's half.
const HALF: usize = 8;
/// Bytes that a match may go back.
const BACK_MAX: usize = 8;
/// From this length on a match is so good that no literal is tried in its stead, but inside of a
/// value, whose end has more candidates.
const GOOD: usize = 12;
/// A place leads no further if a farther one costs hardly more than it.
const SLACK: u32 = 8 * BIT;
/// What every match costs at least: one that does not lead beyond a place that is as cheap is not
/// looked for.
const CHEAPEST: u32 = 8 * BIT;
/// Places inside of words are looked at where they are multiples of this.
const INSIDE: usize = 16;
/// Lines near the begin of a text that are many, and where the second halves of long keys lie then,
/// and else.
const MANY_LINES: usize = 24;
const FAR_OF_MANY: usize = 12;
const FAR: usize = 8;
/// Literals after which they become a sequence of their own.
const UNMATCHED_MAX: usize = 32 << 10;

/// The cheapest way to a place: its price and its last step.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    price: u32,
    length: u16,
    /// 0 for a literal.
    distance: u16,
}

impl Place {
    #[inline(always)]
    fn is_after_literal(self) -> bool {
        self.distance == 0 && self.length == 1
    }
}

/// What is kept from one text to the next, as room alone.
#[derive(Debug)]
pub(crate) struct Memory {
    index: Index,
    prices: Prices,
    places: Box<[Place; PLACES]>,
    reached: [u64; PLACES / 64],
    /// The steps of a way, the last one first.
    way: Vec<Place>,
}

impl Memory {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self {
            index: Index::new(),
            prices: Prices::new(),
            places: zeros(),
            reached: [0; PLACES / 64],
            way: Vec::with_capacity(PLACES),
        })
    }

    pub(crate) fn clear(&mut self) {
        self.index.clear();
        self.prices.clear();
    }

    /// The first place from here on that is reached; there is one.
    #[inline(always)]
    fn next_reached(&self, from: usize) -> usize {
        let mut number = from / 64;
        let mut bits = self.reached[number] >> (from % 64) << (from % 64);
        while bits == 0 {
            number += 1;
            bits = self.reached[number];
        }
        number * 64 + bits.trailing_zeros() as usize
    }

    /// Notes a way to a place, if it is cheaper than the one that is known.
    #[inline(always)]
    fn reach(&mut self, place: usize, way: Place) {
        let bit = 1 << (place % 64);
        let reached = &mut self.reached[place / 64];
        let known = &mut self.places[place];
        if *reached & bit == 0 || way.price < known.price {
            *reached |= bit;
            *known = way;
        }
    }

    #[inline(always)]
    fn step_literal(&mut self, from: usize, literal: u8) {
        let price = self.places[from].price + self.prices.literal(literal);
        self.reach(from + 1, Place { price, length: 1, distance: 0 });
    }

    /// Notes a match that goes on for `length` from a place, and back from it up to `before`: it
    /// begins at the first of these places that is reached.
    #[inline(always)]
    fn step_match(&mut self, place: usize, before: usize, length: usize, distance: usize) {
        let from = self.next_reached(place - before);
        let end = place + length.min(STEP_MAX - BACK_MAX);
        let length = end - from;
        let part = self.prices.length(length.min(LENGTH_MAX)) + self.prices.distance(distance);
        let price = self.places[from].price + length.div_ceil(LENGTH_MAX) as u32 * part;
        self.reach(end, Place { price, length: length as u16, distance: distance as u16 });
    }
}

/// What a look asks for.
struct Look {
    at: usize,
    place: usize,
    key: [u64; 2],
    /// Up to where a cheap way leads already.
    cover: usize,
    most_before: usize,
    /// The longest and the farthest back of the matches so far.
    best: usize,
    best_before: usize,
}

impl Look {
    /// Whether a match is worth a step, which makes it the one to beat.
    #[inline(always)]
    fn takes(&mut self, before: usize, length: usize) -> bool {
        let is_longer = length > self.best;
        let takes =
            is_longer || (before > self.best_before && length > self.cover.max(SHORTEST - 1));
        if takes {
            self.best = self.best.max(length);
            self.best_before = self.best_before.max(before);
        }
        takes
    }

    /// How many bytes before the place agree too, as far as they are asked for.
    #[inline(always)]
    fn before(&self, text: &[u8], source: usize) -> usize {
        if self.most_before == 0 {
            return 0;
        }
        same_before(text, self.at, source, self.most_before)
    }

    /// How far the text goes on as it does at `source`, as far as a step leads.
    #[inline(always)]
    fn length(&self, text: &[u8], source: usize) -> usize {
        let end = text.len().min(self.at + STEP_MAX);
        same_from(&text[..end], self.at, source)
    }

    /// How far back a place is that was seen, if a match can tell that.
    #[inline(always)]
    fn distance(&self, seen: u16) -> Option<usize> {
        let distance = usize::from((self.at as u16).wrapping_sub(seen));
        (distance.wrapping_sub(1) < self.at.min(DISTANCE_MAX)).then_some(distance)
    }
}

/// Goes through a text once.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    text: &'a [u8],
    memory: &'a mut Memory,
    /// The end of what was decided, from where places are counted.
    decided: usize,
    /// The end of what the plans say so far.
    written: usize,
    /// The end of what is remembered.
    remembered: usize,
    /// Where the second half of a long key lies.
    far: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a [u8], memory: &'a mut Memory) -> Self {
        let lines = text.iter().take(DISTANCE_MAX).filter(|&&byte| byte == b'\n').count();
        // The shorter the lines, the more of them are near, and have to be told apart.
        let far = if lines >= MANY_LINES { FAR_OF_MANY } else { FAR };
        Self { text, memory, decided: 0, written: 0, remembered: 0, far }
    }

    /// Whether all of the text was gone through.
    pub(crate) fn is_done(&self) -> bool {
        self.written == self.text.len()
    }

    /// Fills the plan of the next block.
    pub(crate) fn fill(&mut self, plan: &mut Plan) {
        while !plan.is_full() && self.decided < self.text.len() {
            let end = self.stretch();
            self.decide(end, plan);
            if self.decided - self.written > UNMATCHED_MAX {
                self.write_literals(plan);
            }
        }
        if self.decided > self.written {
            self.write_literals(plan);
        }
    }

    fn write_literals(&mut self, plan: &mut Plan) {
        plan.push_literals(&self.text[self.written..self.decided]);
        self.written = self.decided;
    }

    /// Finds the cheapest ways until they meet, and tells where.
    fn stretch(&mut self) -> usize {
        self.memory.reached.fill(0);
        self.memory.reached[0] = 1;
        self.memory.places[0] = Place::default();
        let left = self.text.len() - self.decided;
        let (mut place, mut farthest) = (0, 0);
        loop {
            let is_met = place == farthest && place >= STRETCH_MIN;
            if place == left || place >= STRETCH_MAX || is_met {
                return place;
            }
            farthest = farthest.max(self.go_on(place, farthest));
            place = self.memory.next_reached(place + 1);
        }
    }

    /// Takes all steps from a place; gives the end of the longest. The farthest place that is
    /// reached so far may tell that none is of use.
    #[inline(always)]
    fn go_on(&mut self, place: usize, farthest: usize) -> usize {
        let way = self.memory.places[place];
        let there = self.memory.places[farthest].price;
        if place < farthest && there <= way.price + SLACK {
            return farthest;
        }
        let at = self.decided + place;
        let literal = self.text[at];
        if way.is_after_literal() && is_inside(self.text, at) && !at.is_multiple_of(INSIDE) {
            self.memory.step_literal(place, literal);
            return place + 1;
        }
        let cover = farthest - place;
        let asked = if there <= way.price + CHEAPEST { cover } else { 0 };
        let most_before = if way.is_after_literal() { place.min(BACK_MAX) } else { 0 };
        let best = self.look(place, cover, asked.max(SHORTEST - 1), most_before);
        if best < GOOD || is_word(self.text, at) {
            self.memory.step_literal(place, literal);
        }
        place + best.clamp(1, STEP_MAX - BACK_MAX)
    }

    /// Takes the steps to the ends of matches that are longer than `best`; gives the longest, or 0.
    #[inline(always)]
    fn look(&mut self, place: usize, cover: usize, best: usize, most_before: usize) -> usize {
        let at = self.decided + place;
        self.remember(at);
        self.remembered = at + 1;
        let key = [word(self.text, at), word(self.text, at + self.far)];
        let mut look = Look { at, place, key, cover, most_before, best, best_before: 0 };
        let (short, long) = self.memory.index.look(at, key);
        let mut hits = long.hits;
        let mut last = look.best.max(HALF) - HALF + 1;
        let mut wanted = word(self.text, at + last);
        while hits != 0 {
            let seen = long.place(hits.trailing_zeros());
            hits &= hits - 1;
            let Some(distance) = look.distance(seen) else { continue };
            let source = at - distance;
            let before = look.before(self.text, source);
            let is_longer = word(self.text, source + last) == wanted;
            if u32::from(is_longer) | u32::from(before > look.best_before) == 0 {
                continue;
            }
            let length = look.length(self.text, source);
            if look.takes(before, length) {
                self.memory.step_match(place, before, length, distance);
                last = look.best.max(HALF) - HALF + 1;
                wanted = word(self.text, at + last);
            }
        }
        if look.best < HALF {
            self.look_for_short(&mut look, short);
        }
        if look.best > best { look.best } else { 0 }
    }

    /// The same for places where a short key was seen, the newest lowest.
    #[inline(always)]
    fn look_for_short(&mut self, look: &mut Look, mut row: u64) {
        let mut hits = [0; 4];
        let mut count = 0;
        for _ in 0..hits.len() {
            let distance = look.distance(row as u16).unwrap_or_default();
            row >>= 16;
            let is_same = (word(self.text, look.at - distance) ^ look.key[0]) as u32 == 0;
            hits[count] = distance;
            count += usize::from(distance > 0) & usize::from(is_same);
        }
        for &distance in &hits[..count] {
            let source = look.at - distance;
            let before = look.before(self.text, source);
            let length = look.length(self.text, source);
            if look.takes(before, length) {
                self.memory.step_match(look.place, before, length, distance);
            }
        }
    }

    /// Remembers the marks before `end`.
    #[inline(always)]
    fn remember(&mut self, end: usize) {
        let mut at = self.remembered;
        while at < end {
            let mut marks = marks(self.text, at);
            if end - at < 32 {
                marks &= (1 << (end - at)) - 1;
            }
            if let Some(window) = self.text.get(at..).and_then(|rest| rest.first_chunk()) {
                self.remember_marks(at, marks, window);
            } else {
                self.remember_last_marks(at, marks);
            }
            at += 32;
        }
    }

    /// The same for 32 places, whose keys lie in the window.
    #[inline(always)]
    fn remember_marks(&mut self, at: usize, mut marks: u32, window: &[u8; 64]) {
        let key = |step: usize| {
            window[step & 63..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        let far = self.far & 15;
        while marks != 0 {
            let step = marks.trailing_zeros() as usize & 31;
            marks &= marks - 1;
            self.memory.index.remember(at + step, [key(step), key(step + far)]);
        }
    }

    #[cold]
    #[inline(never)]
    fn remember_last_marks(&mut self, at: usize, mut marks: u32) {
        while marks != 0 {
            let mark = at + marks.trailing_zeros() as usize;
            marks &= marks - 1;
            let key = [word(self.text, mark), word(self.text, mark + self.far)];
            self.memory.index.remember(mark, key);
        }
    }

    /// Writes the cheapest way to a place down.
    fn decide(&mut self, end: usize, plan: &mut Plan) {
        let mut place = end;
        while place > 0 {
            let way = self.memory.places[place];
            self.memory.way.push(way);
            place -= usize::from(way.length);
        }
        while let Some(step) = self.memory.way.pop() {
            let (length, distance) = (usize::from(step.length), usize::from(step.distance));
            if distance == 0 {
                self.memory.prices.count_literal(self.text[self.decided]);
                self.decided += 1;
                continue;
            }
            plan.push(self.text, self.written..self.decided, length, distance);
            self.memory.prices.count_match(length, distance);
            self.decided += length;
            self.written = self.decided;
        }
    }
}
