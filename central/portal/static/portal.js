// Pages work without this. It adds a filter to long lists (by part of the name or extension) and asks before deleting.
"use strict";

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

for (const select of document.querySelectorAll("select[data-filter]")) {
  const all = [...select.options].map((option) => ({ option, text: plain(option.text) }));
  const filter = document.createElement("input");
  filter.type = "search";
  filter.className = "filter";
  filter.placeholder = select.dataset.filter;
  filter.setAttribute("aria-label", select.dataset.filter);
  filter.setAttribute("aria-controls", select.id);
  filter.autocomplete = "off";
  const count = document.createElement("p");
  count.className = "hidden";
  count.setAttribute("role", "status");
  filter.addEventListener("input", () => {
    const wanted = plain(filter.value).split(/\s+/).filter(Boolean);
    const fits = all.filter(({ text }) => wanted.every((part) => text.includes(part)));
    const chosen = select.value;
    select.replaceChildren(...fits.map(({ option }) => option));
    if (fits.some(({ option }) => option.value === chosen) && !wanted.length) select.value = chosen;
    else if (fits.length) select.selectedIndex = 0;
    select.size = wanted.length ? Math.min(8, Math.max(2, fits.length)) : 0;
    count.textContent = String(fits.length);
  });
  filter.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); select.focus(); }
    if (event.key === "Enter") event.preventDefault();
  });
  select.before(filter, count);
}

for (const form of document.querySelectorAll("form[data-sure]")) {
  form.addEventListener("submit", (event) => { if (!window.confirm(form.dataset.sure)) event.preventDefault(); });
}
