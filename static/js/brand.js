/* While somebody chooses a colour, the verdict beside it follows. */
(() => {
  "use strict";
  const colour = document.querySelector("[data-verdict]");
  let waiting;
  const judge = async () => {
    const address = new URL(colour.dataset.verdict, location.href);
    address.searchParams.set("accent", colour.value);
    const answer = await fetch(address);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("verdict").replaceWith(page.getElementById("verdict"));
  };
  colour.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(judge, 120); });
})();
