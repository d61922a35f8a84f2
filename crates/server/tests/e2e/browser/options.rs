//! *Name and options*: the preview, and templates that begin with line breaks.

use serde_json::{Value, json};

use super::driver::Look;
use super::visitor::Visitor;
use super::walk::to_destination;
use crate::world::World;

/// The text of the preview; nothing where it has none.
async fn preview(visitor: &Visitor) -> String {
    let shown = visitor.browser.select("#preview pre").await;
    let Some(shown) = shown.first() else { return String::new() };
    visitor.browser.text(shown).await.unwrap_or_default()
}

/// The template that a job has.
async fn template(world: &World, job: u64) -> Value {
    let path = format!("/zones/{}/logpush/jobs/{job}", world.zone);
    world.api.read(&path).await["output_options"]["record_template"].take()
}

/// The options of a job that is edited.
async fn edit(visitor: &Visitor, world: &World, job: u64) {
    visitor.go(&format!("/zones/{}/logs/{job}", world.zone)).await;
    visitor.follow("Edit").await;
    visitor.find("heading", "Summary").await;
    visitor.follow("Name and options").await;
    visitor.find("heading", "Name and options").await;
}

async fn save(visitor: &Visitor) {
    visitor.press("Continue").await;
    visitor.find("heading", "Summary").await;
    visitor.press("Save").await;
    visitor.find("button", "Pause").await;
}

#[tokio::test]
async fn the_preview_is_there_before_anybody_asks_for_it() {
    let world = World::start().await;
    let Some(visitor) = Visitor::logged_in(&world, Look::WITHOUT_SCRIPTS).await else { return };
    visitor.go(&format!("/zones/{}/logs", world.zone)).await;
    to_destination(&visitor).await;
    let options = visitor.path().await.replace("/destination", "/options");
    visitor.go(&options).await;
    visitor.sees("No records to show yet").await;
    assert!(preview(&visitor).await.contains("\"RayID\":\"3a6050bcbe121a87\""));

    world.send(&world.zone, "seen", 0..10).await;
    visitor.go(&options).await;
    visitor.sees("an object of the newest records").await;
    assert!(preview(&visitor).await.contains("\"RayID\":\"seen-000009\""));

    visitor.press("Advanced options").await;
    visitor.fill("textbox", "Sampling rate", "half").await;
    visitor.press("Update the preview").await;
    visitor.sees("It is shown once the options are complete.").await;
    assert_eq!(preview(&visitor).await, "");
    visitor.fill("textbox", "Sampling rate", "0.5").await;
    visitor.pick("Output type", "CSV").await;
    visitor.fill("textbox", "Record template", "{{ `\n` }}").await;
    visitor.press("Update the preview").await;
    visitor.sees("an object would hold empty lines").await;
    assert_eq!(preview(&visitor).await, "");
}

#[tokio::test]
async fn a_template_keeps_the_line_breaks_that_it_begins_with() {
    let world = World::start().await;
    for look in [Look::WIDE, Look::WITHOUT_SCRIPTS] {
        let Some(visitor) = Visitor::logged_in(&world, look).await else { return };
        for begun in ["\n\n\"ray\":{{.RayID}}\n", "\n{{.RayID}}", "{{.RayID}}"] {
            let options = json!({ "field_names": ["RayID"], "record_template": begun });
            let job = world.job(&world.zone, "lines", &json!({ "output_options": options })).await;

            // What nobody touches stays.
            edit(&visitor, &world, job).await;
            assert_eq!(visitor.value("textbox", "Record template").await, begun);
            visitor.fill("textbox", "Job name", "Lines").await;
            save(&visitor).await;
            assert_eq!(template(&world, job).await, begun);

            // What is typed stays, however often the page is shown again.
            edit(&visitor, &world, job).await;
            let typed = format!("\n{begun}");
            visitor.fill("textbox", "Record template", &typed).await;
            for _ in 0..2 {
                visitor.press("Update the preview").await;
                visitor.find("heading", "Preview").await;
                assert_eq!(visitor.value("textbox", "Record template").await, typed);
            }
            save(&visitor).await;
            assert_eq!(template(&world, job).await, typed);
        }
    }
}
