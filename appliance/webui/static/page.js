// The building page without reload: swaps fragments as the appliance streams them, keeps times running, offers people
// while one types. The page works without this file; it is then as old as its last load.
"use strict";
(() => {
  const words = JSON.parse(document.body.dataset.words || "{}");
  const spoken = document.documentElement.lang;
  const POLL_MS = 3000, TRY_STREAM_AGAIN_MS = 15000, TICK_MS = 1000, TYPED_MS = 150;

  // Times. The server writes them whole; here they become "3 minutes ago" and running durations.
  const relative = new Intl.RelativeTimeFormat(spoken, { numeric: "always", style: "short" });
  const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  let skew = 0; // Milliseconds that the appliance's clock is ahead of this browser's.
  const nowMs = () => Date.now() + skew;

  function ago(seconds) {
    if (Math.abs(seconds) < 2) return words.now;
    const [unit, size] = STEPS.find(([, s]) => Math.abs(seconds) >= s) || STEPS[3];
    return relative.format(-Math.trunc(seconds / size), unit);
  }
  function lasted(seconds) {
    const s = Math.max(0, Math.floor(seconds)), two = (n) => String(n).padStart(2, "0");
    const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
  }
  function write(element, text) { if (element.textContent !== text) element.textContent = text; }
  function tick(root) {
    for (const t of root.querySelectorAll("time[data-ago], time[data-running]")) {
      const seconds = (nowMs() - Date.parse(t.dateTime)) / 1000;
      if (Number.isFinite(seconds)) write(t, "running" in t.dataset ? lasted(seconds) : ago(seconds));
    }
  }
  tick(document);
  setInterval(() => tick(document), TICK_MS);

  // Live.
  const sign = document.getElementById("livesign"), signText = document.getElementById("livetext");
  const announce = document.getElementById("announce");
  let announced = null;
  function state(name) { if (sign) { sign.dataset.state = name; write(signText, words[name]); } }

  function show(message) {
    if (message.now) skew = Date.parse(message.now) - Date.now();
    for (const [name, html] of Object.entries(message.fragments)) {
      const place = document.querySelector(`[data-fragment="${name}"]`);
      if (!place) continue;
      const made = document.createElement("template");
      made.innerHTML = html;
      tick(made.content);
      const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
      const ticked = [...place.querySelectorAll("input:checked")].map((box) => box.id);
      place.replaceChildren(made.content);
      for (const id of ticked) { const box = document.getElementById(id); if (box) box.checked = true; }
      const again = focused && document.getElementById(focused);
      if (again) again.focus({ preventScroll: true });
    }
    document.dispatchEvent(new Event("conserje:shown"));
    if (message.announce !== undefined && message.announce !== announced) {
      if (announced !== null) announce.textContent = message.announce;
      announced = message.announce;
    }
  }

  let query = document.body.dataset.live, source = null, turn = 0;
  if (query) stream();

  // Another search of the same page: shown at once, then followed live.
  document.addEventListener("conserje:requery", async (event) => {
    query = event.detail;
    const mine = ++turn;
    if (source) source.close();
    try {
      const answer = await fetch(`/api/v1/fragments?${query}`, { cache: "no-store" });
      if (mine !== turn) return;
      if (answer.ok) show(await answer.json());
    } catch { state("lost"); }
    if (mine === turn) stream();
  });

  function stream() {
    if (!("EventSource" in window)) return poll(Infinity);
    const mine = source = new EventSource(`/api/v1/events?${query}`);
    mine.addEventListener("board", (event) => { if (mine === source) { state("live"); show(JSON.parse(event.data)); } });
    mine.addEventListener("bye", () => { mine.close(); state("ended"); });
    mine.addEventListener("error", () => {
      if (mine !== source) return;
      // A stream that broke is tried again by the browser itself; one that was refused is not: then ask by turns.
      if (mine.readyState === EventSource.CLOSED) poll(Date.now() + TRY_STREAM_AGAIN_MS);
      else state("lost");
    });
    addEventListener("pagehide", () => mine.close(), { once: true });
  }
  async function poll(until) {
    let etag = "";
    const mine = turn;
    while (Date.now() < until) {
      if (mine !== turn) return;
      try {
        const answer = await fetch(`/api/v1/fragments?${query}`, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
        if (answer.status === 401) return state("ended");
        if (answer.ok) { etag = answer.headers.get("ETag") || ""; show(await answer.json()); }
        state(answer.ok || answer.status === 304 ? "polling" : "lost");
      } catch { state("lost"); }
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
    stream();
  }

  // People while one types: the combobox pattern of WAI-ARIA 1.2 with a listbox.
  for (const box of document.querySelectorAll("[data-combo]")) combo(box);
  function combo(box) {
    const input = box.querySelector("input:not([type=hidden])"), chosen = box.querySelector("input[type=hidden]");
    if (!chosen) return;
    const list = document.createElement("ul"), said = document.createElement("p");
    list.className = "options"; list.id = `${input.id}-options`; list.hidden = true;
    list.setAttribute("role", "listbox"); list.setAttribute("aria-label", box.querySelector("label").textContent);
    said.className = "sr"; said.setAttribute("role", "status");
    input.after(list); box.append(said);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) input.setAttribute(name, value);
    let timer = 0, asked = 0, at = -1;

    function open(yes) { list.hidden = !yes; input.setAttribute("aria-expanded", String(yes)); if (!yes) mark(-1); }
    function mark(index) {
      at = index;
      [...list.children].forEach((o, i) => o.setAttribute("aria-selected", String(i === index)));
      if (index < 0) input.removeAttribute("aria-activedescendant");
      else { input.setAttribute("aria-activedescendant", list.children[index].id); list.children[index].scrollIntoView({ block: "nearest" }); }
    }
    function choose(option) {
      input.value = option.textContent; chosen.value = option.dataset.id;
      said.textContent = words.chosen.replace("{text}", option.textContent);
      open(false);
    }
    async function ask() {
      const mine = ++asked, text = input.value.trim();
      if (text.length < 2) { open(false); said.textContent = text ? words.more : ""; return; }
      const answer = await fetch(`${box.dataset.combo}?q=${encodeURIComponent(text)}`, { cache: "no-store" });
      if (mine !== asked || !answer.ok) return;
      const { people } = await answer.json();
      list.replaceChildren(...people.map((person, i) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${i}`; option.setAttribute("role", "option"); option.setAttribute("aria-selected", "false");
        option.dataset.id = person.id; option.textContent = person.text;
        option.addEventListener("mousedown", (event) => { event.preventDefault(); choose(option); });
        return option;
      }));
      open(people.length > 0);
      said.textContent = people.length ? words.found.replace("{count}", people.length) : words.nobody;
    }
    input.addEventListener("input", () => { chosen.value = ""; clearTimeout(timer); timer = setTimeout(ask, TYPED_MS); });
    input.addEventListener("blur", () => open(false));
    input.addEventListener("keydown", (event) => {
      const count = list.hidden ? 0 : list.children.length;
      if (event.key === "ArrowDown" && count) mark((at + 1) % count);
      else if (event.key === "ArrowUp" && count) mark((at - 1 + count) % count);
      else if (event.key === "Enter" && at >= 0) choose(list.children[at]);
      else if (event.key === "Escape" && count) open(false);
      else return;
      event.preventDefault();
    });
  }

  // Menus close by Escape and by a click elsewhere.
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
})();
