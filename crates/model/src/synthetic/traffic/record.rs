//! One request as a line of JSON.

use std::io::Write;

use crate::UnixNanos;
use crate::synthetic::Dice;

use super::visitor::Visitor;
use super::{Kind, ZONE};

/// What is settled about a request before its details are drawn.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    pub(super) kind: Kind,
    pub(super) visitor: &'a Visitor,
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    /// With its question mark, or empty.
    pub(super) query: &'a str,
    pub(super) ray: &'a str,
}

/// How the shop answered.
#[derive(Debug)]
struct Answer {
    status: u64,
    cache: &'static str,
    content_type: &'static str,
    body_bytes: u64,
    /// Time that the origin took; 0 where it was not asked.
    origin_ms: u64,
    first_byte_ms: u64,
    total_ms: u64,
}

impl Fields<'_> {
    /// Writes the record and a newline.
    pub(super) fn write(&self, dice: &mut Dice, at: UnixNanos, out: &mut Vec<u8>) {
        let answer = self.answer(dice);
        let start = at.0 - (answer.total_ms as i64) * 1_000_000 - dice.below(1_000_000) as i64;
        let mut object = Object::open(out);
        object.text("RayID", self.ray);
        object.text("ZoneName", ZONE);
        object.integer("EdgeStartTimestamp", start);
        object.integer("EdgeEndTimestamp", at.0);
        self.client(dice, &mut object);
        self.request(dice, &mut object);
        self.response(dice, &answer, &mut object);
        self.security(dice, &mut object);
        object.close();
        out.push(b'\n');
    }

    fn client(&self, dice: &mut Dice, object: &mut Object<'_>) {
        let visitor = self.visitor;
        object.text("ClientIP", &visitor.address);
        object.text("ClientCountry", visitor.country);
        object.text("ClientCity", visitor.city);
        object.integer("ClientASN", i64::from(visitor.network));
        object.text("ClientDeviceType", visitor.device);
        object.integer("ClientSrcPort", 1_024 + dice.below(64_000) as i64);
        object.text("ClientSSLProtocol", "TLSv1.3");
        let round_trip = dice.log_normal(visitor.round_trip_ms as f64, 0.3);
        object.integer("ClientTCPRTTMs", round_trip as i64);
    }

    fn request(&self, dice: &mut Dice, object: &mut Object<'_>) {
        let method = match self.kind {
            Kind::Cart | Kind::Checkout | Kind::Login => "POST",
            Kind::Page if self.visitor.is_crawler => "HEAD",
            _ => "GET",
        };
        let protocol = dice.pick(&["HTTP/2", "HTTP/2", "HTTP/3", "HTTP/1.1"]);
        object.text("ClientRequestMethod", method);
        object.text("ClientRequestProtocol", protocol);
        object.text("ClientRequestHost", self.host);
        object.text("ClientRequestPath", self.path);
        object.joined("ClientRequestURI", self.path, self.query);
        object.text("ClientRequestReferer", self.referer(dice));
        object.text("ClientRequestUserAgent", self.visitor.agent);
        object.integer("ClientRequestBytes", 400 + dice.below(1_600) as i64);
        object.key("RequestHeaders");
        let mut headers = Object::open(object.out);
        headers.text("accept-language", self.visitor.languages);
        headers.text("x-delivery-city", self.visitor.city);
        if !self.visitor.agent_hints.is_empty() {
            headers.text("sec-ch-ua", self.visitor.agent_hints);
        }
        if self.kind == Kind::Checkout {
            headers.text("x-order-note", "extra jalapeños — \"muy picante\" 🌶");
        }
        headers.close();
    }

    fn response(&self, dice: &mut Dice, answer: &Answer, object: &mut Object<'_>) {
        let colo = self.visitor.data_centre;
        object.text("EdgeColoCode", colo);
        object.text("CacheCacheStatus", answer.cache);
        object.integer("EdgeResponseStatus", answer.status as i64);
        object.text("EdgeResponseContentType", answer.content_type);
        object.integer("EdgeResponseBodyBytes", answer.body_bytes as i64);
        let header_bytes = 350 + dice.below(500);
        object.integer("EdgeResponseBytes", (answer.body_bytes + header_bytes) as i64);
        object.integer("EdgeTimeToFirstByteMs", answer.first_byte_ms as i64);
        let asked = answer.origin_ms > 0;
        object.text("OriginIP", if asked { "192.0.2.10" } else { "" });
        object.integer("OriginResponseStatus", if asked { answer.status as i64 } else { 0 });
        object.integer("OriginResponseDurationMs", answer.origin_ms as i64);
        object.key("ResponseHeaders");
        let mut headers = Object::open(object.out);
        headers.text("x-served-by", colo);
        headers.integer("age", if asked { 0 } else { dice.below(86_400) as i64 });
        headers.close();
    }

    fn security(&self, dice: &mut Dice, object: &mut Object<'_>) {
        let is_probe = self.kind == Kind::Probe;
        let is_bot = self.visitor.is_crawler || is_probe;
        let bot_score = if is_bot { 1 + dice.below(5) } else { 30 + dice.below(70) };
        object.integer("BotScore", bot_score as i64);
        object.boolean("WorkerSubrequest", false);
        object.integer("WAFAttackScore", if is_probe { 8 } else { 80 + dice.below(20) as i64 });
        object.text("SecurityAction", if is_probe { "block" } else { "" });
    }

    fn referer(&self, dice: &mut Dice) -> &'static str {
        match self.kind {
            Kind::Probe => "",
            Kind::Page | Kind::Product if dice.chance(400) => {
                dice.pick(&["https://www.google.com/", "https://www.instagram.com/", ""])
            }
            _ => dice.pick(&[
                "https://www.burritobot.example/",
                "https://www.burritobot.example/menu",
                "https://shop.burritobot.example/offers",
            ]),
        }
    }

    fn answer(&self, dice: &mut Dice) -> Answer {
        let cacheable = matches!(self.kind, Kind::Asset | Kind::Image | Kind::Page);
        let hit = cacheable && dice.chance(if self.kind == Kind::Page { 550 } else { 930 });
        let (content_type, median_bytes) = match self.kind {
            Kind::Page | Kind::Product | Kind::Search => ("text/html", 18_000.0),
            Kind::Image => ("image/webp", 42_000.0),
            Kind::Asset => ("application/javascript", 65_000.0),
            Kind::Cart | Kind::Checkout | Kind::Login => ("application/json", 600.0),
            Kind::Probe => ("text/html", 1_500.0),
        };
        let status = self.status(dice, hit);
        let empty = matches!(status, 301 | 304);
        let body_bytes = if empty { 0 } else { dice.log_normal(median_bytes, 0.8) as u64 };
        let asked = !hit && status != 403;
        let origin_median = if self.kind == Kind::Checkout { 260.0 } else { 55.0 };
        let origin_ms = if asked { 1 + dice.log_normal(origin_median, 0.6) as u64 } else { 0 };
        let first_byte_ms = origin_ms + 1 + dice.below(9);
        Answer {
            status,
            cache: match (cacheable, hit) {
                (false, _) => "dynamic",
                (true, true) => dice.pick(&["hit", "hit", "hit", "revalidated"]),
                (true, false) => dice.pick(&["miss", "miss", "expired"]),
            },
            content_type,
            body_bytes,
            origin_ms,
            first_byte_ms,
            total_ms: first_byte_ms + body_bytes / 20_000,
        }
    }

    fn status(&self, dice: &mut Dice, hit: bool) -> u64 {
        let lot = dice.below(1_000);
        match (self.kind, lot) {
            (Kind::Probe, 0..700) => 403,
            (Kind::Login, 0..180) => 401,
            (Kind::Cart | Kind::Checkout, 0..15) => 409,
            (_, 990..996) if !hit => 502,
            (_, 996..) if !hit => 503,
            (Kind::Asset | Kind::Image, 0..120) => 304,
            (Kind::Page | Kind::Product, 0..30) => 301,
            (Kind::Page | Kind::Product, 30..55) | (Kind::Probe, _) => 404,
            (Kind::Cart, _) => 201,
            _ => 200,
        }
    }
}

/// A JSON object that is being written.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Object<'a> {
    fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    fn close(self) {
        self.out.push(b'}');
    }

    fn key(&mut self, name: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn text(&mut self, name: &str, value: &str) {
        self.joined(name, value, "");
    }

    /// A text of two parts.
    fn joined(&mut self, name: &str, one: &str, two: &str) {
        self.key(name);
        self.out.push(b'"');
        for part in [one, two] {
            // Only quotes occur among the bytes that JSON wants escaped.
            for (at, piece) in part.split('"').enumerate() {
                if at > 0 {
                    self.out.extend_from_slice(b"\\\"");
                }
                self.out.extend_from_slice(piece.as_bytes());
            }
        }
        self.out.push(b'"');
    }

    fn integer(&mut self, name: &str, value: i64) {
        self.key(name);
        // Writing to memory does not fail.
        let _ = write!(self.out, "{value}");
    }

    fn boolean(&mut self, name: &str, value: bool) {
        self.key(name);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }
}
