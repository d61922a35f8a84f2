//! Chromium, driven by the system's chromedriver over the WebDriver protocol.
//! <https://www.w3.org/TR/webdriver2/>
//!
//! The protocol is JSON over HTTP, and the tests need a dozen of its calls: they are made here.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::tools;

/// The member that names an element in answers: a constant of the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How a browser looks at pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) has_scripts: bool,
    pub(crate) is_dark: bool,
    pub(crate) width: u32,
}

impl Look {
    pub(crate) const WIDE: Self = Self { has_scripts: true, is_dark: false, width: 1440 };
    pub(crate) const WITHOUT_SCRIPTS: Self = Self { has_scripts: false, ..Self::WIDE };
}

/// A browser with one window.
pub(crate) struct Browser {
    _driver: Child,
    http: Client,
    port: u16,
    session: String,
}

/// An element of the page that is shown.
#[derive(Debug, Clone)]
pub(crate) struct Element(String);

impl Browser {
    /// A browser, where Chromium and its driver are installed. Where not, that is said loudly.
    pub(crate) async fn start(look: Look) -> Option<Self> {
        if !tools::programs(&["chromium", "chromedriver"]).await {
            return None;
        }
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let port = port(&mut driver).await;
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        let mut browser = Self { _driver: driver, http, port, session: String::new() };
        let session = browser.ask(Method::POST, "/session", Some(capabilities(look))).await;
        let session = session.expect("a session of the browser");
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        browser.look(look).await;
        Some(browser)
    }

    /// Looks at pages in another way from now on; whether scripts run is fixed.
    pub(crate) async fn look(&self, look: Look) {
        let scheme = if look.is_dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        self.resize(look.width, 900).await;
    }

    async fn resize(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    pub(crate) async fn go(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await.unwrap();
    }

    pub(crate) async fn url(&self) -> String {
        let url = self.get("/url").await.unwrap();
        url.as_str().unwrap().to_owned()
    }

    /// The elements that a CSS selector selects.
    pub(crate) async fn select(&self, css: &str) -> Vec<Element> {
        let query = json!({ "using": "css selector", "value": css });
        let found = self.post("/elements", query).await.unwrap_or_default();
        let elements = found.as_array().cloned().unwrap_or_default();
        let id = |element: &Value| Some(Element(element[ELEMENT].as_str()?.to_owned()));
        elements.iter().filter_map(id).collect()
    }

    /// What assistive technology calls the element; nothing where it is gone.
    pub(crate) async fn label(&self, element: &Element) -> Option<String> {
        let label = self.get(&format!("/element/{}/computedlabel", element.0)).await.ok()?;
        Some(label.as_str()?.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// What assistive technology takes the element for; nothing where it is gone.
    pub(crate) async fn role(&self, element: &Element) -> Option<String> {
        let role = self.get(&format!("/element/{}/computedrole", element.0)).await.ok()?;
        Some(role.as_str()?.to_owned())
    }

    pub(crate) async fn is_shown(&self, element: &Element) -> bool {
        let shown = self.get(&format!("/element/{}/displayed", element.0)).await;
        shown.is_ok_and(|shown| shown == true)
    }

    /// The text of an element as it is shown; nothing where it is gone.
    pub(crate) async fn text(&self, element: &Element) -> Option<String> {
        let text = self.get(&format!("/element/{}/text", element.0)).await.ok()?;
        Some(text.as_str()?.to_owned())
    }

    pub(crate) async fn property(&self, element: &Element, name: &str) -> Value {
        self.get(&format!("/element/{}/property/{name}", element.0)).await.unwrap()
    }

    pub(crate) async fn click(&self, element: &Element) -> Result<(), String> {
        self.post(&format!("/element/{}/click", element.0), json!({})).await.map(drop)
    }

    pub(crate) async fn clear(&self, element: &Element) {
        self.post(&format!("/element/{}/clear", element.0), json!({})).await.unwrap();
    }

    pub(crate) async fn type_into(&self, element: &Element, text: &str) {
        let keys = json!({ "text": text });
        self.post(&format!("/element/{}/value", element.0), keys).await.unwrap();
    }

    pub(crate) async fn forget_cookies(&self) {
        self.ask(Method::DELETE, &self.path("/cookie"), None).await.unwrap();
    }

    /// Runs a script that calls its last argument when it is done.
    pub(crate) async fn run(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        self.post("/execute/async", body).await.unwrap()
    }

    /// The page as a PNG, as far down as `height_max`.
    pub(crate) async fn picture(&self, width: u32, height_max: u64) -> Vec<u8> {
        let script = "arguments[0](document.documentElement.scrollHeight)";
        let height = self.run(script).await.as_u64().unwrap();
        self.resize(width, u32::try_from(height.clamp(400, height_max)).unwrap()).await;
        // What scrolls within a page is painted after the page: a picture at once shows it empty.
        let painted = "const done = arguments[0];
                       requestAnimationFrame(() => requestAnimationFrame(() => done()))";
        self.run(painted).await;
        self.get("/screenshot").await.unwrap();
        let png = self.get("/screenshot").await.unwrap();
        self.resize(width, 900).await;
        STANDARD.decode(png.as_str().unwrap()).unwrap()
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.post("/goog/cdp/execute", body).await.unwrap();
    }

    fn path(&self, path: &str) -> String {
        format!("/session/{}{path}", self.session)
    }

    async fn get(&self, path: &str) -> Result<Value, String> {
        self.ask(Method::GET, &self.path(path), None).await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        self.ask(Method::POST, &self.path(path), Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let is_good = answer.status().is_success();
        let mut answer: Value = answer.json().await.map_err(|error| error.to_string())?;
        if is_good { Ok(answer["value"].take()) } else { Err(answer["value"].to_string()) }
    }
}

impl Drop for Browser {
    /// Has the driver end its browser, which would go on without it.
    fn drop(&mut self) {
        let Ok(mut driver) = TcpStream::connect(("127.0.0.1", self.port)) else { return };
        let wait = driver.set_read_timeout(Some(Duration::from_secs(10)));
        let (path, host) = (self.path(""), "Host: 127.0.0.1\r\nConnection: close");
        let request = format!("DELETE {path} HTTP/1.1\r\n{host}\r\n\r\n");
        // A driver that is gone has no browser to end.
        let _ = wait.and_then(|()| driver.write_all(request.as_bytes()));
        let _ = driver.read_to_end(&mut Vec::new());
    }
}

/// The port that a driver says it listens on.
async fn port(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let Some((_, port)) = line.split_once("successfully on port ") else { continue };
        let port = port.trim_end_matches('.').parse().unwrap();
        // What it says later would fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        return port;
    }
    panic!("the driver does not say where it listens");
}

fn capabilities(look: Look) -> Value {
    let mut preferences = json!({});
    if !look.has_scripts {
        // 2: blocked, as a person blocks them in the settings.
        preferences["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--no-proxy-server",
        "--hide-scrollbars",
        "--lang=en-US",
    ];
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": {
            "binary": "/usr/bin/chromium",
            "args": arguments,
            "prefs": preferences,
        },
    } } })
}
