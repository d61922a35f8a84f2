//! What a seed decides: who sends what when, what customers change, what breaks.

mod plan;
mod record;
mod wish;

pub use plan::{Event, FramePlan, Plan};
pub use record::{Record, numbers_in};
pub use wish::{BUCKETS, Line, Pass, Shape, Wish};
