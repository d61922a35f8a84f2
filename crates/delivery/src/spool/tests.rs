//! What goes into a spool comes out of it, whatever room there is.

use std::path::PathBuf;

use super::*;

const MIB: usize = 1 << 20;

fn space(memory: usize, disk: usize) -> (tempfile::TempDir, Arc<SpoolSpace>) {
    let dir = tempfile::tempdir().unwrap();
    let space = SpoolSpace::new(dir.path().to_owned(), memory as u64, disk as u64);
    (dir, space)
}

fn push(spool: &mut Spool, bytes: &[u8]) -> io::Result<()> {
    spool.end().extend_from_slice(bytes);
    spool.settle()
}

/// Bytes that differ from place to place.
fn noise(len: usize) -> Vec<u8> {
    (0..len as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn what_went_in_comes_out_from_memory_and_from_the_file() {
    let bytes = noise(3 * MIB);
    for memory in [0, MIB, 64 * MIB] {
        let (_dir, space) = space(memory, 64 * MIB);
        let mut spool = Spool::new(&space);
        bytes.chunks(70_001).for_each(|piece| push(&mut spool, piece).unwrap());
        spool.end().extend_from_slice(b"the end");
        assert!(spool.with_bytes(&mut Vec::new(), |all| all[..bytes.len()] == bytes).unwrap());
        let spool = spool.finish(0);
        assert_eq!(spool.len(), bytes.len() as u64 + 7);
        for range in [0..10, 70_000..70_002, 5..2 * MIB, 3 * MIB - 2..3 * MIB + 7] {
            let read = spool.reader(range.start as u64..range.end as u64)().unwrap();
            let mut expected = bytes.clone();
            expected.extend_from_slice(b"the end");
            assert!(read == expected[range]);
        }
        assert_eq!(space.disk_used() > 0, memory < 3 * MIB);
    }
}

#[test]
fn the_end_can_be_taken_back_from_memory_and_from_the_file() {
    for memory in [0, 64 * MIB] {
        let (_dir, space) = space(memory, 64 * MIB);
        let mut spool = Spool::new(&space);
        push(&mut spool, &noise(300_000)).unwrap();
        push(&mut spool, b"tail").unwrap();
        assert!(spool.take_end(100_004).unwrap()[100_000..] == *b"tail");
        assert_eq!(spool.len(), 200_000);
        push(&mut spool, b"other").unwrap();
        let same =
            |all: &[u8]| all[..200_000] == noise(300_000)[..200_000] && all.ends_with(b"other");
        assert!(spool.with_bytes(&mut Vec::new(), same).unwrap());
    }
}

#[test]
fn a_thousand_spools_keep_to_the_memory_budget() {
    let (_dir, space) = space(4 * MIB, 256 * MIB);
    let mut spools: Vec<Spool> = (0..1000).map(|_| Spool::new(&space)).collect();
    for _ in 0..20 {
        for spool in &mut spools {
            push(spool, &[7; 1500]).unwrap();
            assert!(space.memory_used() <= 8 * MIB as u64);
        }
    }
    assert!(spools.iter().all(|spool| spool.len() == 30_000));
    drop(spools);
    assert_eq!((space.memory_used(), space.disk_used()), (0, 0));
}

#[test]
fn a_large_spool_goes_to_the_file_though_there_is_memory() {
    let (_dir, space) = space(1 << 30, 64 * MIB);
    let mut spool = Spool::new(&space);
    (0..40).for_each(|_| push(&mut spool, &noise(MIB)).unwrap());
    assert!(space.memory_used() <= 8 * MIB as u64, "{}", space.memory_used());
    assert!(space.disk_used() >= 24 * MIB as u64);
}

#[tokio::test]
async fn without_room_anywhere_only_the_last_resort_goes_on() {
    let space = SpoolSpace::new(PathBuf::from("/nonexistent/spool"), 0, 64 << 20);
    let mut spool = Spool::new(&space);
    assert!(push(&mut spool, &[1; 1000]).is_ok());
    assert!(push(&mut spool, &vec![1; 100_000]).is_err());
    let right = Arc::new(space.last_resort().await);
    let mut spool = Spool::beyond_budgets(&space, &right);
    push(&mut spool, &noise(MIB)).unwrap();
    let spool = spool.finish(0);
    assert!(spool.reader(0..MIB as u64)().unwrap() == noise(MIB));
    drop(right);
    assert_eq!(space.last_resort.available_permits(), 0);
    assert!(spool.is_in_the_way());
    drop(spool);
    assert_eq!(space.last_resort.available_permits(), 1);
}
