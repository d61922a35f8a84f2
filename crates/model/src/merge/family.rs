//! Which records of a frame belong together.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::limits::SUBREQUESTS_MAX;

/// Who a record is and who caused it; nothing where it does not tell.
#[derive(Debug)]
pub(super) struct Kin<'l> {
    pub(super) own: Option<Cow<'l, [u8]>>,
    pub(super) parent: Option<Cow<'l, [u8]>>,
}

/// For each record of a frame its family, the places of the records that are joined to it, in
/// order; `None` for those that are joined to another.
pub(super) fn families(kin: &[Kin<'_>]) -> Vec<Option<Vec<usize>>> {
    let parents = parents(kin);
    let mut families: Vec<Option<Vec<usize>>> = vec![Some(Vec::new()); kin.len()];
    for place in 0..kin.len() {
        let Some(first) = first_cause(place, &parents) else { continue };
        if let Some(Some(family)) = families.get_mut(first)
            && family.len() < SUBREQUESTS_MAX
        {
            family.push(place);
            families[place] = None;
        }
    }
    families
}

/// For each record the place of the one that caused it, where that is in the frame. Where several
/// have its id, it is the first of them.
fn parents(kin: &[Kin<'_>]) -> Vec<Option<usize>> {
    let mut places = HashMap::with_capacity(kin.len());
    for (place, Kin { own, parent }) in kin.iter().enumerate() {
        // One that says that it caused itself cannot be meant by others.
        if let Some(own) = own.as_deref().filter(|own| Some(*own) != parent.as_deref()) {
            places.entry(own).or_insert(place);
        }
    }
    kin.iter().map(|kin| places.get(kin.parent.as_deref()?).copied()).collect()
}

/// The record in the frame that caused this one in the end; `None` where none did, and where
/// following its causes comes to no end.
fn first_cause(place: usize, parents: &[Option<usize>]) -> Option<usize> {
    let mut at = parents[place]?;
    for _ in 0..parents.len() {
        match parents[at] {
            Some(parent) => at = parent,
            None => return Some(at),
        }
    }
    None
}
