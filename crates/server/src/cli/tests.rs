//! What the arguments may and may not be.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::Cli;

const ID: &str = "0123456789abcdef0123456789abcdef";

fn parse(arguments: &str) -> Result<Cli, ErrorKind> {
    let words = arguments.split_whitespace().map(|word| word.replace("ID", ID));
    Cli::try_parse_from(std::iter::once("logpush".to_owned()).chain(words))
        .map_err(|error| error.kind())
}

#[test]
fn the_commands_are_sound() {
    Cli::command().debug_assert();
}

#[test]
fn documented_uses_are_understood() {
    for arguments in [
        "demo",
        "demo --for 60s --data-dir /tmp/x --rate 500 --listen 127.0.0.1:0",
        "serve",
        "serve --config logpush.toml --data-dir d --listen 0.0.0.0:80",
        "send --zone example.com --dataset http_requests a.ndjson b.ndjson.gz",
        "send --account ID --dataset audit_logs --format json-array --new --connections 8 -",
        "send --zone ID --dataset http_requests --format combined --retry-for 1h access.log",
        "account add Acme --json",
        "account list",
        "account show ID",
        "zone add example.com --account ID",
        "zone list --account ID",
        "token add --permission logs:read --permission logs:write --account ID --expires-in 90d",
        "token add --permission admin",
        "token delete ID",
        "job create --zone ID --dataset d --destination s3://b --fields A,B --enabled",
        "job create --account ID --dataset d --destination s3://b --field A --field B \
         --max-records 1000 --max-bytes 5000000 --max-interval 30s --output-options {}",
        "destination policy s3://b?region=us-east-1",
        "destination policy s3://b?region=us-east-1 --account ID --abort --json",
        "destination check s3://b?region=us-east-1 --zone example.com",
        "destination challenge s3://b?region=us-east-1 --zone example.com",
        "destination prove s3://b?region=us-east-1 --zone example.com --challenge x.y.z",
        "audit list",
        "audit list --account Acme --json",
        "completions bash",
        "completions fish",
        "account delete ID",
        "zone delete example.com",
        "job events 7",
        "job history 7 --json",
        "job update 7 --compression zstd --sample-rate 0.5 --output-type csv",
        "job update 7 --filter-attack-traffic true --logpull-options fields=A --frequency low",
        "job list",
        "job list --zone example.com",
        "job show 7",
        "job update 7 --name new --max-interval 0s",
        "job enable 7 --zone ID",
        "job disable 7",
        "job delete 7",
        "status --watch --interval 5s",
        "status --json --url http://10.0.0.1:8080",
    ] {
        assert!(parse(arguments).is_ok(), "{arguments}: {:?}", parse(arguments));
    }
}

/// The pages that show commands.
const PAGES: [(&str, &str); 7] = [
    ("README.md", include_str!("../../../../README.md")),
    ("api.md", include_str!("../../../../docs/api.md")),
    ("backup.md", include_str!("../../../../docs/backup.md")),
    ("configuration.md", include_str!("../../../../docs/configuration.md")),
    ("destinations.md", include_str!("../../../../docs/destinations.md")),
    ("ingest.md", include_str!("../../../../docs/ingest.md")),
    ("verify.md", include_str!("../../../../docs/verify.md")),
];

/// The commands of ours in a page's blocks of code, without what they are piped from and into.
fn shown(page: &str) -> Vec<String> {
    let blocks = page.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(|block| {
        let joined = block.replace("\\\n", " ");
        joined.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    });
    let parts = lines.flat_map(|line| {
        let line = line.trim_start().trim_start_matches("$ ").to_owned();
        line.split(" | ").map(|part| part.trim().to_owned()).collect::<Vec<_>>()
    });
    parts.filter(|part| part.starts_with("logpush ")).collect()
}

/// Words as a shell cuts them: at spaces that stand in no single quotes and no `$(…)`.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quoted, mut substituted) = (false, false);
    for c in command.chars() {
        substituted = c == '(' || substituted && c != ')';
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted && !substituted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn commands_are_understood_as_the_pages_show_them() {
    let mut seen = 0;
    for (name, page) in PAGES {
        for command in shown(page) {
            let parsed = Cli::try_parse_from(words(&command));
            assert!(parsed.is_ok(), "{name}: {command}: {:?}", parsed.map_err(|e| e.to_string()));
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} commands were found");
}

#[test]
fn only_how_to_connect_stands_under_connection() {
    fn check(command: &clap::Command) {
        for argument in command.get_arguments() {
            let is_connection = argument.get_help_heading() == Some("Connection");
            let name = argument.get_id().as_str();
            assert!(!is_connection || ["url", "token", "data_dir"].contains(&name), "{name}");
        }
        command.get_subcommands().for_each(check);
    }
    let mut cli = Cli::command();
    cli.build();
    check(&cli);
}

#[test]
fn wrong_uses_are_refused() {
    use ErrorKind::{
        ArgumentConflict, InvalidSubcommand, InvalidValue, MissingRequiredArgument,
        UnknownArgument, ValueValidation,
    };
    for (arguments, expected) in [
        ("serv", InvalidSubcommand),
        ("demo --for soon", ValueValidation),
        ("demo --rate 0", ValueValidation),
        ("send --dataset d a", MissingRequiredArgument),
        ("send --zone z a", MissingRequiredArgument),
        ("send --zone z --dataset d", MissingRequiredArgument),
        ("send --zone z --account a --dataset d f", ArgumentConflict),
        ("send --zone z --dataset d --format csv f", InvalidValue),
        ("send --zone z --dataset d --connections 0 f", ValueValidation),
        ("send --zone z --dataset d --fast f", UnknownArgument),
        ("zone add example.com", MissingRequiredArgument),
        ("token add", MissingRequiredArgument),
        ("token add --permission root", InvalidValue),
        ("token add --permission admin --zone a --account b", ArgumentConflict),
        ("token delete me", ValueValidation),
        ("job create --dataset d --destination s3://b", MissingRequiredArgument),
        ("job create --zone z --dataset d --destination s3://b --filter {", ValueValidation),
        (
            "job create --zone z --dataset d --destination s3://b --output-options []",
            ValueValidation,
        ),
        ("job show seven", ValueValidation),
        ("job update 7 --filter-attack-traffic perhaps", InvalidValue),
        ("destination policy", MissingRequiredArgument),
        ("destination chek s3://b", InvalidSubcommand),
        ("destination challenge s3://b", MissingRequiredArgument),
        ("destination prove s3://b --zone z", MissingRequiredArgument),
        ("completions tcsh", InvalidValue),
    ] {
        assert_eq!(parse(arguments).map(drop), Err(expected), "{arguments}");
    }
}

#[test]
fn every_argument_has_a_help_text() {
    fn check(command: &clap::Command) {
        let name = command.get_name();
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name}: {}", argument.get_id());
        }
        for sub in command.get_subcommands() {
            assert!(sub.get_about().is_some(), "{name} {}", sub.get_name());
            check(sub);
        }
    }
    check(&Cli::command());
}
