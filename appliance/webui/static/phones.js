// What people do on the pages of phones: search while typing, mark several, copy a text, find a line, see early that a
// file is too large. Every form works without this file.
"use strict";
(() => {
  const words = JSON.parse(document.body.dataset.words || "{}");
  const TYPED_MS = 200;

  // Search while typing: the same page's parts for other words, and an address that says so.
  for (const form of document.querySelectorAll("[data-live-search]")) {
    const input = form.querySelector("input[type=search]");
    let timer = 0;
    const search = () => {
      const args = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
      history.replaceState(null, "", args.size ? `${form.action}?${args}` : form.action);
      const bulk = document.querySelector("[data-bulk]");
      if (bulk) { bulk.elements.q.value = input.value.trim(); bulk.elements.page.value = ""; }
      document.dispatchEvent(new CustomEvent("conserje:requery", { detail: `view=${form.dataset.liveSearch}&${args}` }));
    };
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, TYPED_MS); });
    form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); search(); });
    addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target.closest("input, textarea, select")) return;
      event.preventDefault(); input.focus(); input.select();
    });
  }

  // Marked phones.
  const bulk = document.querySelector("[data-bulk]");
  if (bulk) {
    const said = bulk.querySelector(".bulkcount");
    const marks = () => [...document.querySelectorAll("[data-mark]")];
    const count = () => {
      const all = document.querySelector("[data-mark-all]"), every = all && all.checked;
      const marked = every ? Number(all.dataset.markAll) : marks().filter((m) => m.checked).length;
      bulk.toggleAttribute("data-empty", marked === 0);
      const text = marked ? said.dataset.count.replace("{count}", marked) : said.dataset.none;
      if (said.textContent !== text) said.textContent = text;
      // Only what can be done to some of the marked.
      const some = every ? marks() : marks().filter((m) => m.checked);
      const can = { own: some.some((m) => m.dataset.mark === "own"), strange: some.some((m) => m.dataset.mark === "strange"), waits: some.some((m) => "waits" in m.dataset) };
      for (const deed of bulk.querySelectorAll("[data-needs]")) deed.hidden = !every && !can[deed.dataset.needs];
      const page = document.querySelector("[data-mark-page]");
      if (page) {
        page.checked = marks().length > 0 && marks().every((m) => m.checked);
        page.indeterminate = !page.checked && marks().some((m) => m.checked);
      }
    };
    let last = null;
    document.addEventListener("click", (event) => {
      const box = event.target.closest("[data-mark]");
      if (!box) return;
      // Shift marks all from the one before to this one.
      const every = marks(), from = last && every.findIndex((m) => m.id === last), to = every.indexOf(box);
      if (event.shiftKey && last && from >= 0) for (const m of every.slice(Math.min(from, to), Math.max(from, to) + 1)) m.checked = box.checked;
      last = box.id;
    });
    document.addEventListener("change", (event) => {
      if (event.target.matches("[data-mark-page]")) for (const m of marks()) m.checked = event.target.checked;
      if (event.target.matches("[data-mark], [data-mark-page]")) {
        const all = document.querySelector("[data-mark-all]");
        if (all && !event.target.checked) all.checked = false;
      }
      if (event.target.matches("[data-mark-all]")) for (const m of marks()) m.checked = event.target.checked;
      count();
    });
    bulk.querySelector("[data-clear]").addEventListener("click", (event) => {
      event.preventDefault();
      for (const box of document.querySelectorAll("[data-mark], [data-mark-page], [data-mark-all]")) box.checked = false;
      count();
    });
    document.addEventListener("conserje:shown", count);
    count();
  }

  // Copying. The clipboard's own interface is for secure pages only; a selection does it elsewhere.
  async function copied(element) {
    try { await navigator.clipboard.writeText(element.textContent); return true; } catch { /* The other way, then. */ }
    const range = document.createRange(), selection = getSelection();
    range.selectNodeContents(element);
    selection.removeAllRanges(); selection.addRange(range);
    return document.execCommand("copy");
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    const label = button.querySelector("span"), was = label.textContent;
    button.addEventListener("click", async () => {
      label.textContent = (await copied(document.getElementById(button.dataset.copy))) ? words.copied : words.copyFailed;
      document.getElementById("announce").textContent = label.textContent;
      setTimeout(() => { label.textContent = was; }, 2500);
    });
  }

  // The line that was refused.
  function goTo(text, line) {
    const lines = text.value.split("\n"), start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line - 1] || "").length);
    text.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(text).lineHeight));
  }
  for (const link of document.querySelectorAll("[data-goto]")) {
    const text = document.getElementById("text");
    link.addEventListener("click", (event) => { event.preventDefault(); goTo(text, Number(link.dataset.goto)); });
    goTo(text, Number(link.dataset.goto));
  }

  // One override: only the fields that its place needs, and what is right for its value.
  for (const form of document.querySelectorAll("[data-override]")) {
    const hint = document.getElementById("value-form");
    const fit = () => {
      const kind = form.querySelector("[name=kind]:checked").value;
      for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== kind;
      const chosen = form.elements.name.selectedOptions[0];
      hint.textContent = form.elements.raw.value.trim() || !chosen ? "" : chosen.dataset.form;
    };
    form.addEventListener("input", fit);
    fit();
  }

  // Files: too large is said before it is sent; while it is on its way the button says so.
  for (const form of document.querySelectorAll("form[data-most]")) {
    const input = form.querySelector("input[type=file]"), problem = form.querySelector("[data-problem]");
    const tooBig = () => Boolean(problem && input.files[0] && input.files[0].size > Number(form.dataset.most));
    const look = () => { if (problem) { problem.hidden = !tooBig(); problem.textContent = tooBig() ? form.dataset.tooBig : ""; } };
    input.addEventListener("change", look);
    form.addEventListener("submit", (event) => {
      look();
      if (tooBig()) { event.preventDefault(); return; }
      const button = form.querySelector("button");
      if (form.dataset.sending) { button.textContent = form.dataset.sending; button.disabled = true; }
    });
  }
})();
