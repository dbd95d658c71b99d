"use strict";
// The address may lead to what is folded: it is opened.
(() => {
  const open = () => {
    try {
      const element = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      const details = element?.matches("details") ? element : element?.querySelector("details");
      if (details) details.open = true;
      element?.scrollIntoView();
    } catch {
      // A fragment that is no text leads nowhere.
    }
  };
  window.addEventListener("hashchange", open);
  open();
})();
