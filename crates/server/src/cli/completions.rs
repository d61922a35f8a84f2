//! `logpush completions`: what a shell needs to complete our commands.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::{Cli, CliError};

/// Print a script that lets a shell complete these commands.
///
/// For bash: `source <(logpush completions bash)`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "logpush", &mut script);
    super::print::exactly(String::from_utf8_lossy(&script).trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_learns_each_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let mut script = Vec::new();
            generate(shell, &mut Cli::command(), "logpush", &mut script);
            let script = String::from_utf8(script).unwrap();
            for command in Cli::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }
}
