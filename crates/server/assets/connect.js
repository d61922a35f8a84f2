// What makes "Connect a service" quicker: each page works without it.
(() => {
  "use strict";

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Hides what does not match while one types.
  for (const input of all("[data-search]")) {
    const groups = document.querySelector(input.dataset.search);
    const narrow = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const group of all("[data-search-group]", groups)) {
        let found = 0;
        for (const entry of all("[data-search-text]", group)) {
          entry.hidden = !words.every((word) => entry.dataset.searchText.includes(word));
          found += entry.hidden ? 0 : 1;
        }
        group.hidden = found === 0;
      }
    };
    input.addEventListener("input", narrow);
    // Return while searching is not "Continue".
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); }
    });
  }

  // Moves entries of a list up and down, or where they are dragged, without asking the server.
  for (const list of all("[data-order]")) {
    const renumber = () => all("li", list).forEach((item, at) => {
      item.querySelector("input").value = at + 1;
    });
    list.addEventListener("click", (event) => {
      const button = event.target.closest("button[value^='up:'], button[value^='down:']");
      if (!button) { return; }
      event.preventDefault();
      const item = button.closest("li");
      if (button.value.startsWith("up:")) {
        item.previousElementSibling?.before(item);
      } else {
        item.nextElementSibling?.after(item);
      }
      renumber();
      button.focus();
    });
    let dragged = null;
    for (const item of all("li", list)) { item.draggable = true; }
    list.addEventListener("dragstart", (event) => { dragged = event.target.closest("li"); });
    list.addEventListener("dragover", (event) => {
      const over = event.target.closest("li");
      if (!dragged || !over || over === dragged) { return; }
      event.preventDefault();
      const box = over.getBoundingClientRect();
      if (event.clientY < box.top + box.height / 2) { over.before(dragged); } else { over.after(dragged); }
    });
    list.addEventListener("dragend", () => { dragged = null; renumber(); });
  }

  // Sends the form while one types, and takes over what the page then shows in its live parts.
  for (const form of all("form[data-live]")) {
    // `form.action` would be the buttons of that name.
    const address = form.getAttribute("action");
    let waiting = 0;
    let asked = 0;
    const ask = async () => {
      const mine = ++asked;
      const body = new URLSearchParams(new FormData(form));
      body.set("action", form.dataset.live);
      try {
        const answer = await fetch(address, { method: "POST", body });
        if (!answer.ok || mine !== asked) { return; }
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of all("[data-live-part]", form)) {
          const fresh = page.getElementById(part.id);
          if (fresh && fresh.innerHTML !== part.innerHTML) { part.replaceChildren(...fresh.childNodes); }
        }
      } catch {
        // The buttons still work, and say what is wrong.
      }
    };
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(ask, 400); };
    form.addEventListener("input", soon);
    form.addEventListener("change", soon);
    form.addEventListener("submit", () => { clearTimeout(waiting); });
  }

  // Offers the operators that go with the field.
  const operators = document.getElementById("operators");
  if (operators) {
    document.addEventListener("change", (event) => {
      if (!event.target.matches("[data-field]")) { return; }
      const type = event.target.selectedOptions[0]?.dataset.type ?? "string";
      const select = event.target.closest(".condition").querySelector("[data-operator]");
      const before = select.value;
      const fitting = all(`option[data-types~="${type}"]`, operators.content);
      select.replaceChildren(...fitting.map((option) => option.cloneNode(true)));
      if (fitting.some((option) => option.value === before)) { select.value = before; }
    });
  }
})();
