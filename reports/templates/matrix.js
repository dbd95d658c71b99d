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
  if (totals) lines.push([totals, [...totals.children]]);
  const but = { found: ["none"], broken: ["none", "warned"] };
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
      const wanted = !kind || (but[kind] ? !but[kind].includes(row.dataset.kind) : row.dataset.kind === kind);
      row.hidden = !(wanted && words.every((word) => text.includes(word)));
      count += row.hidden ? 0 : 1;
    }
    for (const group of groups) group.hidden = !group.querySelector("tr[id]:not([hidden])");
    stop(rows.find((row) => !row.hidden)?.querySelector("a"));
    shown.textContent = `${count === rows.length ? "" : `${count} of `}${rows.length} ${shown.dataset.noun}`;
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

  // One stop of the Tab key for all cells; from there the arrow keys go on.
  const links = [...document.querySelectorAll(".matrix tbody a")];
  const stop = (link) => {
    for (const one of document.querySelectorAll(".matrix tbody a[tabindex='0']")) one.tabIndex = -1;
    if (link) link.tabIndex = 0;
  };
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  for (const link of links) link.tabIndex = -1;
  if (links.length) document.querySelector(".arrows").hidden = false;
  document.querySelector(".matrix").addEventListener("keydown", (event) => {
    const step = steps[event.key];
    const cell = event.target.closest("tbody :is(td, th)");
    if (!step || !cell || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const shownRows = rows.filter((row) => !row.hidden);
    let [down, right] = [shownRows.indexOf(cell.parentElement), cell.cellIndex];
    let link = null;
    do {
      [down, right] = [down + step[0], right + step[1]];
      link = shownRows[down]?.cells[right]?.querySelector("a");
    } while (!link && shownRows[down]?.cells[right]);
    link?.focus();
  });
  document.querySelector(".matrix").addEventListener("focusin", (event) => {
    if (event.target.matches("tbody a")) stop(event.target);
  });

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
