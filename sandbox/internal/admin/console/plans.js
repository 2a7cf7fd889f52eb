// Plans and sign plans, with what their users can do.
import * as api from "./api.js";
import { attempt, fill, h, soon, toast } from "./dom.js";
import { moment, yuan } from "./format.js";
import { moveName, orderHash } from "./timeline.js";
import { has, t } from "./words.js";

const badge = (state) => h("span", { class: "badge" }, has("plan." + state) ? t("plan." + state) : state);

export function view(container) {
  const signed = h("section", { class: "card" }), plans = h("section", { class: "card" });
  let gone = false;
  fill(container, h("div", { class: "page" }, h("header", { class: "lead" }, h("h1", {}, t("plans.title")), h("p", {}, t("plans.text"))), signed, plans));

  async function load() {
    const found = await api.plans({}).catch((error) => toast(error.message));
    if (gone || !found) return;
    fill(signed, h("h2", {}, t("plans.signed")), list(found.sign_plans.map((p) => h("li", {},
      h("p", {}, h("strong", {}, p.merchant_sign_plan_no), badge(p.state)),
      h("p", { class: "about" }, [p.plan_name, p.sub_mchid || t("order.direct"), t("plans.over", { time: moment(p.over) })].join(" · ")),
      h("ol", {}, p.details.map((d) => h("li", {}, h("a", { href: orderHash(p.sub_mchid, d.out_order_no) }, d.name), " ", yuan(d.amount), " ", badge(d.state)))),
      h("div", { class: "buttons" }, p.moves.map((name) => h("button", {
        type: "button", key: name + "-" + p.subject, "data-move": name, class: name === "sign_plan" ? "" : "quiet",
        onclick: (event) => attempt(event.currentTarget, async () => {
          await api.otherMove({ name, sub_mchid: p.sub_mchid, merchant_sign_plan_no: p.merchant_sign_plan_no });
          await load();
        }),
      }, moveName(name))))))));
    fill(plans, h("h2", {}, t("plans.plans")), list(found.plans.map((p) => h("li", {},
      h("p", {}, h("strong", {}, p.merchant_plan_no), badge(p.state)),
      h("p", { class: "about" }, [p.plan_name, p.sub_mchid || t("order.direct"), `${p.quantity} × · ${yuan(p.total_amount)}`, p.plan_id].join(" · "))))));
  }

  load();
  const loadSoon = soon(load);
  return {
    entry: (e) => (e.subject || ["clock", "reset"].includes(e.kind)) && loadSoon(),
    refresh: load,
    leave: () => (gone = true),
  };
}

const list = (items) => (items.length ? h("ul", { class: "plans" }, items) : h("p", { class: "hint" }, t("plans.none")));
