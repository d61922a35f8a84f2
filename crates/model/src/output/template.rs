//! `record_template`: a reduced Go `text/template`.
//!
//! | written | becomes |
//! |---|---|
//! | text | itself |
//! | `{{ .Field }}` | the field's value, in the form of the output type |
//! | `{{ "constant" }}`, `` {{ `constant` }} `` | the constant, without quotes |
//! | `{{/* comment */}}` | nothing |
//!
//! Nothing else: no functions, pipes, variables, chains or trim markers. White space within the
//! braces does not count. <https://pkg.go.dev/text/template>

use crate::Dataset;

/// A record's form, piece by piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<TemplatePiece>,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplatePiece {
    /// What stands in every record.
    Text(String),
    /// The value of the field of that name.
    Field(String),
}

/// Why a text is no template, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}, at character {character}")]
pub(super) struct TemplateError {
    /// Counted from 1.
    character: usize,
    problem: String,
}

impl Template {
    /// The template written as `text`. Names of fields need not be known to the dataset, but one
    /// that is not has to be a Go identifier.
    pub(super) fn parse(text: &str, dataset: &Dataset) -> Result<Self, TemplateError> {
        let mut cursor = Cursor { text, at: 0 };
        let mut template = Self { pieces: Vec::new() };
        while let Some(open) = cursor.rest().find("{{") {
            template.push_text(&cursor.rest()[..open]);
            cursor.at += open;
            match cursor.action(dataset)? {
                Some(TemplatePiece::Text(constant)) => template.push_text(&constant),
                Some(field) => template.pieces.push(field),
                None => {}
            }
        }
        template.push_text(cursor.rest());
        Ok(template)
    }

    /// Its pieces in order; no two texts stand side by side, and none is empty.
    pub fn pieces(&self) -> &[TemplatePiece] {
        &self.pieces
    }

    fn push_text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(TemplatePiece::Text(before)) => before.push_str(text),
            _ => self.pieces.push(TemplatePiece::Text(text.to_owned())),
        }
    }
}

