//! Hiding the secrets of a destination string, and putting them back.
//!
//! Both work on the text, so that all else stays verbatim. [`redacted`] takes any text, also one
//! that is no destination: whatever is not known to be harmless is hidden.

use super::{Access, Destination, PARAMETERS, POINTER};
use crate::Issue;

/// What stands in the place of a secret.
pub const MASK: &str = "****";

/// Whether a parameter of that name is known, and whether its value is a secret.
fn is_secret(name: &str) -> Option<bool> {
    PARAMETERS.iter().find(|known| known.name == name).map(|known| known.secret)
}

/// The destination string with [`MASK`] in the place of its secrets.
pub fn redacted(text: &str) -> String {
    let (place, query) = match text.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (text, None),
    };
    let mut shown = redacted_place(place);
    if let Some(query) = query {
        shown.push('?');
        shown.push_str(&each_piece(query, redacted_piece));
    }
    shown
}

/// The destination string `new`, in which each [`MASK`] is replaced by what it hides of `old`: a
/// secret, or a value that might hold one.
///
/// That is kept only for the place and identity that it was given for: same endpoint,
/// bucket and access key id. A text without the mask comes back as it is.
pub fn restore_secrets(new: &str, old: &str) -> Result<String, Vec<Issue>> {
    let Some((place, query)) = new.split_once('?') else {
        return Ok(new.to_owned());
    };
    let old_query = old.split_once('?').map_or("", |(_, query)| query);
    let restored = each_piece(query, |piece| {
        let is_meant = |stored: &&str| name_of(stored) == name_of(piece) && is_hidden(stored);
        let stored = || old_query.split('&').find(is_meant);
        is_masked(piece).then(stored).flatten().unwrap_or(piece).to_owned()
    });
    let has_masked_secret =
        query.split('&').any(|piece| is_masked(piece) && is_named_secret(piece));
    if restored == query && !has_masked_secret {
        return Ok(new.to_owned());
    }
    let restored = format!("{place}?{restored}");
    let wanted = Destination::parse(&restored)?;
    match Destination::parse(old) {
        Ok(stored) if same_identity(&wanted, &stored) => Ok(restored),
        _ => Err(vec![Issue::new(
            POINTER,
            format!(
                "`{MASK}` keeps the stored secret, which is possible only with the same bucket, \
                 endpoint and `access-key-id`; send the secret"
            ),
        )]),
    }
}

fn same_identity(wanted: &Destination, stored: &Destination) -> bool {
    let key_id = |destination: &Destination| match &destination.access {
        Access::Keys { access_key_id, .. } => Some(access_key_id.clone()),
        Access::ServiceIdentity | Access::Role { .. } => None,
    };
    wanted.endpoint == stored.endpoint
        && wanted.bucket == stored.bucket
        && key_id(wanted) == key_id(stored)
}

fn each_piece(query: &str, change: impl Fn(&str) -> String) -> String {
    query.split('&').map(change).collect::<Vec<_>>().join("&")
}

fn name_of(piece: &str) -> &str {
    piece.split_once('=').map_or(piece, |(name, _)| name)
}

fn is_masked(piece: &str) -> bool {
    // Clients that build URLs may have encoded the asterisks.
    piece
        .split_once('=')
        .is_some_and(|(_, value)| value.replace("%2A", "*").replace("%2a", "*") == MASK)
}

fn is_named_secret(piece: &str) -> bool {
    is_secret(name_of(piece)) == Some(true)
}

/// Whether [`MASK`] stands for it where it is shown.
fn is_hidden(piece: &str) -> bool {
    is_named_secret(piece) || redacted_piece(piece) != piece
}

/// The part before the query, which holds secrets only where somebody put them wrongly: before an
/// `@`, or behind a `&` that was meant to be a `?`.
fn redacted_place(place: &str) -> String {
    let (scheme, rest) = match place.find("://") {
        Some(at) => place.split_at(at + "://".len()),
        None => ("", place),
    };
    // A bucket's name holds neither; a secret may hold slashes.
    let holds_credentials = rest.split('/').next().unwrap_or("").contains(['@', ':']);
    let shown = match rest.rsplit_once('@') {
        Some((_, bucket)) if holds_credentials => format!("{scheme}{MASK}@{bucket}"),
        None if holds_credentials => format!("{scheme}{MASK}"),
        _ => place.to_owned(),
    };
    each_piece(&shown, |piece| {
        if is_named_secret(piece) { redacted_piece(piece) } else { piece.to_owned() }
    })
}

/// The name of a secret that the part before the query holds, behind a `&` that was meant to be a
/// `?`.
pub(super) fn secret_in_place(place: &str) -> Option<&str> {
    place.split('&').find(|piece| is_named_secret(piece)).map(name_of)
}

fn redacted_piece(piece: &str) -> String {
    let harmless = |name: &str| is_secret(name) == Some(false);
    match piece.split_once('=') {
        Some((_, "")) => piece.to_owned(),
        // An endpoint with an `@` holds credentials.
        Some((name, value)) if harmless(name) && !value.contains('@') && !value.contains("%40") => {
            piece.to_owned()
        }
        Some((name, _)) => format!("{name}={MASK}"),
        None if piece.is_empty() || is_secret(piece).is_some() => piece.to_owned(),
        // Perhaps the rest of a secret that holds a bare `&`.
        None => MASK.to_owned(),
    }
}
