//! The dashboard: pages for people, rendered on the server.
//!
//! ```text
//!  request ─► admit: origin ─► form ─► session ─► csrf ─► scope ─► permission ─► page
//!                                        │ none: log in, and come back with all that was typed
//! ```
//!
//! **Rules of this room.** A page shows and does what the API shows and does, by the same
//! functions; it never speaks HTTP to itself. `routes` is the only list of pages and of what they
//! need. Every text of others is escaped; nothing is loaded from elsewhere; no page needs
//! JavaScript. What somebody may not reach does not exist for them.

mod admit;
mod assets;
mod connect;
mod csrf;
mod error;
mod form;
mod job;
mod job_state;
mod login;
mod logs;
mod page;
mod quarantine;
mod routes;
mod session;
mod settings;
mod text;
mod texts;
mod zones;

pub(crate) use admit::admit;
pub(crate) use connect::Drafts;
pub(crate) use error::{error_page, is_page_for, plain_error_page};
pub(crate) use form::Form;
pub(crate) use login::LOGIN_ONCE;
pub use routes::pages;
pub(crate) use routes::routes;
pub(crate) use session::{Session, Sessions};
