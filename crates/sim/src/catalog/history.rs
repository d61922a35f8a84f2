//! Events, figures, the audit trail and what stores can do, in memory.

use async_trait::async_trait;
use catalog::audit::ACTIONS_PER_ACCOUNT_MAX;
use catalog::history::{EVENTS_PER_JOB_MAX, hour_of};
use catalog::{
    Action, Audit, AuditOf, CAPABILITIES_MAX, Capability, History, HourFigures, JobEvent, Page,
    Paged, Result, Stores,
};
use model::{JobId, UnixNanos};

use super::{MemoryCatalog, State, paged};

#[async_trait]
impl History for MemoryCatalog {
    async fn events(&self, job: JobId, page: Page) -> Result<Paged<JobEvent>> {
        let state = self.state();
        let events = state.events.get(&job).into_iter().flatten();
        Ok(paged(events.rev().cloned(), page))
    }

    async fn figures(
        &self,
        job: JobId,
        from: UnixNanos,
        to: UnixNanos,
    ) -> Result<Vec<HourFigures>> {
        let state = self.state();
        let wanted =
            |((of, hour), _): &(&(JobId, UnixNanos), _)| *of == job && from <= *hour && *hour < to;
        Ok(state.figures.iter().filter(wanted).map(|(_, figures)| figures.clone()).collect())
    }

    async fn note_event(&self, job: JobId, event: JobEvent) -> Result<()> {
        let mut state = self.state();
        state.job(job)?;
        state.add_event(job, event);
        Ok(())
    }

    async fn forget_before(&self, at: UnixNanos) -> Result<()> {
        let mut state = self.state();
        state.events.values_mut().for_each(|events| events.retain(|event| event.at >= at));
        state.figures.retain(|(_, hour), _| *hour >= at);
        Ok(())
    }
}

#[async_trait]
impl Audit for MemoryCatalog {
    async fn actions(&self, of: AuditOf, page: Page) -> Result<Paged<Action>> {
        let state = self.state();
        let wanted = |action: &&Action| match of {
            AuditOf::Account(id) => action.account == Some(id),
            AuditOf::Installation => true,
        };
        Ok(paged(state.actions.iter().rev().filter(wanted).cloned(), page))
    }

    async fn forget_actions_before(&self, at: UnixNanos) -> Result<()> {
        self.state().actions.retain(|action| action.by.at >= at);
        Ok(())
    }
}

#[async_trait]
impl Stores for MemoryCatalog {
    async fn remember_capability(
        &self,
        place: &str,
        what: &str,
        value: &str,
        at: UnixNanos,
    ) -> Result<()> {
        let (place, what, value) = (place.to_owned(), what.to_owned(), value.to_owned());
        let known = &mut self.state().capabilities;
        known.insert((place.clone(), what.clone()), Capability { place, what, value, at });
        if known.len() > CAPABILITIES_MAX as usize
            && let Some(oldest) = known.values().min_by_key(|known| known.at)
        {
            let oldest = (oldest.place.clone(), oldest.what.clone());
            known.remove(&oldest);
        }
        Ok(())
    }

    async fn capabilities(&self) -> Result<Vec<Capability>> {
        Ok(self.state().capabilities.values().cloned().collect())
    }
}

impl State {
    /// Writes what was done, if anything was; the oldest of too many goes.
    pub(super) fn write(&mut self, action: Option<Action>) {
        let Some(action) = action else { return };
        let of = action.account;
        let number = self.actions.last().map_or(0, |last| last.number) + 1;
        self.actions.push(Action { number, ..action });
        let mut mine = self.actions.iter().filter(|action| action.account == of);
        if mine.clone().count() > ACTIONS_PER_ACCOUNT_MAX as usize
            && let Some(oldest) = mine.next().map(|oldest| oldest.number)
        {
            self.actions.retain(|action| action.number != oldest);
        }
    }

    /// Writes an event, or counts a repeat; the oldest of too many goes.
    pub(super) fn add_event(&mut self, job: JobId, event: JobEvent) {
        let events = self.events.entry(job).or_default();
        match events.iter_mut().rev().find(|known| known.repeats_as(&event)) {
            Some(known) => {
                known.at = known.at.max(event.at);
                known.since = known.since.min(event.since);
                known.count += event.count;
            }
            None => events.push(event),
        }
        events.sort_by_key(|event| event.at);
        let too_many = events.len().saturating_sub(EVENTS_PER_JOB_MAX as usize);
        events.drain(..too_many);
    }

    /// The figures of the hour of `at`.
    pub(super) fn figures_at(&mut self, job: JobId, at: UnixNanos) -> &mut HourFigures {
        let hour = hour_of(at);
        self.figures.entry((job, hour)).or_insert_with(|| HourFigures::new(hour))
    }
}
