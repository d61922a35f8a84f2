//! The bare protocol in a storm: `delivery::protocol` driven directly, without a runtime, by
//! about a thousand histories a second.
//!
//! ```text
//!  clients ─► disk ─► process ─► lanes ─► sendings ─► wire ─► buckets      oracle
//!             (what was not synced may vanish)  │
//!                     ledger ◄──────────────────┘  fails, loses answers, fences
//! ```
//!
//! The parts that decide are the real ones; everything that carries out is written a second time
//! here, as rough as it may be. Two processes at a time may believe to be the owner: the one that
//! came last owns the disk, the other goes on until it dies or learns that it was superseded.
//!
//! **Rule.** One thread, one seed: every choice comes from the history's own generator.

mod customers;
mod disk;
mod lane;
mod meeting;
mod process;
mod sending;
mod world;

use std::time::Duration;

use crate::oracle;
use crate::world::{Options, Report};

use meeting::Happens;
use process::Process;
use world::World;

/// The longest calm at the end until everything is delivered, in ticks.
const CALM_TICKS: u32 = 4_000;

/// Runs the history of the bare protocol that `seed` decides, to its end.
pub fn run(seed: u64, options: Options) -> Report {
    let mut world = World::new(seed, options);
    let mut processes = vec![Process::new(&mut world)];
    for _ in 0..world.ticks {
        world.tick();
        world.customers_act();
        world.clients_act();
        step(&mut world, &mut processes);
    }
    world.calm_down();
    let mut calm = 0;
    while !world.is_delivered() && calm < CALM_TICKS {
        world.tick();
        world.clients_act();
        step(&mut world, &mut processes);
        calm += 1;
    }
    world.note_what_is_left();
    report(seed, &world)
}

/// Lets every process do something, start or die.
fn step(world: &mut World, processes: &mut Vec<Process>) {
    let is_calm = world.storm.is_calm();
    let is_alone = processes.len() == 1 && !world.meeting.is_trouble();
    let mut takes_over = !is_calm && is_alone && world.rng.per_mille(world.takeovers);
    if !is_calm && is_alone && !takes_over {
        world.meeting.alone();
    }
    match world.meeting.pass() {
        Happens::Nothing => {}
        Happens::AnotherTakesOver => takes_over = true,
        Happens::CustomersChangeJobs => world.change_every_job(),
    }
    if takes_over {
        world.storm.saw("two processes believe to be the owner");
        processes.push(Process::new(world));
    }
    let mut at = 0;
    while at < processes.len() {
        world.begin_turn();
        world.meeting.begin_turn(at == 0);
        processes[at].step(world);
        if !world.has_died() {
            at += 1;
            continue;
        }
        if at == 0 {
            world.meeting.end();
        }
        let owns_disk = at + 1 == processes.len();
        processes.remove(at).die(world);
        world.storm.saw("a crash");
        if owns_disk {
            world.crash_disk();
        }
    }
    // Who was superseded delivers nothing any more, whatever becomes of who came after.
    if processes.first().is_some_and(Process::is_superseded) {
        world.meeting.end();
    }
    processes.retain(|process| !process.is_superseded());
    if processes.is_empty() {
        let pause = Duration::from_secs(world.rng.below(20));
        world.pass(pause);
        processes.push(Process::new(world));
    }
}

fn report(seed: u64, world: &World) -> Report {
    let evidence = world.evidence();
    let mut violations = world.storm.violations();
    violations.extend(oracle::judge(&evidence));
    let records = evidence.frames.values().map(|frame| frame.records.len() as u64);
    Report {
        seed,
        records: records.sum(),
        objects: evidence.objects.len() as u64,
        violations,
        fingerprint: evidence.fingerprint(),
        trace: world.storm.trace.take(),
        sights: world.storm.sights(),
    }
}
