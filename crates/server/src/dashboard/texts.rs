//! English texts that stand in no template.

pub(super) const FOREIGN_ORIGIN: &str =
    "the form was sent from another site; open the page here and send it again";
pub(super) const FOREIGN_FORM: &str =
    "the form belongs to another session; go back, reload the page and send it again";
pub(super) const WRONG_TOKEN: &str =
    "This token is not valid. It may be mistyped, expired or revoked.";
pub(super) const NO_TOKEN: &str = "Paste a token first.";
pub(super) const SESSION_OVER: &str = "Your session is over. Log in again to go on.";
pub(super) const SESSION_OVER_FORM: &str =
    "Your session is over. Log in again: what you typed is kept, and is sent after that.";
pub(super) const LINK_USED: &str = "This login link was used before or is too old. Log in with a token, or start the service \
     again for a new link.";
pub(super) const LOGGED_OUT: &str = "You are logged out.";
