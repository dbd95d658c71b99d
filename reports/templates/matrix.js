"use strict";
// Which rows are shown, and how servers are sorted, is kept in the address: #rows=broken&text=word&order=name.
(() => {
  const form = document.getElementById("filters");
  const rows = [...document.querySelectorAll(".matrix tbody tr[id]")];
  const groups = [...document.querySelectorAll(".matrix tbody")];
  const shown = form.querySelector("output");
  const heads = [...document.querySelectorAll(".matrix .who")];
  // Each line of the matrix with its cells, and the lines of the totals, in the order in which they were written.
  const lines = [...document.querySelectorAll(".matrix tr:not(.group)")].map((line) => [line, [...line.children].slice(2)]);
  const totals = document.querySelector(".totals tbody");
  lines.push([totals, [...totals.children]]);
  let sorted = "";

  const sort = () => {
    const by = form.elements.order.value;
    if (by === sorted) return;
    sorted = by;
    const name = (at) => heads[at].textContent;
    const points = (at) => Number(heads[at].dataset.points ?? -1);
    const order = heads.map((_, at) => at);
    if (by === "name") order.sort((one, other) => name(one).localeCompare(name(other), undefined, { numeric: true }));
    if (by === "points") order.sort((one, other) => points(other) - points(one));
    for (const [line, cells] of lines) line.append(...order.map((at) => cells[at]));
  };

  const apply = () => {
    sort();
    const kind = form.elements.rows.value;
    const words = form.elements.text.value.trim().toLowerCase().split(/\s+/);
    let count = 0;
    for (const row of rows) {
      const head = row.firstElementChild;
      const text = `${head.textContent} ${head.title}`.toLowerCase();
      const wanted = !kind || (kind === "broken" ? row.dataset.kind !== "none" : row.dataset.kind === kind);
      row.hidden = !(wanted && words.every((word) => text.includes(word)));
      count += row.hidden ? 0 : 1;
    }
    for (const group of groups) group.hidden = !group.querySelector("tr[id]:not([hidden])");
    shown.textContent = count === rows.length ? `${count} requirements` : `${count} of ${rows.length} requirements`;
  };

  const write = () => {
    const state = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...state]) if (!value) state.delete(name, value);
    const fragment = state.toString();
    history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
  };

  const read = () => {
    const fragment = location.hash.slice(1);
    let row = null;
    try {
      row = document.getElementById(decodeURIComponent(fragment));
    } catch {
      // A fragment that is no text is no filter either.
    }
    const state = new URLSearchParams(row ? "" : fragment);
    form.reset();
    form.elements.rows.value = state.get("rows") ?? "";
    if (form.elements.rows.selectedIndex < 0) form.elements.rows.value = "";
    form.elements.text.value = state.get("text") ?? "";
    form.elements.order.value = state.get("order") ?? "";
    if (form.elements.order.selectedIndex < 0) form.elements.order.value = "";
    apply();
    if (row) row.scrollIntoView({ block: "center" });
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    apply();
    write();
  });
  document.getElementById("all").addEventListener("click", () => {
    form.elements.rows.value = form.elements.text.value = "";
    apply();
    write();
  });
  window.addEventListener("hashchange", read);
  read();
})();
