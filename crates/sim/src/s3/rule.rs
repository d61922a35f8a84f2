//! Which requests meet which fault.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::fault::Fault;
use super::operation::{Asked, Operation};
use crate::rng::Rng;

/// A fault and the requests that meet it: all, where nothing else is said.
#[derive(Debug, Clone)]
pub struct Rule {
    fault: Fault,
    operations: Vec<Operation>,
    bucket: Option<String>,
    key_part: Option<String>,
    conditional_only: bool,
    passing: u64,
    left: Option<u64>,
    per_mille: Option<u32>,
    until: Option<Instant>,
}

impl Rule {
    /// A rule that every request meets.
    pub const fn new(fault: Fault) -> Self {
        Self {
            fault,
            operations: Vec::new(),
            bucket: None,
            key_part: None,
            conditional_only: false,
            passing: 0,
            left: None,
            per_mille: None,
            until: None,
        }
    }

    /// Only these operations.
    #[must_use]
    pub fn on(mut self, operations: &[Operation]) -> Self {
        self.operations = operations.to_vec();
        self
    }

    /// Only this bucket.
    #[must_use]
    pub fn in_bucket(mut self, bucket: &str) -> Self {
        self.bucket = Some(bucket.to_owned());
        self
    }

    /// Only keys with this part.
    #[must_use]
    pub fn for_keys_with(mut self, part: &str) -> Self {
        self.key_part = Some(part.to_owned());
        self
    }

    /// Only requests with `If-None-Match`.
    #[must_use]
    pub const fn when_conditional(mut self) -> Self {
        self.conditional_only = true;
        self
    }

    /// The first so many that would meet it pass.
    #[must_use]
    pub const fn after(mut self, requests: u64) -> Self {
        self.passing = requests;
        self
    }

    /// So often, then never again.
    #[must_use]
    pub const fn times(mut self, times: u64) -> Self {
        self.left = Some(times);
        self
    }

    /// In so many of a thousand cases, as the server's seed has it.
    #[must_use]
    pub const fn per_mille(mut self, rate: u32) -> Self {
        self.per_mille = Some(rate);
        self
    }

    /// For so long from now on.
    #[must_use]
    pub fn lasting(mut self, time: Duration) -> Self {
        self.until = Some(Instant::now() + time);
        self
    }

    fn concerns(&self, asked: &Asked) -> bool {
        let operation = self.operations.is_empty() || self.operations.contains(&asked.operation);
        let bucket = self.bucket.as_ref().is_none_or(|bucket| *bucket == asked.bucket);
        let key = self.key_part.as_ref().is_none_or(|part| asked.key.contains(part));
        let condition = !self.conditional_only || asked.is_conditional;
        operation && bucket && key && condition
    }

    fn meets(&mut self, asked: &Asked, rng: &mut Rng) -> bool {
        let is_over = self.until.is_some_and(|until| Instant::now() >= until);
        if is_over || self.left == Some(0) || !self.concerns(asked) {
            return false;
        }
        if self.passing > 0 {
            self.passing -= 1;
            return false;
        }
        if self.per_mille.is_some_and(|rate| !rng.per_mille(rate)) {
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        true
    }
}

/// The rules in force, and what they did.
#[derive(Debug)]
pub(super) struct Rules {
    rng: Rng,
    rules: Vec<Rule>,
    met: BTreeMap<&'static str, u64>,
}

impl Rules {
    pub(super) const fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), rules: Vec::new(), met: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// How often which fault was met.
    pub(super) const fn met(&self) -> &BTreeMap<&'static str, u64> {
        &self.met
    }

    /// The fault that a request meets: that of the first rule that has it so.
    pub(super) fn choose(&mut self, asked: &Asked) -> Option<Fault> {
        let Self { rng, rules, met } = self;
        let rule = rules.iter_mut().find_map(|rule| rule.meets(asked, rng).then_some(&*rule))?;
        *met.entry(rule.fault.name()).or_default() += 1;
        Some(rule.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(operation: Operation, bucket: &str) -> Asked {
        let (bucket, key) = (bucket.to_owned(), "logs/1".to_owned());
        Asked { operation, bucket, key, is_conditional: false }
    }

    fn put() -> Asked {
        asked(Operation::PutObject, "amber")
    }

    fn met(rule: Rule, requests: &[Asked]) -> Vec<bool> {
        let mut rules = Rules::new(7);
        rules.add(rule);
        requests.iter().map(|asked| rules.choose(asked).is_some()).collect()
    }

    #[test]
    fn a_rule_passes_some_then_strikes_some_times() {
        let rule = Rule::new(Fault::CutsBefore).after(1).times(2);
        assert_eq!(met(rule, &vec![put(); 5]), [false, true, true, false, false]);
    }

    #[test]
    fn a_rule_keeps_to_its_operations_and_its_bucket() {
        let rule = Rule::new(Fault::CutsAfter).on(&[Operation::UploadPart]).in_bucket("amber");
        let part = |bucket| asked(Operation::UploadPart, bucket);
        assert_eq!(met(rule, &[put(), part("amber"), part("birch")]), [false, true, false]);
    }

    #[test]
    fn a_rate_is_kept_and_a_seed_decides_who_is_met() {
        let rule = || Rule::new(Fault::CutsBefore).per_mille(100);
        let requests = vec![put(); 2_000];
        let (one, other) = (met(rule(), &requests), met(rule(), &requests));
        assert_eq!(one, other);
        let count = one.iter().filter(|met| **met).count();
        assert!((140..260).contains(&count), "{count} of 2,000 at 10 %");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rule_ends_with_its_time() {
        let mut rules = Rules::new(1);
        rules.add(Rule::new(Fault::CutsBefore).lasting(Duration::from_secs(5)));
        assert!(rules.choose(&put()).is_some());
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(rules.choose(&put()).is_none());
        assert_eq!(rules.met().get("cut before"), Some(&1));
    }
}
