//! Where somebody is on the walk: the draft, the step, and what every page of the walk shows.

use std::sync::Arc;

use model::{Dataset, Issue, Scope};

use super::draft::Draft;
use super::steps::{Problems, State, Step};
use crate::api::ownership::check_proof;
use crate::api::{ApiError, Code};
use crate::http::Call;

/// Somebody on the walk.
#[derive(Debug)]
pub(super) struct At<'c> {
    /// The request.
    pub(super) call: &'c Call,
    /// What they have typed so far.
    pub(super) draft: Draft,
    /// The path of the draft, to which a step's name is added; without a draft yet, of the
    /// walk's beginning.
    pub(super) path: String,
    /// Whether there is a draft yet.
    pub(super) is_begun: bool,
    /// Whether what is wrong is to be told: not before they have tried to go on.
    pub(super) tells: bool,
}

/// Where to go after a form was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// To the same step.
    Stay,
    /// To the same step, with this query.
    With(&'static str, String),
    /// To the same step, where what is wrong is told.
    Mend,
    /// To a step.
    To(Step),
    /// Out: the job is saved, and stands at this path.
    Saved(String),
}

/// What every page of the walk shows.
#[derive(Debug)]
pub(super) struct Walk {
    /// The step's number from 0 among all.
    step: Step,
    /// Every step.
    pub(super) steps: Vec<StepLink>,
    /// What is wrong.
    pub(super) problems: Problems,
    /// Where the form goes.
    pub(super) action: String,
    /// The step before.
    pub(super) back: Option<String>,
    /// Where one goes who gives up.
    pub(super) cancel: String,
    /// What the job that is edited is called.
    editing: Option<String>,
}

/// A step, as the stepper shows it.
#[derive(Debug)]
pub(super) struct StepLink {
    pub(super) number: usize,
    pub(super) title: &'static str,
    pub(super) state: State,
    pub(super) link: Option<String>,
    pub(super) is_here: bool,
}

impl Walk {
    pub(super) fn title(&self) -> &'static str {
        self.step.title()
    }

    pub(super) fn is_editing(&self) -> bool {
        self.editing.is_some()
    }

    pub(super) fn heading(&self) -> String {
        match &self.editing {
            Some(name) => format!("Edit {name}"),
            None => "Connect a service".to_owned(),
        }
    }

    pub(super) fn next_label(&self) -> &'static str {
        match (self.step, self.is_editing()) {
            (Step::Summary, true) => "Save",
            (Step::Summary, false) => "Save and Start Pushing",
            _ => "Continue",
        }
    }

    /// What is wrong with the field of that name.
    pub(super) fn problem(&self, field: &str) -> Option<String> {
        self.problems.about(field)
    }
}

impl At<'_> {
    /// The scope.
    pub(super) fn scope(&self) -> Scope {
        self.draft.scope
    }

    /// The dataset that was selected.
    pub(super) fn dataset(&self) -> Option<Arc<Dataset>> {
        self.call.app.datasets.get(&self.draft.dataset).map(Arc::clone)
    }

    /// The dataset that was selected, which every step but the first needs.
    pub(super) fn selected(&self) -> Result<Arc<Dataset>, ApiError> {
        let missing = || ApiError::new(Code::BadRequest, "select a data set first");
        self.dataset().ok_or_else(missing)
    }

    /// All that is wrong with the job.
    pub(super) fn issues(&self) -> Vec<Issue> {
        self.draft.issues(&self.call.app.datasets)
    }

    /// Whether the destination is proven to be the customer's, or needs no proof; or why not.
    pub(super) fn proof(&self) -> Result<(), String> {
        let draft = &self.draft;
        if !draft.is_moved() {
            return Ok(());
        }
        let token = Some(draft.token.trim()).filter(|token| !token.is_empty());
        let destination = draft.destination();
        match check_proof(self.call, draft.scope, &destination, token) {
            Ok(Ok(())) => Ok(()),
            _ if token.is_none() => {
                Err("paste what the file in your bucket holds, and press Prove ownership".into())
            }
            Ok(Err(message)) => Err(message),
            Err(error) => Err(error.message().to_owned()),
        }
    }

    /// The path of a step.
    pub(super) fn link(&self, step: Step) -> String {
        format!("{}/{}", self.path, step.name())
    }

    /// The path of the scope's connected services.
    pub(super) fn jobs(&self) -> String {
        jobs_path(self.scope())
    }

    /// What the page of a step shows of the walk.
    pub(super) fn walk(&self, step: Step) -> Walk {
        let issues = self.issues();
        let mut problems = Problems::default();
        if self.tells {
            problems = Problems::of(step, &issues);
        }
        let draft = &self.draft;
        let proven = self.proof().is_ok();
        let reached =
            |step: Step| self.is_begun && (step == Step::Dataset || !draft.dataset.is_empty());
        let steps = (1..).zip(Step::ALL).map(|(number, other)| StepLink {
            number,
            title: other.title(),
            state: other.state(draft, &issues, proven),
            link: (reached(other) && other != step).then(|| self.link(other)),
            is_here: other == step,
        });
        Walk {
            step,
            steps: steps.collect(),
            problems,
            action: if self.is_begun { self.link(step) } else { self.path.clone() },
            back: step.back().map(|back| self.link(back)),
            cancel: self.cancel(),
            editing: draft.before.as_ref().map(job_name),
        }
    }

    fn cancel(&self) -> String {
        let jobs = self.jobs();
        match &self.draft.before {
            Some(job) => format!("{jobs}/{}", job.id),
            None => jobs,
        }
    }
}

/// What people call a job.
pub(super) fn job_name(job: &catalog::Job) -> String {
    job.name.clone().unwrap_or_else(|| format!("job {}", job.id))
}

/// The path of the scope's connected services.
pub(super) fn jobs_path(scope: Scope) -> String {
    format!("/{}s/{}/logs", scope.kind.name(), scope.id)
}
