//! The HTTP server: connections, requests, and the way from one to a handler and back.
//!
//! ```text
//!  connection ─► router ─► dispatch: token ─► scope ─► permission ─► handler ─► answer
//!  (bounded,      (api::      every panic ends as a 500, every error in the envelope;
//!   timed)         routes)    a body that was not read is read away before the answer
//! ```

mod call;
mod connections;
mod dispatch;
mod listener;
mod peer;

pub(crate) use call::{Call, Params};
pub(crate) use connections::Connections;
pub(crate) use dispatch::router;
pub(crate) use listener::{Running, TURNED_AWAY_MAX};
