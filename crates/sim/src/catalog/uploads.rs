//! Open uploads in parts, in memory.

use catalog::{BatchState, CatalogError, OpenUpload, Result, UploadedPart};
use model::{JobId, Offset, Partition, Revision};

use super::{State, not_found};

impl State {
    pub(super) fn open_upload(&mut self, upload: &OpenUpload) -> Result<()> {
        let OpenUpload { job, partition, first, upload_id, .. } = upload;
        let name = format!("of job {job} from {first} in partition {partition}");
        match self.batches.get(&(*job, *partition, *first)).map(|record| &record.state) {
            Some(BatchState::Sealed) => {}
            Some(_) => return Err(CatalogError::Fenced(format!("the batch {name} is decided"))),
            None => return Err(not_found("batch", &name)),
        }
        let key = (*job, *partition, *first, upload_id.clone());
        self.uploads.entry(key).or_insert_with(|| upload.clone());
        Ok(())
    }

    pub(super) fn note_part(
        &mut self,
        (job, partition, first): (JobId, Partition, Offset),
        upload_id: &str,
        part: UploadedPart,
    ) -> Result<()> {
        let upload = self.uploads.get_mut(&(job, partition, first, upload_id.to_owned()));
        let parts = &mut upload.ok_or_else(|| not_found("upload", &upload_id))?.parts;
        parts.retain(|known| known.number != part.number);
        parts.push(part);
        parts.sort_by_key(|part| part.number);
        Ok(())
    }

    /// Closes all uploads of a batch, which is of this revision.
    pub(super) fn close_uploads(&mut self, batch: (JobId, Partition, Offset), revision: Revision) {
        self.uploads.retain(|(job, partition, first, _), upload| {
            (*job, *partition, *first) != batch || upload.revision != revision
        });
    }
}
