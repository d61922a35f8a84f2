//! The dashboard: pages for people, rendered on the server.

pub(crate) mod connect;
mod form;
mod job;
pub(crate) mod page;
pub(crate) mod routes;
