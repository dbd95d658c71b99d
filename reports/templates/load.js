"use strict";
// The charts are read by pointer, finger or arrow keys: a line in each, and its moment in words below.
(() => {
  const charts = document.querySelector(".charts");
  if (!charts) return;
  const points = JSON.parse(charts.dataset.points);
  const last = points[points.length - 1][0];
  const shown = charts.querySelector("output");
  const lines = [...charts.querySelectorAll(".here")];
  let at = -1;

  const time = (ms) => (ms >= 1000 ? `${+(ms / 1000).toPrecision(3)} s` : `${+ms.toPrecision(3)} ms`);

  const show = (index) => {
    at = Math.max(0, Math.min(points.length - 1, index));
    const [seconds, rate, median, p99, wrong] = points[at];
    for (const line of lines) {
      line.setAttribute("x1", `${(100 * seconds) / last}%`);
      line.setAttribute("x2", `${(100 * seconds) / last}%`);
      line.setAttribute("visibility", "visible");
    }
    const replies = rate ? `, replies after ${time(median)} (median), ${time(p99)} (99 %)` : "";
    shown.textContent = `at ${+seconds.toFixed(1)} s: ${rate} operations a second${replies}${wrong ? `, ${wrong} wrong` : ""}`;
  };

  const nearest = (seconds) =>
    points.reduce((best, point, index) =>
      Math.abs(point[0] - seconds) < Math.abs(points[best][0] - seconds) ? index : best, 0);

  charts.addEventListener("pointermove", (event) => {
    const plot = event.target.closest(".chart > svg");
    if (!plot) return;
    const box = plot.getBoundingClientRect();
    show(nearest((last * (event.clientX - box.left)) / box.width));
  });
  charts.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    show(at + step);
  });
})();
