//! The routes of a partition's reader, and when the next batch of any has to close.
//!
//! **Rules.** A reader has thousands of routes, of which few have something to do at a time: no turn
//! walks over all of them. Whoever works on a route takes it out and puts it back.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use crate::lane::Lane;
use crate::route::{Route, RouteKey};

/// The routes of a reader, by whose records they read.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    by_key: BTreeMap<RouteKey, Route>,
    /// Those with an open batch, by when the next one has to close.
    closes: BTreeSet<(Instant, RouteKey)>,
}

impl Routes {
    pub(crate) fn contains(&self, key: &RouteKey) -> bool {
        self.by_key.contains_key(key)
    }

    /// Takes a route out, to be worked on.
    pub(crate) fn take(&mut self, key: &RouteKey) -> Option<Route> {
        let route = self.by_key.remove(key)?;
        if let Some(at) = route.next_close() {
            self.closes.remove(&(at, key.clone()));
        }
        Some(route)
    }

    /// Puts a route in, or back; one without lanes is forgotten.
    pub(crate) fn put(&mut self, key: RouteKey, route: Route) {
        if route.lanes.is_empty() {
            return;
        }
        if let Some(at) = route.next_close() {
            self.closes.insert((at, key.clone()));
        }
        self.by_key.insert(key, route);
    }

    /// When the next batch has to close.
    pub(crate) fn next_close(&self) -> Option<Instant> {
        self.closes.first().map(|&(at, _)| at)
    }

    /// Takes out the routes of which a batch has to close by `now`, to be worked on.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<(RouteKey, Route)> {
        let mut due = Vec::new();
        while self.next_close().is_some_and(|at| at <= now) {
            let Some((_, key)) = self.closes.pop_first() else { break };
            due.extend(self.by_key.remove(&key).map(|route| (key, route)));
        }
        due
    }

    /// Takes out the lanes of a route for which `leaves` says so.
    pub(crate) fn take_lanes(
        &mut self,
        key: &RouteKey,
        leaves: impl Fn(&Lane) -> bool,
    ) -> Vec<Lane> {
        let is_left = |route: &Route| route.lanes.iter().any(&leaves);
        if !self.by_key.get(key).is_some_and(is_left) {
            return Vec::new();
        }
        let Some(mut route) = self.take(key) else { return Vec::new() };
        let lanes = route.take_out(|lane| leaves(lane));
        self.put(key.clone(), route);
        lanes
    }

    /// The keys of all routes.
    pub(crate) fn keys(&self) -> Vec<RouteKey> {
        self.by_key.keys().cloned().collect()
    }

    /// All lanes; none of them may be closed by this.
    pub(crate) fn lanes_mut(&mut self) -> impl Iterator<Item = &mut Lane> {
        self.by_key.values_mut().flat_map(|route| &mut route.lanes)
    }
}
