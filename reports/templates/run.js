"use strict";
// What is shown is kept in the address: #verdict=fail&section=Time&level=MUST&text=word&case=ID.
// A fragment that is the id of an element leads to that element.
(() => {
  const form = document.getElementById("filters");
  const rows = [...document.querySelectorAll(".cases > tbody > tr[id]")];
  const groups = [...document.querySelectorAll(".cases > tbody")];
  const shown = form.querySelector("output");
  const none = document.getElementById("none");
  const texts = new Map();
  let open = "";

  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };

  const chosen = () => {
    const data = new FormData(form);
    const words = data.get("text").trim().toLowerCase();
    return { verdicts: data.getAll("verdict"), section: data.get("section"), level: data.get("level"), text: words };
  };

  const fits = (row, want) =>
    (!want.verdicts.length || want.verdicts.includes(row.dataset.verdict)) &&
    (!want.section || row.parentElement.dataset.section === want.section) &&
    (!want.level || row.dataset.level === want.level) &&
    (!want.text || want.text.split(/\s+/).every((word) => textOf(row).includes(word)));

  const apply = () => {
    const want = chosen();
    let count = 0;
    for (const row of rows) {
      row.hidden = !fits(row, want);
      row.classList.toggle("asked", want.verdicts.includes("pass"));
      count += row.hidden ? 0 : 1;
    }
    for (const group of groups) group.hidden = !group.querySelector("tr[id]:not([hidden])");
    none.hidden = count > 0;
    shown.textContent = count === rows.length ? `${count} cases` : `${count} of ${rows.length} cases`;
  };

  const write = () => {
    const state = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...state]) if (!value) state.delete(name, value);
    if (open) state.set("case", open);
    const fragment = state.toString();
    if (fragment !== location.hash.slice(1)) {
      history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
    }
  };

  const reveal = (element) => {
    if (rows.includes(element)) {
      if (element.hidden) {
        form.reset();
        apply();
      }
      const details = element.querySelector("details");
      details.open = true;
      open = element.id.slice("case:".length);
      details.querySelector("summary").focus({ preventScroll: true });
    }
    element.scrollIntoView({ block: "start" });
  };

  const read = () => {
    let fragment = location.hash.slice(1);
    try {
      const element = document.getElementById(decodeURIComponent(fragment));
      if (element) {
        reveal(element);
        if (open) write();
        return;
      }
    } catch {
      fragment = "";
    }
    const state = new URLSearchParams(fragment);
    form.reset();
    for (const box of form.querySelectorAll("[name=verdict]")) {
      box.checked = state.getAll("verdict").includes(box.value);
    }
    for (const name of ["section", "level", "text"]) form.elements[name].value = state.get(name) ?? "";
    if (form.elements.section.selectedIndex < 0) form.elements.section.value = "";
    if (form.elements.level.selectedIndex < 0) form.elements.level.value = "";
    apply();
    open = state.get("case") ?? "";
    const row = open && document.getElementById(`case:${open}`);
    if (row) reveal(row);
    else if ([...state.keys()].length) document.getElementById("cases").scrollIntoView();
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    apply();
    write();
  });
  document.getElementById("all").addEventListener("click", () => {
    form.reset();
    open = "";
    apply();
    write();
  });
  for (const row of rows) {
    row.querySelector("details").addEventListener("toggle", (event) => {
      const id = row.id.slice("case:".length);
      if (event.target.open) open = id;
      else if (open === id) open = "";
      write();
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      form.elements.text.focus();
    }
  });
  window.addEventListener("hashchange", read);
  apply();
  read();
})();
