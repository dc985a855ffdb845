/* The bench without reloading: answers are swapped in place, focus stays, picks can be dragged. Forms work without it. */
(() => {
  "use strict";
  const PARTS = ["state", "give-out", "finds", "shelf"];
  const byId = (id) => document.getElementById(id);
  const search = document.querySelector("[data-search]");
  let queue = Promise.resolve();

  const say = (html) => {
    const messages = document.querySelector(".messages");
    messages.innerHTML = html;
    messages.querySelectorAll("[data-undo]").forEach((offer) => setTimeout(() => offer.remove(), 10_000));
  };

  const showPhone = () => {
    const phone = byId("phone");
    try { phone.contentWindow.location.reload(); } catch { phone.src += ""; } // somebody followed a link in it
  };

  const tell = (text) => {
    const line = document.createElement("p");
    line.className = "message message-bad";
    line.textContent = text;
    say(line.outerHTML);
  };
  const failed = () => tell(document.querySelector(".bench").dataset.failedText);

  /** Put the parts of an answered page into this one; a refusal is said, a lost session leads to the sign-in page. */
  const take = async (answer, parts) => {
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") return location.assign(answer.url);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.getElementById("shelf")) return tell(page.querySelector("main h1")?.textContent ?? answer.statusText);
    const focused = document.activeElement;
    const row = focused.closest("li");
    const near = [row?.nextElementSibling, row?.previousElementSibling].map((other) => other?.querySelector("button")?.id);
    for (const id of parts) byId(id).replaceWith(page.getElementById(id));
    const said = page.querySelector(".messages").innerHTML.trim();
    if (said) say(said);
    if (!document.contains(focused)) {
      const next = [focused.id, ...near].map((id) => id && byId(id)).find(Boolean);
      (next ?? byId("h-shelf")).focus({ preventScroll: true });
    }
  };

  const post = (form, data, parts) => {
    const address = new URL(form.action);
    new FormData(search).forEach((value, name) => address.searchParams.set(name, value));
    queue = queue
      .then(() => fetch(address, { method: "POST", body: data }))
      .then((answer) => take(answer, parts))
      .then(showPhone)
      .catch(failed);
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-swap]")) return;
    event.preventDefault();
    post(form, new FormData(form, event.submitter), form.matches("[data-on-change]") ? [] : PARTS);
  });

  /** A sentence is kept as soon as its writer goes on. */
  document.addEventListener("change", (event) => event.target.closest("[data-on-change]")?.requestSubmit());

  /** Search while typing; arrows go through what was found, Enter picks. */
  let waiting;
  const look = () => {
    const address = new URL(search.action);
    new FormData(search).forEach((value, name) => value && address.searchParams.set(name, value));
    history.replaceState(null, "", address);
    queue = queue.then(() => fetch(address)).then((answer) => take(answer, ["finds"])).catch(failed);
  };
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, 250); });
  search.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(waiting); look(); });
  document.querySelector(".picker").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.target.matches("select")) return;
    const stops = [byId("f-q"), ...document.querySelectorAll("#finds li button")];
    const next = stops[stops.indexOf(event.target) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });

  /** Drag a pick by its grip; it is put behind the one it was let go after. Escape puts it back. */
  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button) return;
    event.preventDefault();
    const row = grip.closest("[data-pick]");
    const list = row.parentElement;
    const before = row.nextElementSibling;
    const move = (at) => {
      const others = [...list.children].filter((other) => other !== row);
      const below = others.find((other) => { const box = other.getBoundingClientRect(); return at.clientY < box.top + box.height / 2; });
      list.insertBefore(row, below ?? null);
    };
    const end = (keep) => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", drop);
      removeEventListener("pointercancel", back);
      removeEventListener("keydown", escape);
      row.classList.remove("dragged");
      if (!keep) return list.insertBefore(row, before);
      if (row.nextElementSibling === before) return;
      const data = new FormData(row.querySelector("[data-move]"));
      data.set("after", row.previousElementSibling?.dataset.pick ?? "0");
      post(row.querySelector("[data-move]"), data, PARTS);
    };
    const drop = () => end(true);
    const back = () => end(false);
    const escape = (key) => key.key === "Escape" && back();
    row.classList.add("dragged");
    addEventListener("pointermove", move);
    addEventListener("pointerup", drop);
    addEventListener("pointercancel", back);
    addEventListener("keydown", escape);
  });
})();
