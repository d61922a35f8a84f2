//! The tags of a destination's objects: `KEY:VALUE`, joined by commas.
//!
//! The rules are those of S3's object tags:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>. Neither sign that
//! joins them needs to be written in another way: S3 allows no comma in a tag, and a key ends at
//! its first colon.

/// Most tags of an object.
const TAGS_MAX: usize = 10;
/// Longest key, in characters.
const KEY_CHARS_MAX: usize = 128;
/// Longest value, in characters.
const VALUE_CHARS_MAX: usize = 256;

/// The tags written as `text`, percent-decoded, or what is wrong with them.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for tag in text.split(',') {
        let shown = tag.escape_debug();
        let Some((key, value)) = tag.split_once(':') else {
            return Err(format!(
                "`tags` has `{shown}` without a colon; write `KEY:VALUE`, joined by commas"
            ));
        };
        if !(1..=KEY_CHARS_MAX).contains(&key.chars().count()) {
            return Err(format!(
                "the key of the tag `{shown}` must have 1 to {KEY_CHARS_MAX} characters"
            ));
        }
        if value.chars().count() > VALUE_CHARS_MAX {
            return Err(format!(
                "the value of the tag `{shown}` may have at most {VALUE_CHARS_MAX} characters"
            ));
        }
        if let Some(forbidden) = tag.chars().find(|&c| !is_allowed(c)) {
            return Err(format!(
                "the tag `{shown}` holds `{}`; allowed are letters, digits, spaces and `+-=._:/@`",
                forbidden.escape_debug()
            ));
        }
        if tags.iter().any(|(earlier, _)| earlier == key) {
            return Err(format!("the tag `{}` is given twice", key.escape_debug()));
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    if tags.len() > TAGS_MAX {
        return Err(format!(
            "`tags` has {} tags; S3 takes at most {TAGS_MAX} on an object",
            tags.len()
        ));
    }
    Ok(tags)
}

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || "+-=._:/@".contains(c)
}
