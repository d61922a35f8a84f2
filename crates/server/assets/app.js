// What pages can do beyond links and forms. Every page works without it.
"use strict";

(function () {
  document.documentElement.classList.add("js");

  // Times in the viewer's zone; the exact one in UTC stays in the title.
  const near = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  function localTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.getTime())) time.textContent = near.format(at);
    }
  }

  function say(text) {
    let region = document.getElementById("said");
    if (!region) {
      region = document.createElement("div");
      region.id = "said";
      region.className = "visually-hidden";
      region.setAttribute("role", "status");
      document.body.append(region);
    }
    region.textContent = text;
  }

  async function copy(button) {
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    const text = "value" in source ? source.value : source.textContent;
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      // Without TLS there is no clipboard: select it, so that the keys can copy it.
      getSelection().selectAllChildren(source);
      done = document.execCommand("copy");
    }
    const label = button.dataset.label || button.textContent;
    button.dataset.label = label;
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    say(button.textContent);
    setTimeout(() => { button.textContent = label; }, 2000);
  }

  function switchTheme() {
    const root = document.documentElement;
    const isDark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    document.cookie = `logpush_theme=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Strict`;
  }

  document.addEventListener("click", (event) => {
    const copying = event.target.closest("[data-copy]");
    if (copying) copy(copying);
    if (event.target.closest("[data-theme-toggle]")) switchTheme();
  });

  // A form that asks first.
  document.addEventListener("submit", (event) => {
    const question = (event.submitter && event.submitter.dataset.confirm) || event.target.dataset.confirm;
    if (question && !confirm(question)) event.preventDefault();
  });

  // Lists are filtered while one types; sending the search looks through all pages.
  document.addEventListener("input", (event) => {
    const selector = event.target.dataset && event.target.dataset.filter;
    if (!selector) return;
    const wanted = event.target.value.trim().toLowerCase();
    for (const item of document.querySelectorAll(selector)) {
      item.hidden = wanted !== "" && !item.textContent.toLowerCase().includes(wanted);
    }
  });

  // What is shown only while a radio button or a select has a value: data-shown-for="name=value".
  function showWhatCounts() {
    for (const part of document.querySelectorAll("[data-shown-for]")) {
      const [name, value] = part.dataset.shownFor.split("=");
      const form = part.closest("form") || document;
      const fields = [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
      const chosen = fields.find((field) => field.type !== "radio" && field.type !== "checkbox" || field.checked);
      part.hidden = !chosen || chosen.value !== value;
    }
  }
  document.addEventListener("change", showWhatCounts);

  // Parts of the page are got again every so many seconds: data-poll="10", with an id.
  function poll(part) {
    const wait = Number(part.dataset.poll) * 1000;
    async function again() {
      const old = document.getElementById(part.id);
      const isBusy = document.hidden || (old && old.contains(document.activeElement));
      if (old && !isBusy) {
        try {
          const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
          if (answer.ok) {
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            const fresh = page.getElementById(part.id);
            if (fresh) {
              localTimes(fresh);
              old.replaceChildren(...fresh.childNodes);
              document.dispatchEvent(new CustomEvent("refreshed", { detail: old }));
              const filter = document.querySelector("[data-filter]");
              if (filter && filter.value) filter.dispatchEvent(new Event("input", { bubbles: true }));
            }
          }
        } catch {
          // The service restarts, or the session is over: the next link tells.
        }
      }
      setTimeout(again, wait);
    }
    setTimeout(again, wait);
  }

  // On a narrow screen the pages are a row that is scrolled: the one shown is in sight.
  const here = document.querySelector(".sidebar [aria-current]");
  const row = here && here.closest(".sidebar");
  if (row && row.scrollWidth > row.clientWidth) row.scrollLeft = here.offsetLeft - row.offsetLeft - 24;

  localTimes(document);
  showWhatCounts();
  document.querySelectorAll("[data-poll][id]").forEach(poll);
  const problems = document.getElementById("problems");
  if (problems) problems.focus();
})();
