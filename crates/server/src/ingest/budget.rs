//! The memory that requests may take at a time, over all of them, and for each tenant.
//!
//! A request reserves bytes before it holds them and gives them back when it is done, whatever
//! way it ends. What does not fit is refused at once: pressure goes outward.
//!
//! **Rules.** A tenant has at most its share of the whole, so that there is room for others. The
//! oldest of its requests may go beyond that, up to the whole: so one request always gets on,
//! however large it may be.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::IngestError;
use super::tenant::Tenant;

/// A number of bytes that is shared out among requests.
#[derive(Debug)]
pub(crate) struct Budget {
    held: Mutex<Held>,
    max: AtomicU64,
    tenant_max: AtomicU64,
}

#[derive(Debug, Default)]
struct Held {
    bytes: u64,
    requests: u64,
    tenants: HashMap<Tenant, Share>,
}

/// What a tenant's requests hold.
#[derive(Debug, Default)]
struct Share {
    bytes: u64,
    /// The numbers of its requests, which go up.
    requests: BTreeSet<u64>,
}

/// The part of a budget that one request holds.
#[derive(Debug)]
pub(super) struct Reserved {
    budget: Arc<Budget>,
    tenant: Tenant,
    number: u64,
    bytes: u64,
}

impl Budget {
    /// A budget of `max` bytes, of which a tenant may have `tenant_max`.
    pub(crate) fn new(max: u64, tenant_max: u64) -> Arc<Self> {
        let (max, tenant_max) = (AtomicU64::new(max), AtomicU64::new(tenant_max));
        Arc::new(Self { held: Mutex::default(), max, tenant_max })
    }

    /// Makes it a budget of other bounds. What is taken beyond them is given back in its time.
    pub(crate) fn resize(&self, max: u64, tenant_max: u64) {
        self.max.store(max, Ordering::Relaxed);
        self.tenant_max.store(tenant_max, Ordering::Relaxed);
    }

    /// The bytes that requests hold now.
    pub(crate) fn taken(&self) -> u64 {
        self.held().bytes
    }

    /// A part of the budget for a tenant's request, empty yet.
    pub(super) fn reserve(self: &Arc<Self>, tenant: Tenant) -> Reserved {
        let mut held = self.held();
        let number = held.requests;
        held.requests += 1;
        held.tenants.entry(tenant).or_default().requests.insert(number);
        Reserved { budget: Arc::clone(self), tenant, number, bytes: 0 }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reserved {
    /// Makes the part `bytes` larger.
    ///
    /// # Errors
    /// `Crowded` where the tenant's other requests hold its share, `Overloaded` where the budget
    /// has not so much left; the part stays as it is.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), IngestError> {
        let bytes = bytes as u64;
        let mut held = self.budget.held();
        let all = held.bytes.saturating_add(bytes);
        let share = held.tenants.entry(self.tenant).or_default();
        let own = share.bytes.saturating_add(bytes);
        let may_exceed =
            self.tenant == Tenant::Operator || share.requests.first() == Some(&self.number);
        if own > self.budget.tenant_max.load(Ordering::Relaxed) && !may_exceed {
            return Err(IngestError::Crowded);
        }
        if all > self.budget.max.load(Ordering::Relaxed) {
            return Err(IngestError::Overloaded);
        }
        share.bytes = own;
        held.bytes = all;
        drop(held);
        self.bytes += bytes;
        Ok(())
    }

    /// Gives `bytes` of the part back.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let bytes = self.bytes.min(bytes as u64);
        self.bytes -= bytes;
        let mut held = self.budget.held();
        held.bytes -= bytes;
        if let Some(share) = held.tenants.get_mut(&self.tenant) {
            share.bytes -= bytes;
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut held = self.budget.held();
        held.bytes -= self.bytes;
        if let Some(share) = held.tenants.get_mut(&self.tenant) {
            share.bytes -= self.bytes;
            share.requests.remove(&self.number);
            if share.requests.is_empty() {
                held.tenants.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Id;

    use super::*;

    fn tenant(number: u8) -> Tenant {
        Tenant::Account(Id::from_bytes([number; 16]))
    }

    #[test]
    fn what_does_not_fit_is_refused_and_what_is_dropped_fits_again() {
        let budget = Budget::new(100, 100);
        let mut first = budget.reserve(tenant(1));
        let mut second = budget.reserve(tenant(2));
        first.grow(60).unwrap();
        assert!(matches!(second.grow(41), Err(IngestError::Overloaded)));
        second.grow(40).unwrap();
        assert_eq!(budget.taken(), 100);
        first.shrink(10);
        assert_eq!(budget.taken(), 90);
        drop(first);
        second.grow(60).unwrap();
        drop(second);
    }

    #[test]
    fn a_budget_that_was_made_smaller_refuses_until_enough_is_given_back() {
        let budget = Budget::new(100, 100);
        let mut first = budget.reserve(tenant(1));
        first.grow(80).unwrap();
        budget.resize(50, 50);
        let mut second = budget.reserve(tenant(2));
        assert!(second.grow(1).is_err());
        drop(first);
        assert!(second.grow(51).is_err());
        second.grow(50).unwrap();
    }

    #[test]
    fn a_tenant_leaves_room_for_others() {
        let budget = Budget::new(100, 60);
        let mut crowd: Vec<Reserved> = (0..10).map(|_| budget.reserve(tenant(1))).collect();
        let refused = crowd.iter_mut().filter_map(|one| one.grow(10).err()).count();
        assert_eq!((refused, budget.taken()), (4, 60));
        let mut other = budget.reserve(tenant(2));
        other.grow(40).unwrap();
    }

    #[test]
    fn one_request_gets_on_however_large_it_is() {
        let budget = Budget::new(100, 50);
        let (mut oldest, mut next) = (budget.reserve(tenant(1)), budget.reserve(tenant(1)));
        next.grow(40).unwrap();
        oldest.grow(50).unwrap();
        assert!(matches!(next.grow(1), Err(IngestError::Crowded)));
        drop(oldest);
        // Now it is the oldest itself.
        next.grow(60).unwrap();
        assert!(matches!(next.grow(1), Err(IngestError::Overloaded)));
    }

    #[test]
    fn the_operator_may_have_it_all_and_who_is_done_leaves_nothing() {
        let budget = Budget::new(100, 10);
        let (mut first, mut second) =
            (budget.reserve(Tenant::Operator), budget.reserve(Tenant::Operator));
        first.grow(50).unwrap();
        second.grow(50).unwrap();
        drop((first, second));
        assert!(budget.held().tenants.is_empty());
    }
}
