// An upload's page: asks every second how far the file is, and shows the result once it is done.
"use strict";
(() => {
  const box = document.querySelector("[data-upload-progress]");
  if (!box) return;
  const bar = box.querySelector("progress");
  const text = box.querySelector("[data-progress-text]");

  const show = (state) => {
    bar.max = Math.max(state.total, 1);
    bar.value = state.done;
    if (text.textContent !== state.text) text.textContent = state.text;
  };

  const ask = async () => {
    let wait = 1000;
    try {
      const answer = await fetch(box.dataset.uploadProgress, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const state = await answer.json();
      show(state);
      if (state.finished) {
        window.location.reload();
        return;
      }
    } catch {
      wait = 5000; // the connection is away: the file is read on, ask again later
    }
    window.setTimeout(ask, wait);
  };
  window.setTimeout(ask, 1000);
})();
