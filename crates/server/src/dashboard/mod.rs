//! temp
pub(crate) mod connect;
