//! Objects as a bucket's owner reads them.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use flate2::read::MultiGzDecoder;

/// An object with records.
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) bytes: Vec<u8>,
}

impl Object {
    /// Its content, decompressed.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let read = MultiGzDecoder::new(&*self.bytes).read_to_string(&mut text);
        read.unwrap_or_else(|error| panic!("{} cannot be decompressed: {error}", self.key));
        text
    }

    /// Its content, decompressed by the program that everyone has.
    pub(crate) fn text_by_gzip(&self) -> String {
        let mut gzip = Command::new("gzip")
            .arg("-dc")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program gzip is there");
        let (mut stdin, bytes) = (gzip.stdin.take().unwrap(), self.bytes.clone());
        let writing = std::thread::spawn(move || stdin.write_all(&bytes));
        let output = gzip.wait_with_output().unwrap();
        writing.join().unwrap().unwrap();
        assert!(output.status.success(), "gzip refuses {}", self.key);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Its lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }

    /// Checks that the key is `FOLDER/YYYYMMDD/START_END_UNIQUE.log.gz`, with START's day.
    #[track_caller]
    pub(crate) fn assert_named_in(&self, folder: &str) {
        let parts = || {
            let (day, name) = self.key.strip_prefix(folder)?.strip_prefix('/')?.split_once('/')?;
            let mut name = name.strip_suffix(".log.gz")?.splitn(3, '_');
            let (start, end, unique) = (name.next()?, name.next()?, name.next()?);
            let unique_is_plain = unique.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let good = is_instant(start)
                && is_instant(end)
                && start <= end
                && start.starts_with(day)
                && day.len() == 8
                && !unique.is_empty()
                && unique_is_plain;
            good.then_some(())
        };
        assert!(parts().is_some(), "`{}` is not named as it must be", self.key);
    }
}

/// Whether `text` is as `20190101T000000Z`.
fn is_instant(text: &str) -> bool {
    let pattern = "00000000T000000Z";
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(found, expected)| match expected {
            b'0' => found.is_ascii_digit(),
            letter => found == letter,
        })
}

/// All lines, object by object.
pub(crate) fn lines(objects: &[Object]) -> Vec<String> {
    objects.iter().flat_map(Object::lines).collect()
}
