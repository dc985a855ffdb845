/* Small conveniences; every page works without them. */
(() => {
  "use strict";
  const words = document.body.dataset;
  const UNDO_MS = 10_000;

  /** <code data-copy="text"> gets a button that copies; data-copy-label is what stands on it. */
  const copyable = (element) => {
    if (!navigator.clipboard || element.querySelector("button")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = element.dataset.copyLabel || words.copyText;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(element.dataset.copy);
      button.textContent = words.copiedText;
      setTimeout(() => { button.textContent = element.dataset.copyLabel || words.copyText; }, 1600);
    });
    element.append(button);
  };

  /** An offer to undo stands for ten seconds, longer while somebody is on it. */
  const fading = (element) => {
    const leave = () => (element.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : element.remove());
    setTimeout(leave, UNDO_MS);
  };

  /** A file field says the size of what was chosen. */
  const sized = (input) => {
    const note = document.createElement("p");
    note.className = "help";
    note.setAttribute("role", "status");
    input.after(note);
    input.addEventListener("change", () => {
      const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
      note.textContent = [...input.files].map((file) => `${file.name} · ${number.format(file.size / 1024)} KB`).join(", ");
    });
  };

  /** A moment says, when pointed at, what the reader's own clock showed. */
  const localTime = (element) => {
    const moment = new Date(element.dateTime);
    if (element.title || !element.dateTime.includes("T") || Number.isNaN(moment.getTime())) return;
    element.title = moment.toLocaleString(document.documentElement.lang, { dateStyle: "full", timeStyle: "long" });
  };

  const enhance = (root) => {
    root.querySelectorAll("[data-copy]").forEach(copyable);
    root.querySelectorAll("[data-undo]").forEach(fading);
    root.querySelectorAll("input[type=file]").forEach(sized);
    root.querySelectorAll("time[datetime]").forEach(localTime);
  };

  /** <form data-confirm="This pays Rp1.500.000."> asks before it is sent. */
  const ask = (form, submitter) => {
    const dialog = document.createElement("dialog");
    const sentence = document.createElement("p");
    const buttons = document.createElement("form");
    sentence.textContent = form.dataset.confirm;
    buttons.method = "dialog";
    buttons.className = "row";
    for (const [value, kind, text] of [["yes", "primary", submitter?.textContent.trim() || words.yesText], ["", "plain", words.cancelText]]) {
      const button = document.createElement("button");
      button.className = `button button-${kind}`;
      button.value = value;
      button.textContent = text;
      buttons.append(button);
    }
    dialog.append(sentence, buttons);
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue !== "yes") return;
      form.dataset.confirmed = "yes";
      form.requestSubmit(submitter);
    });
    dialog.showModal();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.confirm || form.dataset.confirmed) return;
    event.preventDefault();
    ask(form, event.submitter);
  });

  /** A choice that filters a list takes effect at once. */
  document.addEventListener("change", (event) => {
    if (event.target.matches("form[data-at-once] select")) event.target.form.requestSubmit();
  });

  /** Menus close when somebody clicks elsewhere or presses Escape. */
  const menus = () => document.querySelectorAll(".side[open], .switch[open]");
  document.addEventListener("click", (event) => menus().forEach((menu) => menu.contains(event.target) || menu.removeAttribute("open")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menus().forEach((menu) => {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    });
  });

  /** Browsers that cannot show a closed <details> get the column opened where it stands beside the page. */
  const side = document.querySelector(".side");
  if (side && !CSS.supports("selector(::details-content)") && matchMedia("(min-width: 960px)").matches) side.open = true;

  enhance(document);
  document.addEventListener("htmx:load", (event) => enhance(event.target));
})();
