//! A partition's writer without a thread, for a simulator: it writes when it is told to.

use super::writer::Writer;

/// Writes what is appended to one partition, whenever it is told to.
#[derive(Debug)]
pub struct HandWriter {
    writer: Writer,
}

impl HandWriter {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer }
    }

    /// Writes all appends that wait, in groups, and answers them.
    pub fn write_waiting(&mut self) {
        self.writer.write_waiting();
    }
}
