//! What stands in an answer that is an error: the status, a few headers, a small XML.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;

/// The longest text of a store's that is shown.
const TEXT_CHARS_MAX: usize = 300;
/// The longest wait that a store may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// An answer, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    /// Where the bucket is, by the header or by the text.
    pub(super) region: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// The ETag in the text, of an answer that is none of an error.
    pub(super) etag: Option<String>,
}

impl Answer {
    pub(super) fn read(response: &HttpResponse) -> Self {
        let headers = response.headers();
        let text = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
        let region = headers.get("x-amz-bucket-region").map(shown);
        let seconds = headers.get("retry-after").and_then(|text| text.trim().parse().ok());
        Self {
            status: response.status().as_u16(),
            code: element(&text, "Code"),
            message: element(&text, "Message"),
            etag: element(&text, "ETag"),
            region: region.or_else(|| element(&text, "Region")),
            retry_after: seconds.map(|wait| Duration::from_secs(wait).min(RETRY_AFTER_MAX)),
        }
    }

    pub(super) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// Whether the message holds one of these words of lower case.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        let message = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        words.iter().any(|word| message.contains(word))
    }
}

/// The text of the first element of this name. Errors are flat, so no more of XML is needed.
fn element(xml: &str, name: &str) -> Option<String> {
    let from = xml.split_once(&format!("<{name}>"))?.1;
    let text = from.split_once(&format!("</{name}>"))?.0.trim();
    (!text.is_empty()).then(|| shown(&unescaped(text)))
}

/// The five entities of XML; `&amp;` comes last, as what it stands for must not be read again.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// What others wrote, fit for one line.
fn shown(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(TEXT_CHARS_MAX)
        .collect()
}
