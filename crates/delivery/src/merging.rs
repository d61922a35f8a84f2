//! Frames as a job reads them that joins subrequests to their requests.

use journal::Frame;
use model::Partition;
use model::merge::Merger;
use model::record::Scanner;
use model::sample::RecordPosition;

use crate::lane::JobPlan;
use crate::route::lines;

/// Reads frames for one job, its subrequests joined: in the place of a decoder, which reads them
/// for several as they are.
#[derive(Debug)]
pub(crate) struct MergingDecoder {
    merger: Merger,
}

impl MergingDecoder {
    /// A decoder for this job; `None` where it takes records as they are.
    pub(crate) fn new(plan: &JobPlan) -> Option<Self> {
        plan.compiled.merger().map(|merger| Self { merger })
    }

    /// Gives each merged record of the frame, in order, to `take`: with the scanner that holds its
    /// values, and with the position of the record that the others were joined to.
    pub(crate) fn decode(
        &mut self,
        frame: &Frame,
        partition: Partition,
        mut take: impl FnMut(&Scanner, &[u8], RecordPosition),
    ) {
        let unread = self.merger.merge(lines(&frame.payload), |scanner, line, index| {
            take(scanner, line, RecordPosition { partition, offset: frame.offset, index });
        });
        for (index, error) in unread {
            // As in every decoder: a bug, not bad input.
            tracing::error!(
                dataset = %frame.dataset, offset = %frame.offset, index, %error,
                "cannot read a stored record"
            );
        }
    }
}
