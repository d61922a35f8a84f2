//! Somebody at the dashboard, without JavaScript: gets pages and sends their forms.

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method};

use crate::browser::encoded;
use crate::site::Site;

const FORM: &str = "application/x-www-form-urlencoded";

/// Somebody who is logged in.
pub(crate) struct Hand<'s> {
    pub(crate) site: &'s Site,
    session: Session,
}

#[derive(Clone)]
struct Session {
    http: Client,
    base: String,
    /// The session's cookie.
    cookie: String,
}

/// A page, and who looks at it.
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Its path, without the query.
    pub(crate) path: String,
    pub(crate) text: String,
    session: Session,
}

impl<'s> Hand<'s> {
    pub(crate) async fn with_token(site: &'s Site, token: &str) -> Self {
        let redirect = reqwest::redirect::Policy::none();
        let http = Client::builder().no_proxy().redirect(redirect).build().expect("a client");
        let base = format!("http://{}", site.service.address());
        let body = format!("token={token}");
        let request = http.request(Method::POST, format!("{base}/login"));
        let request = request.header(CONTENT_TYPE, FORM).body(body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 303, "logged in");
        let cookie = answer.headers()[SET_COOKIE].to_str().expect("a cookie");
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Self { site, session: Session { http, base, cookie } }
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.session.get(path).await
    }

    /// Sends an empty form to that path, and gives the path that the answer sends on to.
    pub(crate) async fn send_to(&self, path: &str) -> String {
        let (_, to, text) = self.session.post(path, &[]).await;
        to.unwrap_or_else(|| panic!("{path}: {text}"))
    }

    /// Sends a form that stands on no page.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let (status, to, text) = self.session.post(path, fields).await;
        match to {
            Some(to) => self.session.get(&to).await,
            None => Page { status, path: path.to_owned(), text, session: self.session.clone() },
        }
    }
}

impl Session {
    async fn get(&self, path: &str) -> Page {
        let mut path = path.to_owned();
        for _ in 0..5 {
            let url = format!("{}{path}", self.base);
            let request = self.http.request(Method::GET, url).header(COOKIE, &self.cookie);
            let answer = request.send().await.expect("an answer");
            if let Some(to) = answer.headers().get(LOCATION) {
                path = to.to_str().expect("a path").to_owned();
                continue;
            }
            let status = answer.status().as_u16();
            let text = answer.text().await.expect("a page");
            let path = path.split('?').next().unwrap_or_default().to_owned();
            return Page { status, path, text, session: self.clone() };
        }
        panic!("{path} leads nowhere");
    }

    /// What every form of the session carries.
    async fn csrf(&self) -> String {
        let page = Box::pin(self.get("/accounts")).await;
        page.between("name=\"csrf\" value=\"", "\"")
    }

    /// The status, where the answer sends on to, and the text.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Option<String>, String) {
        let csrf = [("csrf", self.csrf().await)];
        let csrf = csrf.iter().map(|(name, value)| (*name, value.as_str()));
        let fields = csrf.chain(fields.iter().copied());
        let body: Vec<String> =
            fields.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request = self
            .http
            .request(Method::POST, format!("{}{path}", self.base))
            .header(COOKIE, &self.cookie)
            .header(CONTENT_TYPE, FORM)
            .body(body.join("&"));
        let answer = request.send().await.expect("an answer");
        let to = answer.headers().get(LOCATION).map(|to| to.to_str().expect("a path").to_owned());
        (answer.status().as_u16(), to, answer.text().await.expect("a page"))
    }
}

impl Page {
    /// Sends the page's form with these fields, and gives the page that follows.
    pub(crate) async fn send(&self, fields: &[(&str, &str)]) -> Self {
        let (status, to, text) = self.session.post(&self.action(), fields).await;
        match to {
            Some(to) => self.session.get(&to).await,
            None => Self { status, path: self.path.clone(), text, session: self.session.clone() },
        }
    }

    /// Sends the page's form, and gives the path that the answer sends on to.
    pub(crate) async fn send_to(&self, fields: &[(&str, &str)]) -> String {
        let (_, to, text) = self.session.post(&self.action(), fields).await;
        to.unwrap_or_else(|| panic!("{}: {text}", self.path))
    }

    /// Where the form of the page goes.
    fn action(&self) -> String {
        let body = self.text.split("<main").nth(1).unwrap_or(&self.text);
        let action = body.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
        action.unwrap_or_else(|| panic!("no form on {}: {}", self.path, self.text)).to_owned()
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "{} lacks `{text}`: {}", self.path, self.text);
        self
    }

    #[track_caller]
    pub(crate) fn hides(&self, text: &str) -> &Self {
        assert!(!self.text.contains(text), "{} has `{text}`: {}", self.path, self.text);
        self
    }

    /// What stands between two texts.
    #[track_caller]
    pub(crate) fn between(&self, before: &str, after: &str) -> String {
        let rest = self.text.split_once(before).map(|(_, rest)| rest);
        let found = rest.and_then(|rest| rest.split_once(after)).map(|(found, _)| found);
        let found =
            found.unwrap_or_else(|| panic!("no `{before}` on {}: {}", self.path, self.text));
        found.to_owned()
    }
}
