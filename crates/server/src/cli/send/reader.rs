//! The thread that reads files and cuts them into requests.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::array::ArrayElements;
use super::chunk::{Chunks, Origin};
use super::input::Input;
use super::lines::{Lines, TextLines};
use super::{CliError, Format};
use crate::client::Shipment;

/// One request, ready to send.
#[derive(Debug)]
pub(super) struct Parcel {
    /// The file that it is from, as people know it.
    pub(super) file: String,
    /// Lines that are not blank.
    pub(super) records: u64,
    /// Bytes of all inputs that were read up to here, before decompression.
    pub(super) input_bytes: u64,
    pub(super) shipment: Shipment,
}

/// Starts to read `inputs`, one after the other. Parcels come out as fast as they are taken, at
/// most `ahead` of them before that; nothing comes after an error.
///
/// It is a thread of its own and not one of the runtime's, because a read from a terminal or a
/// pipe cannot be interrupted, and the program must be able to end all the same.
pub(super) fn start(
    inputs: Vec<Input>,
    format: Format,
    origin: Origin,
    ahead: usize,
) -> Result<Receiver<Result<Parcel, CliError>>, CliError> {
    let (sender, receiver) = channel(ahead);
    let reader = Reader { format, origin, taken: Arc::default(), sender };
    std::thread::Builder::new()
        .name("reader".to_owned())
        .spawn(move || reader.run(&inputs))
        .map_err(CliError::Thread)?;
    Ok(receiver)
}

struct Reader {
    format: Format,
    origin: Origin,
    taken: Arc<AtomicU64>,
    sender: Sender<Result<Parcel, CliError>>,
}

impl Reader {
    fn run(mut self, inputs: &[Input]) {
        for input in inputs {
            self.origin.source = input.source_name();
            let going_on = match input.open(&self.taken) {
                Ok(opened) => self.cut(input, opened),
                Err(error) => self.hand_over(Err(error)),
            };
            if !going_on {
                break;
            }
        }
    }

    /// Cuts one input; `false` where nothing more is wanted.
    fn cut(&self, input: &Input, opened: Box<dyn BufRead>) -> bool {
        match self.format {
            Format::Ndjson | Format::Combined => self.cut_lines(input, TextLines::new(opened)),
            Format::JsonArray => self.cut_lines(input, ArrayElements::new(opened)),
        }
    }

    fn cut_lines(&self, input: &Input, lines: impl Lines) -> bool {
        let file = input.display_name();
        for chunk in Chunks::new(lines) {
            let parcel = chunk
                .map(|chunk| Parcel {
                    file: file.clone(),
                    records: chunk.records,
                    input_bytes: self.taken.load(Ordering::Relaxed),
                    shipment: Shipment {
                        idempotency_key: self.origin.key(&chunk),
                        content_type: self.format.content_type(),
                        first_line: Some(chunk.first_line),
                        source: Some(self.origin.source.clone()),
                        body: Bytes::from(chunk.body),
                    },
                })
                .map_err(|source| CliError::Cut { name: file.clone(), source });
            if !self.hand_over(parcel) {
                return false;
            }
        }
        true
    }

    /// `false` after an error, and where nobody takes parcels any more.
    fn hand_over(&self, parcel: Result<Parcel, CliError>) -> bool {
        let good = parcel.is_ok();
        self.sender.blocking_send(parcel).is_ok() && good
    }
}
