//! The files to send, or standard input, opened as text; gzip is recognised by its first bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use crate::cli::CliError;

/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 256 << 10;
/// Longest name of a source that the service takes.
const SOURCE_BYTES_MAX: usize = 255;
/// How each gzip member begins (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Stdin,
    File(PathBuf),
}

impl Input {
    /// The input that an argument names: `-` is standard input.
    pub(super) fn from_argument(argument: &Path) -> Self {
        if argument == Path::new("-") { Self::Stdin } else { Self::File(argument.to_owned()) }
    }

    /// The name as people know it.
    pub(super) fn display_name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The name by which the service tells sources apart: a file's without its folder, so that it
    /// is the same from wherever the command is run, and without `.gz`, so that it stays the same
    /// when the file is compressed; in the form that the service takes.
    pub(super) fn source_name(&self) -> String {
        let name = match self {
            Self::Stdin => "stdin".into(),
            Self::File(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy(),
        };
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let mut name = name.replace(char::is_control, "?");
        name.truncate(name.floor_char_boundary(SOURCE_BYTES_MAX));
        name
    }

    /// Bytes of the file; `None` where it is a stream. An error where there is no such file.
    pub(super) fn size(&self) -> Result<Option<u64>, CliError> {
        let Self::File(path) = self else { return Ok(None) };
        let metadata = std::fs::metadata(path).map_err(|error| self.failed(error))?;
        if metadata.is_dir() {
            return Err(self.failed(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        Ok(metadata.is_file().then_some(metadata.len()))
    }

    /// Opens the input; `taken` counts the bytes read from it, before decompression.
    pub(super) fn open(&self, taken: &Arc<AtomicU64>) -> Result<Box<dyn BufRead>, CliError> {
        let taken = Arc::clone(taken);
        match self {
            Self::Stdin => unpacked(Counted { inner: io::stdin(), taken }),
            Self::File(path) => {
                let file = File::open(path).map_err(|error| self.failed(error))?;
                unpacked(Counted { inner: file, taken })
            }
        }
        .map_err(|error| self.failed(error))
    }

    fn failed(&self, source: io::Error) -> CliError {
        CliError::File { path: self.display_name().into(), source }
    }
}

/// `input` as text, decompressed where it is gzip of any number of members.
fn unpacked(mut input: impl Read + 'static) -> io::Result<Box<dyn BufRead>> {
    let mut magic = Vec::with_capacity(GZIP_MAGIC.len());
    input.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut magic)?;
    let is_gzip = magic == GZIP_MAGIC;
    let whole = BufReader::with_capacity(BUFFER_BYTES, io::Cursor::new(magic).chain(input));
    Ok(if is_gzip {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(whole)))
    } else {
        Box::new(whole)
    })
}

/// A reader that counts.
struct Counted<R> {
    inner: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        self.taken.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_files_and_gzip_of_several_members_read_alike() {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("plain", b"one\ntwo\n".to_vec()),
            ("packed.gz", [gzip(b"one\n"), gzip(b"two\n")].concat()),
        ] {
            let path = dir.path().join(name);
            std::fs::write(&path, &content).unwrap();
            let input = Input::File(path);
            let taken = Arc::default();
            let mut text = String::new();
            input.open(&taken).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "one\ntwo\n", "{name}");
            assert_eq!(taken.load(Ordering::Relaxed), content.len() as u64);
            assert_eq!(input.size().unwrap(), Some(content.len() as u64));
            assert_eq!(input.source_name(), name.trim_end_matches(".gz"));
        }
    }

    #[test]
    fn short_files_are_read_whole() {
        let dir = tempfile::tempdir().unwrap();
        for content in ["", "{", "\u{1f}"] {
            let path = dir.path().join("short");
            std::fs::write(&path, content).unwrap();
            let mut text = String::new();
            let input = Input::File(path);
            input.open(&Arc::default()).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, content);
        }
    }

    #[test]
    fn a_source_is_named_in_the_form_that_the_service_takes() {
        for (path, expected) in [
            ("/var/log/nginx/access.log", "access.log"),
            ("access.log.gz", "access.log"),
            ("/tmp/a\nb", "a?b"),
        ] {
            assert_eq!(Input::File(path.into()).source_name(), expected);
        }
        let long = Input::File("ä".repeat(200).into()).source_name();
        assert_eq!(long, "ä".repeat(127));
        assert_eq!(Input::Stdin.source_name(), "stdin");
    }

    #[test]
    fn a_missing_file_and_a_folder_are_named() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path().join("missing"), dir.path().to_owned()] {
            let error = Input::File(path.clone()).size().unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }
}
