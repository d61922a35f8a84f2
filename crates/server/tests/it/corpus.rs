//! Every file of the fuzz corpora once more, through the same functions as the fuzz targets: what
//! was found once is found again, without a fuzzer.

use std::fs;
use std::path::{Path, PathBuf};

#[allow(unreachable_pub, reason = "in the fuzz crate it is the door")]
#[path = "../../../../fuzz/src/lib.rs"]
mod fuzz;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

#[test]
fn every_file_of_the_corpora_is_met_as_it_should_be() {
    for (kind, run) in fuzz::KINDS {
        let folder = corpora().join(kind);
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = files.collect();
        files.sort();
        assert!(!files.is_empty(), "`{}` is empty", folder.display());
        for file in files {
            // Where it panics, this is the last line.
            println!("{}", file.display());
            run(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn every_corpus_has_its_target() {
    let folders = fs::read_dir(corpora()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut folders: Vec<String> =
        folders.map(|name| name.to_string_lossy().into_owned()).collect();
    folders.sort();
    assert!(folders.iter().eq(fuzz::KINDS.iter().map(|(kind, _)| *kind)), "{folders:?}");
    for (kind, _) in fuzz::KINDS {
        let target = corpora().join(format!("../fuzz_targets/{kind}.rs"));
        assert!(fs::read_to_string(target).unwrap().contains(&format!("fuzz::{kind}::run")));
    }
}
