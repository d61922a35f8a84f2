//! Somebody at the dashboard, without JavaScript: a cookie, pages and their forms.

use reqwest::{Client, Method, RequestBuilder};

use crate::site::{Answer, Site, send};

/// A browser that follows nothing by itself.
pub(crate) struct Browser {
    http: Client,
    base: String,
    /// The session's cookie, as it is sent back.
    pub(crate) cookie: String,
}

impl Browser {
    /// One without a session.
    pub(crate) fn new(site: &Site) -> Self {
        let redirect = reqwest::redirect::Policy::none();
        let http = Client::builder().no_proxy().redirect(redirect).build().expect("a client");
        Self { http, base: format!("http://{}", site.service.address()), cookie: String::new() }
    }

    /// One that is logged in by this token.
    pub(crate) async fn logged_in(site: &Site, token: &str) -> Self {
        let mut browser = Self::new(site);
        let answer = browser.post("/login", &[("token", token)]).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        browser.take_cookie(&answer);
        browser
    }

    /// Keeps the cookie that an answer sets.
    pub(crate) fn take_cookie(&mut self, answer: &Answer) {
        let set = answer.headers["set-cookie"].to_str().expect("a cookie is text");
        set.split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        if self.cookie.is_empty() { request } else { request.header("cookie", &self.cookie) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path).header("accept", "text/html")).await
    }

    /// The text of a page that has to be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.text
    }

    /// Sends a form as it is.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, fields, &[]).await
    }

    /// Sends a form as it is, with these headers.
    pub(crate) async fn post_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let mut request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(pairs.collect::<Vec<_>>().join("&"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request).await
    }

    /// Sends a form with the token that the page at `page` carries.
    pub(crate) async fn send(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = csrf(&self.page(page).await);
        self.post(path, &[&[("csrf", csrf.as_str())], fields].concat()).await
    }
}

/// What the forms of a page carry.
pub(crate) fn csrf(page: &str) -> String {
    let value = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no form on {page}")).to_owned()
}

/// A value as forms send it.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Where an answer sends on to.
pub(crate) fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.headers["location"].to_str().expect("a path")
}
