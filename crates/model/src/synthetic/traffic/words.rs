//! What the shop and its visitors are called.

use crate::synthetic::Dice;

/// Hosts of the zone, the most visited first.
pub(super) const HOSTS: [&str; 6] = [
    "www.burritobot.example",
    "shop.burritobot.example",
    "burritobot.example",
    "api.burritobot.example",
    "help.burritobot.example",
    "blog.burritobot.example",
];

/// Pages, the most visited first.
pub(super) const PAGES: [&str; 14] = [
    "/",
    "/menu",
    "/offers",
    "/menu/burritos",
    "/locations",
    "/menu/bowls",
    "/account",
    "/menu/salsas",
    "/about",
    "/delivery",
    "/gift-cards",
    "/franchise",
    "/jobs",
    "/legal/privacy",
];

/// Products, the best selling first.
pub(super) const PRODUCTS: [&str; 12] = [
    "burrito-classic",
    "burrito-al-pastor",
    "bowl-chipotle",
    "salsa-verde",
    "burrito-veggie",
    "nachos-grande",
    "jalapeno-poppers",
    "bowl-barbacoa",
    "guacamole",
    "horchata",
    "churros",
    "robot-apron",
];

/// Countries with the numbers, names and cities of networks in them, the most visitors first.
pub(super) const COUNTRIES: [(&str, u32, &str, &str); 14] = [
    ("us", 7922, "Chicago", "en-US,en;q=0.9"),
    ("de", 3320, "Köln", "de-DE,de;q=0.9,en;q=0.7"),
    ("gb", 2856, "Leeds", "en-GB,en;q=0.9"),
    ("br", 28573, "São Paulo", "pt-BR,pt;q=0.9,en;q=0.6"),
    ("fr", 3215, "Besançon", "fr-FR,fr;q=0.9,en;q=0.7"),
    ("mx", 8151, "Mérida", "es-MX,es;q=0.9,en;q=0.6"),
    ("in", 55836, "Pune", "en-IN,hi;q=0.8"),
    ("jp", 4713, "東京", "ja,en-US;q=0.7"),
    ("ca", 577, "Montréal", "fr-CA,fr;q=0.9,en;q=0.8"),
    ("es", 3352, "A Coruña", "es-ES,es;q=0.9,en;q=0.7"),
    ("pl", 5617, "Łódź", "pl-PL,pl;q=0.9,en;q=0.6"),
    ("ua", 15895, "Київ", "uk-UA,uk;q=0.9,en;q=0.7"),
    ("au", 1221, "Perth", "en-AU,en;q=0.9"),
    ("se", 3301, "Malmö", "sv-SE,sv;q=0.9,en;q=0.8"),
];

/// Browsers with their kind of device and what they say in `sec-ch-ua`, the most used first.
pub(super) const BROWSERS: [(&str, &str, &str); 8] = [
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/141.0.0.0 Mobile Safari/537.36",
        "mobile",
        r#""Google Chrome";v="141", "Not?A_Brand";v="8", "Chromium";v="141""#,
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 \
         (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        "mobile",
        "",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/141.0.0.0 Safari/537.36",
        "desktop",
        r#""Google Chrome";v="141", "Not?A_Brand";v="8", "Chromium";v="141""#,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 \
         (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
        "desktop",
        "",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
        "desktop",
        r#""Microsoft Edge";v="141", "Not?A_Brand";v="8", "Chromium";v="141""#,
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "desktop", ""),
    ("BurritoBot/5.2 (Android 15; order ahead)", "mobile", ""),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "desktop", ""),
];

/// Where requests are answered.
pub(super) const DATA_CENTRES: [&str; 8] = ["ORD", "FRA", "LHR", "GRU", "CDG", "NRT", "QRO", "SYD"];

/// A stylesheet, a script or a font.
pub(super) fn asset(dice: &mut Dice) -> String {
    let name = dice.pick(&["app", "vendor", "menu", "checkout", "theme", "icons"]);
    let ending = dice.pick(&["js", "js", "css", "woff2"]);
    // Few builds are out at a time, so names repeat.
    let build = 0x5f3a_9c00 + dice.below(3) * 0x11;
    format!("/assets/{name}.{build:08x}.{ending}")
}

/// A query of the search page.
pub(super) fn search(dice: &mut Dice) -> String {
    let terms = [
        "burrito",
        "vegan+burrito",
        "pi%C3%B1a",
        "jalape%C3%B1o",
        "gluten+free",
        "guacamole",
        "%E3%83%96%E3%83%AA%E3%83%88%E3%83%BC",
        "salsa+%22extra+hot%22",
    ];
    let term = dice.pick(&terms);
    let page = 1 + dice.below(3);
    format!("?q={term}&page={page}")
}

/// The query of a visitor who came by an advertisement; most did not.
pub(super) fn campaign(dice: &mut Dice) -> String {
    if dice.chance(880) {
        return String::new();
    }
    let source = dice.pick(&["newsletter", "instagram", "search", "partner"]);
    format!("?utm_source={source}&utm_campaign=taco-tuesday-{:02}", 1 + dice.below(52))
}

/// What those ask for who look for an open door.
pub(super) fn probe(dice: &mut Dice) -> &'static str {
    dice.pick(&["/.env", "/wp-login.php", "/.git/config", "/admin.php", "/xmlrpc.php"])
}
