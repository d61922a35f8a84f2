//! Somebody who looks at the dashboard and finds things as people do: by role and visible label.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::driver::{Browser, Element, Look};
use crate::service::ADMIN_TOKEN;
use crate::world::World;

/// Far more than a page takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody at the dashboard of a world.
pub(crate) struct Visitor {
    pub(crate) browser: Browser,
    /// The text of a tenant's token, which may write in the world's account.
    pub(crate) token: String,
    base: String,
}

impl Visitor {
    /// Somebody before the first page; nobody where there is no browser.
    pub(crate) async fn of(world: &World, look: Look) -> Option<Self> {
        let browser = Browser::start(look).await?;
        let permissions = ["logs:write"];
        let body = json!({ "permissions": permissions, "account_id": world.account });
        let token = world.api.create("/user/tokens", &body).await;
        let token = token["value"].as_str().unwrap().to_owned();
        Some(Self { browser, token, base: world.service.url() })
    }

    /// The same, logged in as a tenant, who has to prove what is theirs.
    pub(crate) async fn logged_in(world: &World, look: Look) -> Option<Self> {
        let visitor = Self::of(world, look).await?;
        visitor.log_in(&visitor.token).await;
        visitor.find("button", "Log out").await;
        Some(visitor)
    }

    pub(crate) async fn log_in(&self, token: &str) {
        self.go("/login").await;
        self.fill("textbox", "API token", token).await;
        self.press("Log in").await;
    }

    /// Logs out, and in as the administrator.
    pub(crate) async fn become_administrator(&self) {
        self.press("Log out").await;
        self.find("heading", "Log in").await;
        self.log_in(ADMIN_TOKEN).await;
        self.find("button", "Log out").await;
    }

    pub(crate) async fn go(&self, path: &str) {
        self.browser.go(&format!("{}{path}", self.base)).await;
    }

    /// The path of the page, without its query.
    pub(crate) async fn path(&self) -> String {
        let url = self.browser.url().await;
        let path = url.strip_prefix(&self.base).unwrap_or(&url);
        path.split('?').next().unwrap_or_default().to_owned()
    }

    /// The element of that role whose label is this one, or else begins with it.
    pub(crate) async fn find(&self, role: &str, label: &str) -> Element {
        let begun = Instant::now();
        loop {
            if let Some(found) = self.look_for(role, label).await {
                return found;
            }
            let (path, shown) = (self.path().await, self.shown().await);
            assert!(
                begun.elapsed() < PATIENCE,
                "no {role} `{label}` on {path}:
{shown}"
            );
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn look_for(&self, role: &str, label: &str) -> Option<Element> {
        let mut near = None;
        for element in self.browser.select(candidates(role)).await {
            let Some(found) = self.browser.label(&element).await else { continue };
            if !found.starts_with(label) || !self.browser.is_shown(&element).await {
                continue;
            }
            if role != "any" && !has_role(role, self.browser.role(&element).await?.as_str()) {
                continue;
            }
            if found == label {
                return Some(element);
            }
            near.get_or_insert(element);
        }
        near
    }

    pub(crate) async fn press(&self, label: &str) {
        self.click("button", label).await;
    }

    pub(crate) async fn follow(&self, label: &str) {
        self.click("link", label).await;
    }

    pub(crate) async fn choose(&self, label: &str) {
        self.click("radio", label).await;
    }

    /// Clicks, again where something was in the way or the page changed meanwhile.
    async fn click(&self, role: &str, label: &str) {
        let begun = Instant::now();
        loop {
            let element = self.find(role, label).await;
            match self.browser.click(&element).await {
                Ok(()) => return,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{role} `{label}`: {error}"),
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Types a text in the place of what a field holds.
    pub(crate) async fn fill(&self, role: &str, label: &str, text: &str) {
        let field = self.find(role, label).await;
        self.browser.clear(&field).await;
        self.browser.type_into(&field, text).await;
    }

    /// Chooses what a select offers under that text.
    pub(crate) async fn pick(&self, label: &str, choice: &str) {
        let field = self.find("combobox", label).await;
        self.browser.type_into(&field, choice).await;
    }

    /// What a field holds.
    pub(crate) async fn value(&self, role: &str, label: &str) -> String {
        let field = self.find(role, label).await;
        self.browser.property(&field, "value").await.as_str().unwrap().to_owned()
    }

    /// All text that is shown.
    pub(crate) async fn shown(&self) -> String {
        let main = self.browser.select("main").await;
        let Some(main) = main.first() else { return String::new() };
        self.browser.text(main).await.unwrap_or_default()
    }

    /// Waits until the page shows that text.
    pub(crate) async fn sees(&self, text: &str) {
        let begun = Instant::now();
        loop {
            let shown = self.shown().await;
            if shown.contains(text) {
                return;
            }
            let path = self.path().await;
            assert!(
                begun.elapsed() < PATIENCE,
                "no `{text}` on {path}:
{shown}"
            );
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// What may have a role.
fn candidates(role: &str) -> &'static str {
    match role {
        "button" => "button, summary, [role=button]",
        "link" => "a[href]",
        "textbox" => "input, textarea",
        "radio" => "input[type=radio]",
        "checkbox" => "input[type=checkbox]",
        "combobox" => "select",
        "heading" => "h1, h2, h3",
        _ => "a[href], button, input, select, textarea, summary, h1, h2, h3",
    }
}

/// Whether a browser's word for a role is ours: it has some more of its own.
fn has_role(wanted: &str, found: &str) -> bool {
    let same = match wanted {
        "textbox" => ["textbox", "searchbox", "spinbutton", "generic", "none"].as_slice(),
        "button" => ["button", "DisclosureTriangle"].as_slice(),
        "combobox" => ["combobox", "listbox", "menu"].as_slice(),
        other => return other == found,
    };
    same.contains(&found)
}
