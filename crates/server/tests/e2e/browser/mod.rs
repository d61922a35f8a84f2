//! The dashboard in a real browser: headless Chromium, driven over WebDriver.
//!
//! - Things are found as people find them: by role and by visible label.
//! - Where there is no Chromium, a test says loudly what it skipped.

mod access;
mod axe;
mod driver;
mod live;
mod mishaps;
mod options;
mod visitor;
mod walk;