/// A place in the text of a template.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn error(&self, at: usize, problem: impl Into<String>) -> TemplateError {
        let character = self.text[..at].chars().count() + 1;
        TemplateError { character, problem: problem.into() }
    }

    /// What stands between the braces that open here; `None` for a comment.
    fn action(&mut self, dataset: &Dataset) -> Result<Option<TemplatePiece>, TemplateError> {
        let start = self.at;
        self.take("{{");
        if self.take("/*") {
            return self.comment(start).map(|()| None);
        }
        self.skip_space();
        let piece = match self.rest().bytes().next() {
            Some(b'.') => self.field(dataset)?,
            Some(b'"') => TemplatePiece::Text(self.quoted()?),
            Some(b'`') => TemplatePiece::Text(self.back_quoted()?),
            Some(b'-') => return Err(self.error(self.at, "trim markers are not supported")),
            None => return Err(self.error(start, "`{{` is not closed by `}}`")),
            Some(_) => return Err(self.not_allowed("")),
        };
        self.skip_space();
        if self.take("}}") {
            return Ok(Some(piece));
        }
        Err(match self.rest().bytes().next() {
            None => self.error(start, "`{{` is not closed by `}}`"),
            Some(b'-') => self.error(self.at, "trim markers are not supported"),
            Some(_) => self.not_allowed("expected `}}`; "),
        })
    }

    /// Refuses what stands here, where what is `expected` should.
    fn not_allowed(&self, expected: &str) -> TemplateError {
        const SHOWN_CHARACTERS_MAX: usize = 20;
        let rest = self.rest();
        let inside = rest.split("}}").next().unwrap_or(rest).trim_end();
        let shown: String = inside.chars().take(SHOWN_CHARACTERS_MAX).collect();
        let dots = if shown.len() < inside.len() { "…" } else { "" };
        let found = if shown.is_empty() {
            "an empty action".to_owned()
        } else {
            format!("`{}{dots}`", shown.replace(char::is_control, " "))
        };
        let problem = format!(
            "{expected}{found} is not allowed; only `{{{{ .Field }}}}`, constants in quotes or back-quotes, \
             and `{{{{/* comments */}}}}` are"
        );
        self.error(self.at, problem)
    }

    fn comment(&mut self, start: usize) -> Result<(), TemplateError> {
        let Some(end) = self.rest().find("*/") else {
            return Err(self.error(start, "the comment is not closed by `*/}}`"));
        };
        self.at += end + "*/".len();
        if self.take("}}") {
            return Ok(());
        }
        Err(self.error(self.at, "a comment must be closed by `*/}}`"))
    }

    fn field(&mut self, dataset: &Dataset) -> Result<TemplatePiece, TemplateError> {
        let start = self.at;
        self.take(".");
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.@-".contains(c);
        let rest = self.rest();
        let name = &rest[..rest.find(|c| !allowed(c)).unwrap_or(rest.len())];
        if name.is_empty() {
            return Err(self.error(start, "`.` needs the name of a field"));
        }
        if !is_identifier(name) && dataset.field_index(name).is_none() {
            let problem = format!("`{name}` is not a field of `{}`", dataset.name);
            return Err(self.error(start, problem));
        }
        self.at += name.len();
        Ok(TemplatePiece::Field(name.to_owned()))
    }

    /// A raw string literal of Go, which drops carriage returns.
    /// <https://go.dev/ref/spec#String_literals>
    fn back_quoted(&mut self) -> Result<String, TemplateError> {
        let content = &self.rest()[1..];
        let Some(end) = content.find('`') else {
            return Err(self.error(self.at, "the back-quoted constant is not closed"));
        };
        self.at += end + 2;
        Ok(content[..end].replace('\r', ""))
    }

    /// An interpreted string literal of Go. <https://go.dev/ref/spec#String_literals>
    fn quoted(&mut self) -> Result<String, TemplateError> {
        let start = self.at;
        let mut bytes = Vec::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let plain = rest.find(['"', '\\', '\n']).unwrap_or(rest.len());
            bytes.extend_from_slice(&rest.as_bytes()[..plain]);
            self.at += plain;
            match rest.as_bytes().get(plain) {
                Some(b'"') => break,
                Some(b'\\') => self.escape(&mut bytes)?,
                _ => return Err(self.error(start, "the quoted constant is not closed")),
            }
        }
        self.at += 1;
        String::from_utf8(bytes).map_err(|_| self.error(start, "the constant is not UTF-8"))
    }

    /// Appends what the escape means whose backslash stands here.
    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), TemplateError> {
        let rest = self.rest();
        let unknown = || {
            let named = rest.chars().nth(1).filter(|c| !c.is_control());
            let problem = format!(
                "unknown escape `\\{}` in a quoted constant; known are `\\a`, `\\b`, `\\f`, `\\n`, `\\r`, \
                 `\\t`, `\\v`, `\\\\`, `\\\"`, `\\ooo`, `\\xhh`, `\\uhhhh`, `\\Uhhhhhhhh`; in back-quotes a \
                 backslash is itself",
                named.map(String::from).unwrap_or_default()
            );
            self.error(self.at, problem)
        };
        let letter = *rest.as_bytes().get(1).ok_or_else(unknown)?;
        let (digits, radix) = match letter {
            b'x' => (2..4, 16),
            b'u' => (2..6, 16),
            b'U' => (2..10, 16),
            b'0'..=b'7' => (1..4, 8),
            _ => {
                let names = b"abfnrtv\\\"";
                let meanings = b"\x07\x08\x0c\n\r\t\x0b\\\"";
                let at = names.iter().position(|&name| name == letter).ok_or_else(unknown)?;
                bytes.push(meanings[at]);
                self.at += 2;
                return Ok(());
            }
        };
        let end = digits.end;
        let digits = rest.get(digits).filter(|digits| !digits.starts_with('+'));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, radix).ok());
        let code = code.ok_or_else(unknown)?;
        if letter.eq_ignore_ascii_case(&b'u') {
            let character = char::from_u32(code).ok_or_else(unknown)?;
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            bytes.push(u8::try_from(code).map_err(|_| unknown())?);
        }
        self.at += end;
        Ok(())
    }
}

fn is_identifier(name: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(begins) && name.chars().all(|c| begins(c) || c.is_ascii_digit())
}
