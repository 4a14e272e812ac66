// Comforts only: every page works without this file.

const clock = document.querySelector("[data-clock]");
if (clock) {
  // The text is the server's; only hours and minutes move on, so that no date has to be formatted twice.
  const loaded = Date.now();
  const [hours, minutes, seconds] = clock.dateTime.slice(11, 19).split(":").map(Number);
  const start = hours * 3600 + minutes * 60 + seconds;
  const text = clock.textContent;
  const tick = () => {
    const passed = start + Math.floor((Date.now() - loaded) / 1000);
    const shown = `${Math.floor(passed / 3600) % 24}:${String(Math.floor(passed / 60) % 60).padStart(2, "0")}`;
    clock.textContent = text.replace(/\d{1,2}:\d{2}$/, shown);
  };
  setInterval(tick, 1000);
}

const inbox = document.querySelector("[data-newest]");
if (inbox) {
  const note = inbox.querySelector("[data-fresh]");
  const timer = setInterval(async () => {
    const answer = await fetch(inbox.dataset.newestUrl).catch(() => null);
    if (!answer?.ok) return;
    const { newest } = await answer.json();
    if (newest > Number(inbox.dataset.newest)) {
      note.textContent = note.dataset.fresh;
      clearInterval(timer);
    }
  }, 3000);
}
