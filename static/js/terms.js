/* While somebody types rates, the example in money follows. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-example]");
  let waiting;
  const tell = async () => {
    const address = new URL(form.dataset.example, location.href);
    for (const [name, value] of new FormData(form)) if (name.includes("-")) address.searchParams.set(name, value);
    const answer = await fetch(address);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("example").replaceWith(page.getElementById("example"));
  };
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(tell, 200); });
})();
