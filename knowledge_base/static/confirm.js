// Questions before what cannot be taken back with one click. In the head and not deferred: a button that is seen asks,
// on a slow line too, where the other scripts come seconds after the page.
"use strict";

document.addEventListener("click", (event) => {
  const asked = event.target.closest("[data-confirm]");
  if (asked && !window.confirm(asked.dataset.confirm)) event.preventDefault();
});
