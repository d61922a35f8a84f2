//! Logs: one line an event on stderr, for people at a terminal and for programs elsewhere.
//!
//! Secrets are never logged: the types that hold them show themselves as dots.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::config::{LogFormat, LogSettings};

/// Libraries that tell more than an operator wants to know, and their level unless more is
/// asked for.
const QUIET: &str = "aws_config=warn,aws_runtime=warn,aws_sdk_s3=warn,aws_smithy_runtime=warn,\
                     hyper=warn,hyper_util=warn,reqwest=warn,s3s=warn,sqlx=warn";

/// Changes what is logged while the program runs.
#[derive(Debug, Clone)]
pub struct LogLevel(reload::Handle<EnvFilter, Registry>);

impl LogLevel {
    /// Logs by this level, or these directives, from now on.
    pub fn set(&self, level: &str) {
        if let Err(error) = self.0.reload(filter(level)) {
            tracing::warn!(%error, "the log level stays as it was");
        }
    }
}

/// Sends events, and panics as events, to stderr from now on.
///
/// # Errors
/// Where something in this process receives events already.
pub fn start(settings: &LogSettings) -> Result<LogLevel, TryInitError> {
    let human = match settings.format {
        LogFormat::Human => true,
        LogFormat::Json => false,
        LogFormat::Auto => stderr().is_terminal(),
    };
    let (level, handle) = reload::Layer::new(filter(&settings.level));
    let registry = tracing_subscriber::registry().with(level);
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr);
    if human {
        registry.with(lines.with_ansi(stderr().is_terminal()).with_target(false)).try_init()?;
    } else {
        registry.with(lines.json().flatten_event(true).with_current_span(false)).try_init()?;
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic: {}", panic.payload_as_str().unwrap_or("without a message"));
    }));
    Ok(LogLevel(handle))
}

/// The directives of `level`, behind those that keep libraries quiet.
fn filter(level: &str) -> EnvFilter {
    EnvFilter::builder().parse_lossy(format!("{QUIET},{level}"))
}
