// The console: which view is shown, language, theme, time and live updates.
import * as activity from "./activity.js";
import * as api from "./api.js";
import { attempt, soon, toast } from "./dom.js";
import * as faults from "./faults.js";
import { clockTime } from "./format.js";
import * as orders from "./orders.js";
import * as plans from "./plans.js";
import * as signature from "./signature.js";
import * as start from "./start.js";
import { language, setLanguage, t } from "./words.js";

const views = { orders, plans, faults, signature, activity, start };
const main = document.getElementById("main");
let shown; // the view on the page
let merchant;

function route() {
  const [name = "orders", ...rest] = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
  const view = views[name] ? name : "orders";
  shown?.leave();
  for (const link of document.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === view) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" }); // on a phone the row is wider than the page
    } else link.removeAttribute("aria-current");
  }
  shown = views[view].view(main, rest);
}

// translate writes the words of the frame around the views.
function translate() {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  const other = document.getElementById("language");
  other.textContent = language() === "zh" ? "English" : "中文";
  other.lang = language() === "zh" ? "en" : "zh-CN";
  document.getElementById("theme").setAttribute("aria-label", t("theme"));
  if (merchant) document.getElementById("merchant").textContent = t("merchant", { mchid: merchant });
  live();
  tick();
}

document.getElementById("language").addEventListener("click", () => {
  setLanguage(language() === "zh" ? "en" : "zh");
  translate();
  route();
});

document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // It holds until the page is left.
  }
});

// Time: asked for once and after each move, counted on in between.
let time;

async function readClock() {
  const clock = await api.clock();
  time = { now: Date.parse(clock.now), at: performance.now(), scale: clock.scale ?? 1 };
  tick();
}

function tick() {
  if (!time) return;
  const element = document.getElementById("now");
  const now = time.now + (performance.now() - time.at) * time.scale;
  element.textContent = clockTime(now) + (time.scale > 1 ? " · " + t("clock.scale", { scale: time.scale }) : "");
  element.dateTime = new Date(now).toISOString();
}

setInterval(tick, 1000);

for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => attempt(button, async () => {
    await api.advance(Number(button.dataset.advance));
    await readClock();
  }));
}

// Live updates.
let state = "connecting";

function live() {
  document.getElementById("live").dataset.state = state;
  document.getElementById("live-text").textContent = t("live." + state);
}

const countFaults = soon(() => faults.count().catch(() => {}));
const clockSoon = soon(() => readClock().catch(() => {}));

async function connected() {
  // What happened while the line was down may be more than the journal's.
  await Promise.all([readClock(), faults.count(), api.account().then((a) => (merchant = a.mchid))]);
  translate();
  shown?.refresh();
}

api.events((entry) => {
  if (["fault", "reset"].includes(entry.kind) || entry.fault) countFaults();
  if (["clock", "reset"].includes(entry.kind)) clockSoon();
  shown?.entry(entry);
}, (now) => {
  const was = state;
  state = now;
  live();
  if (now === "open" && was !== "open") connected().catch((error) => toast(error.message));
});

addEventListener("hashchange", () => {
  route();
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
});

translate();
route();
