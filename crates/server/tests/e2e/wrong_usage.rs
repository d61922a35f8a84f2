//! Commands that are used wrongly: exit code 2 where the arguments make no sense, 1 where the
//! service says no, and one line that names the value and how to mend it.

use serde_json::json;

use crate::cli::{Cli, Ran, ran};
use crate::records::body;
use crate::world::World;

/// Checks that the error is one line.
fn assert_one_line(ran: &Ran) {
    assert_eq!(ran.stderr.trim_end().lines().count(), 1, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[tokio::test]
async fn arguments_that_make_no_sense_are_explained() {
    let send = |more: &[&str]| {
        let args = ["send", "--zone", "a.example", "--dataset", "http_requests"];
        [&args[..], more].concat().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let args = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let cases: [(Vec<String>, &[&str]); 16] = [
        (args("sevre"), &["sevre", "serve"]),
        (args("serve --prot 80"), &["--prot"]),
        (args("serve --listen nowhere"), &["nowhere"]),
        (args("demo --for 10"), &["`10`", "60s"]),
        (args("demo --rate 0"), &["0"]),
        (send(&[]), &["<FILE>"]),
        (send(&["--format", "xml", "-"]), &["xml", "combined"]),
        (args("send --dataset http_requests -"), &["--zone"]),
        (args("token add --permission root"), &["root", "logs:ingest"]),
        (args("job show seven"), &["seven"]),
        (args("job create --zone a.example --dataset http_requests"), &["--destination", "s3://"]),
        (args("verify"), &["--job"]),
        (args("verify --job seven"), &["seven"]),
        (args("verify --job 7 --from yesterday"), &["`yesterday`", "2026-11-23T20:00:00Z"]),
        (args("verify --job 7 --from 1700000000 --to 1700000000"), &["--from", "before --to"]),
        (args("verify --job 7 --objects"), &["--objects"]),
    ];
    let environment = [("LOGPUSH_TOKEN", "e2e"), ("LOGPUSH_URL", "http://127.0.0.1:9")];
    for (args, parts) in cases {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ran = ran(&args, environment).await;
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        ran.assert_failed(2, parts);
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_and_a_token_that_is_missing_are_told() {
    // The discard port: nothing listens there.
    let url = "http://127.0.0.1:9";
    let ran_away = ran(&["status"], [("LOGPUSH_TOKEN", "e2e"), ("LOGPUSH_URL", url)]).await;
    ran_away.assert_failed(1, &["nothing answers", url, "logpush serve", "LOGPUSH_URL"]);
    assert_one_line(&ran_away);
    let alone = ran(&["status"], [("LOGPUSH_URL", "http://logs.example.com")]).await;
    alone.assert_failed(1, &["no token", "LOGPUSH_TOKEN"]);
    assert_one_line(&alone);
    let garbled = ran(&["status"], [("LOGPUSH_TOKEN", "e2e"), ("LOGPUSH_URL", "nowhere")]).await;
    garbled.assert_failed(1, &["`nowhere`", "http://127.0.0.1:8080"]);
    assert_one_line(&garbled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_service_refuses_is_told_in_one_line() {
    let world = World::start().await;
    world.job(&world.zone, "logs", &json!({})).await;
    let cli = world.cli();
    let file = world.home.path().join("records.ndjson");
    std::fs::write(&file, body("a", 0..10)).unwrap();
    let file = file.to_str().unwrap();
    let zone = "burritobot.example";
    let send = |zone, dataset, file| ["send", "--zone", zone, "--dataset", dataset, file];
    let missing = format!("{file}.gone");
    let cases: [([&str; 6], &[&str]); 3] = [
        (send("taco.example", "http_requests", file), &["`taco.example`", "zone list"]),
        (send(zone, "http_request", file), &["`http_request`", "did you mean `http_requests`"]),
        (send(zone, "http_requests", &missing), &[&missing]),
    ];
    for (args, parts) in cases {
        let ran = cli.run(&args).await;
        ran.assert_failed(1, parts);
        assert_one_line(&ran);
    }
    let stranger = Cli { token: "not-the-token-0123456789".to_owned(), ..cli.clone() };
    for args in [&send(zone, "http_requests", file)[..], &["job", "list"], &["status"]] {
        let ran = stranger.run(args).await;
        ran.assert_failed(1, &["HTTP 401", "LOGPUSH_TOKEN"]);
        assert_one_line(&ran);
    }
    cli.run(&["job", "show", "77"]).await.assert_failed(1, &["`77`", "job list"]);
    cli.run(&["verify", "--job", "77"]).await.assert_failed(1, &["`77`", "job list"]);
    let nowhere = ["verify", "--job", "1", "--objects", &missing];
    cli.run(&nowhere).await.assert_failed(1, &[&missing]);
    cli.run(&["zone", "add", zone, "--account", &world.account]).await.assert_failed(1, &[zone]);
    assert!(world.finish().await.is_empty());
}
