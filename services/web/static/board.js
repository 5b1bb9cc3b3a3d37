// Keeps the numbers of a board alive over one stream. Without this script the page reads the same.
"use strict";

const board = document.querySelector("[data-feed]");

function shown(cell) {
  const value = cell.value;
  if (value === null || value === undefined) return "–";
  if (cell.measure === "ratio") return `${(value * 100).toFixed(2)}%`;
  return Number.isInteger(value) ? String(value) : String(Number(value.toFixed(2)));
}

function place(name, cell) {
  return document.querySelectorAll(
    `[data-${name}="${CSS.escape(cell.counter)}"][data-key="${CSS.escape(cell.key)}"]`,
  );
}

function put(cell) {
  for (const spot of place("counter", cell)) {
    const text = shown(cell);
    if (spot.textContent === text) continue;
    spot.textContent = text;
    spot.classList.remove("changed");
    void spot.offsetWidth; // starts the animation anew
    spot.classList.add("changed");
  }
  for (const spot of place("verified", cell)) spot.textContent = String(cell.verified ?? 0);
  for (const spot of place("parts", cell)) {
    spot.textContent = cell.denominator === null ? "" : `${cell.numerator} / ${cell.denominator}`;
  }
}

if (board && "EventSource" in window) {
  const moment = document.querySelector("[data-moment]");
  const stream = new EventSource(board.dataset.feed);
  let heard = Date.now();

  function alive(time) {
    heard = Date.now();
    document.body.classList.remove("stale");
    if (!moment || !time) return;
    const zone = { timeZone: board.dataset.zone, hour12: false };
    moment.textContent = new Date(time).toLocaleTimeString(board.dataset.locale, zone);
  }

  stream.addEventListener("counter", (event) => {
    const answer = JSON.parse(event.data);
    answer.cells.forEach(put);
    alive(answer.as_of.time);
  });
  stream.addEventListener("lag", (event) => {
    const lag = JSON.parse(event.data);
    alive(lag.time);
    const behind = document.querySelector("[data-behind]");
    if (behind) behind.hidden = lag.behind === 0;
  });
  setInterval(() => {
    if (Date.now() - heard > Number(board.dataset.stale)) document.body.classList.add("stale");
  }, 1000);
}
