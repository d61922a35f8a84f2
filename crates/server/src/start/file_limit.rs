//! Open files: connections, segments and spools all need one.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the number of files that this process may have open as far as the system allows.
///
/// Many systems begin with 1,024, fewer than the connections that the service takes.
pub(super) fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "cannot raise the number of open files");
    }
}
