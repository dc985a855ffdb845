/* A picture that cannot be loaded makes room for the drawn initial behind it. */
(() => {
  "use strict";
  const hide = (image) => image.classList.add("broken");
  document.addEventListener("error", (event) => event.target.matches?.(".picture img") && hide(event.target), true);
  document.querySelectorAll(".picture img").forEach((image) => image.complete && !image.naturalWidth && image.currentSrc && hide(image));
})();
