//! Open files: connections, segments and uploads all need one.

use rustix::process::{Resource, getrlimit, setrlimit};

use super::StartError;
use crate::config::Config;
use crate::http::TURNED_AWAY_MAX;

/// Files of the program itself, of the catalogue and the spool, with some to spare.
const BASE: usize = 128;
/// Fewer connections than this are no service.
const CONNECTIONS_MIN: usize = 32;

/// Raises the number of files that this process may have open as far as the system allows, and
/// says how many that are; `None` is without bound.
///
/// Many systems begin with 1,024, fewer than the connections that the service takes.
pub(super) fn raise() -> Option<usize> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "cannot raise the number of open files");
    }
    getrlimit(Resource::Nofile).current.map(|files| usize::try_from(files).unwrap_or(usize::MAX))
}

/// The settings with no more connections than there are files for. What else needs files comes
/// first: a service that takes records in and cannot write or deliver them is none.
pub(super) fn fitted(config: Config, files: Option<usize>) -> Result<Config, StartError> {
    let Some(files) = files else { return Ok(config) };
    let segments = 2 * usize::from(config.journal.partitions);
    let uploads = 2 * config.delivery.uploads_max;
    let besides = BASE + TURNED_AWAY_MAX + segments + uploads;
    let left = files.saturating_sub(besides);
    let wanted = config.http.connections_max;
    if left >= wanted {
        return Ok(config);
    }
    if left < CONNECTIONS_MIN {
        return Err(StartError::TooFewFiles { files, needed: besides + CONNECTIONS_MIN });
    }
    tracing::warn!(
        open_files = files,
        connections = left,
        configured = wanted,
        "the system allows fewer open files than `http.connections_max` asks for: fewer \
         connections are taken; raise the limit (`ulimit -n`, `LimitNOFILE=`)"
    );
    let mut config = config;
    config.http.connections_max = left;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_take_the_files_that_are_left() {
        let fit =
            |files| fitted(Config::default(), files).map(|config| config.http.connections_max);
        assert_eq!(fit(None).unwrap(), 4096);
        assert_eq!(fit(Some(1 << 20)).unwrap(), 4096);
        let few = fit(Some(1024)).unwrap();
        assert!((500..1000).contains(&few), "{few}");
        let error = fit(Some(256)).unwrap_err().to_string();
        assert!(error.contains("256 open files") && error.contains("ulimit -n"), "{error}");
    }
}
