// Faults, switched on and off.
import * as api from "./api.js";
import { attempt, copyable, fill, h, soon, toast } from "./dom.js";
import { copyLabel, has, language, t } from "./words.js";

const moments = ["before", "after", "answer", "clock"];

export const faultLine = () =>
  `curl ${location.origin}/_sandbox/api/faults -H 'Content-Type: application/json' \\\n  -d '{"name":"reset-after","operation":"modifyPartnerServiceOrder","count":1}'`;

export function view(container) {
  const on = h("section", { class: "card" }), kinds = h("div", { class: "kinds" });
  let gone = false;
  fill(container, h("div", { class: "page" }, h("header", { class: "lead" }, h("h1", {}, t("faults.title")), h("p", {}, t("faults.text"))), on, kinds));

  async function load() {
    const found = await api.faults().catch((error) => toast(error.message));
    if (gone || !found) return;
    fill(on, h("h2", {}, t("faults.onNow")), activeList(found.active, load));
    fill(kinds, moments.map((when) => [when, found.kinds.filter((k) => k.when === when)]).filter(([, all]) => all.length)
      .map(([when, all]) => h("section", { class: "card" }, h("h2", {}, t("faults." + when)),
        h("ul", { class: "faults" }, all.map((kind) => row(kind, found.active.filter((a) => a.fault.name === kind.name), load))))));
  }

  load();
  const loadSoon = soon(load);
  return {
    entry: (e) => ["fault", "reset"].includes(e.kind) && loadSoon(),
    refresh: load,
    leave: () => (gone = true),
  };
}

function activeList(active, load) {
  if (active.length === 0) return h("div", { class: "empty small" }, h("h3", {}, t("faults.none")), h("p", {}, t("faults.noneText")), copyable(faultLine(), copyLabel()));
  return h("ul", { class: "active" }, active.map(({ id, fault }) => {
    const limits = [fault.operation, fault.subject, fault.value, fault.delay, fault.rate && t("faults.share", { n: Math.round(fault.rate * 1000) / 10 }), fault.count && t("faults.times", { n: fault.count })].filter(Boolean);
    return h("li", {}, h("strong", {}, fault.name), h("span", { class: "limits" }, limits.length ? limits.join(" · ") : t("faults.any")),
      h("button", { type: "button", class: "small", key: "off-" + id, onclick: (event) => attempt(event.currentTarget, async () => { await api.removeFault(id); await load(); }) }, t("faults.off")));
  }));
}

function row(kind, active, load) {
  const text = language() === "zh" ? kind.zh : kind.en;
  const field = (name, label, props) => h("label", {}, label, h("input", { name, key: `${kind.name}-${name}`, autocomplete: "off", ...props }));
  const form = h("form", {
    class: "fields", onsubmit(event) {
      event.preventDefault();
      attempt(event.submitter, () => add(form));
    },
  },
  kind.delay && field("delay", t("faults.delay"), { placeholder: kind.delay }),
  kind.values.length > 0 && field("value", t("faults.value"), { placeholder: kind.values.filter(Boolean).join(", "), list: "values-" + kind.name }),
  kind.values.length > 0 && h("datalist", { id: "values-" + kind.name }, kind.values.filter(Boolean).map((v) => h("option", { value: v }))),
  field("operation", t("faults.operation"), { placeholder: "modifyPartnerServiceOrder" }),
  field("subject", t("faults.subject"), { placeholder: "1900000109/1234323JKHDFE1243252" }),
  kind.when !== "clock" && h("div", { class: "pair" },
    field("rate", t("faults.rate"), { inputmode: "decimal" }),
    field("count", t("faults.count"), { type: "number", min: "1" })),
  h("button", { type: "submit" }, t("faults.add")));

  async function add(from) {
    const body = { name: kind.name };
    for (const [name, value] of new FormData(from)) {
      if (value.trim()) body[name] = name === "rate" || name === "count" ? Number(value) : value.trim();
    }
    await api.addFault(body);
    await load();
  }

  const box = h("input", {
    type: "checkbox", role: "switch", key: "switch-" + kind.name, "data-live": "yes", "aria-label": kind.name, checked: active.length > 0,
    onchange: (event) => attempt(event.currentTarget, async () => {
      try {
        if (event.target.checked) await add(form);
        else for (const { id } of active) await api.removeFault(id);
      } finally {
        await load();
      }
    }),
  });
  return h("li", { class: active.length ? "on" : "" },
    h("label", { class: "switch" }, box, h("span", {}, h("strong", {}, kind.name), h("small", {}, text))),
    h("details", { key: "options-" + kind.name }, h("summary", {}, t("faults.onlyFor")), form));
}

// count shows in the navigation how many are on.
export async function count() {
  const { active } = await api.faults();
  const badge = document.getElementById("fault-count");
  badge.hidden = active.length === 0;
  badge.textContent = active.length;
  return has("nav.faults");
}
