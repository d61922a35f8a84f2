//! A real service whose disk fails on demand: the shipped program, with the C library's calls for
//! files intercepted (`shim.c`).

use std::path::PathBuf;

use tokio::process::Command;

use crate::service::Home;
use crate::tools::programs;

/// Numbers of Linux's errors.
pub(super) const EIO: i32 = 5;
pub(super) const EROFS: i32 = 30;

/// The rules by which the disk of a home's services fails.
pub(super) struct FaultyDisk {
    rules: PathBuf,
}

impl FaultyDisk {
    /// The home with a disk that can be made to fail; `None` where there is no way to do that.
    pub(super) async fn before(home: Home) -> Option<(Home, Self)> {
        if !cfg!(all(target_os = "linux", target_env = "gnu")) || !programs(&["cc"]).await {
            return None;
        }
        let shim = home.path().join("shim.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/disk_faults/shim.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .args([shim.to_str().unwrap(), source, "-ldl"])
            .status()
            .await
            .unwrap();
        assert!(compiled.success(), "the shim cannot be compiled");
        let disk = Self { rules: home.path().join("faults") };
        disk.works();
        let home = home
            .set("LD_PRELOAD", shim.to_str().unwrap())
            .set("DISK_FAULTS", disk.rules.to_str().unwrap());
        Some((home, disk))
    }

    /// From now on these operations fail with these errors, on files whose path has that text.
    pub(super) fn fails(&self, operations: &[(&str, i32)], path: &str) {
        let rules: Vec<String> =
            operations.iter().map(|(name, number)| format!("{name} {number} {path}")).collect();
        self.set(&rules.join("\n"));
    }

    /// From now on everything works.
    pub(super) fn works(&self) {
        self.set("");
    }

    /// All rules change at one moment.
    fn set(&self, rules: &str) {
        let new = self.rules.with_extension("new");
        std::fs::write(&new, rules).unwrap();
        std::fs::rename(new, &self.rules).unwrap();
    }
}
