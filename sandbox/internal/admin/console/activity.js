// All that happened, the newest first.
import * as api from "./api.js";
import { copyable, fill, h, soon, toast } from "./dom.js";
import { entryRow } from "./timeline.js";
import { copyLabel, t } from "./words.js";

const kinds = ["request", "move", "notification", "clock", "fault", "setting"];

export function view(container) {
  let gone = false, kind = "";
  const rows = h("div", {});
  const choice = h("div", { class: "choice", role: "group", "aria-label": t("activity.title") }, ["", ...kinds].map((k) => h("button", {
    type: "button", class: "plain", "aria-pressed": k === kind ? "true" : "false",
    onclick(event) {
      kind = k;
      for (const b of choice.children) b.setAttribute("aria-pressed", b === event.currentTarget ? "true" : "false");
      load();
    },
  }, k ? t("kind." + k) : t("activity.all"))));
  fill(container, h("div", { class: "page" }, h("header", { class: "lead" }, h("h1", {}, t("activity.title")), h("p", {}, t("activity.text"))), choice, h("section", { class: "card" }, rows)));

  async function load() {
    const found = await api.journal({ limit: 200 }).catch((error) => toast(error.message));
    if (gone || !found) return;
    const entries = found.entries.filter((e) => !kind || e.kind === kind).reverse();
    fill(rows, entries.length ? h("ol", { class: "timeline" }, entries.map((e) => entryRow(e, true)))
      : h("div", { class: "empty small" }, h("h3", {}, t("activity.empty")), h("p", {}, t("activity.emptyText")), copyable(`curl ${location.origin}/_sandbox/api/account`, copyLabel())));
  }

  load();
  const loadSoon = soon(load, 250);
  return { entry: loadSoon, refresh: load, leave: () => (gone = true) };
}
