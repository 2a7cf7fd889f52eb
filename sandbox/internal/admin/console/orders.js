// The list of orders, and the life of one beside it.
import * as api from "./api.js";
import { attempt, copyable, fill, h, soon, toast } from "./dom.js";
import { fen, moment, pretty, yuan } from "./format.js";
import { entryRow, moveName, orderHash, stageBadge, stageName, subjectOf } from "./timeline.js";
import { copyLabel, stages, t } from "./words.js";

const page = 50;

export const seedLine = (number) =>
  `curl ${location.origin}/_sandbox/api/orders -H 'Content-Type: application/json' \\\n  -d '{"out_order_no":"${number}","total_amount":50000}'`;

const madeUp = () => "ORDER" + new Date().toISOString().replace(/\D/g, "").slice(2, 17);

// view shows the list, and the order that the address names.
export function view(container, [sub, number, family]) {
  const subject = number === undefined ? undefined : subjectOf(sub === "-" ? "" : sub, number, family);
  const list = h("section", { class: "list card" });
  const detail = h("section", { class: "detail", "aria-live": "off" });
  fill(container, h("div", { class: "orders", "data-open": subject ? "detail" : "list" }, list, detail));

  let shown = page, gone = false;
  const rows = h("div", { class: "rows" });
  const search = h("input", { type: "search", placeholder: t("orders.search"), "aria-label": t("orders.search"), maxlength: "64", oninput: soon(loadList, 200) });
  const stage = h("select", { "aria-label": t("orders.stage"), onchange: loadList },
    h("option", { value: "" }, t("orders.all")), stages.map((s) => h("option", { value: s }, stageName(s))));
  fill(list, h("div", { class: "filter" }, search, stage), seedForm(), rows);

  async function loadList() {
    const found = await api.orders({ search: search.value, stage: stage.value, limit: shown }).catch((error) => toast(error.message));
    if (gone || !found) return;
    const filtered = search.value || stage.value;
    if (found.orders.length === 0) {
      fill(rows, h("div", { class: "empty" }, h("h3", {}, t(filtered ? "orders.none" : "orders.empty")),
        h("p", {}, t(filtered ? "orders.noneText" : "orders.emptyText")), !filtered && copyable(seedLine("ORDER_1"), copyLabel())));
      return;
    }
    fill(rows,
      h("p", { class: "total" }, t("orders.count", { n: found.total })),
      h("ul", { key: "order-list" }, found.orders.map((o) => {
        const its = subjectOf(o.sub_mchid, o.out_order_no, o.family);
        return h("li", {}, h("a", { href: orderHash(o.sub_mchid, o.out_order_no, o.family), key: "order-" + its, class: "order", "aria-current": its === subject ? "true" : undefined },
          h("span", { class: "number" }, o.out_order_no), h("span", { class: "amount" }, yuan(o.total_amount ?? o.risk_amount)),
          h("span", { class: "what" }, o.service_introduction, o.family && h("span", { class: "chip" }, t("family." + o.family))), stageBadge(o.stage)));
      })),
      found.total > found.orders.length && shown < 500 && h("button", { type: "button", class: "plain wide", onclick: () => { shown = Math.min(shown + page, 500); loadList(); } }, t("orders.more")));
  }

  async function loadDetail() {
    if (!subject) {
      fill(detail, h("div", { class: "empty card" }, h("h3", {}, t("orders.pick")), h("p", {}, t("orders.pickText"))));
      return;
    }
    try {
      const life = await api.order(sub === "-" ? "" : sub, number, family);
      if (!gone) fill(detail, lifeOf(life, loadDetail));
    } catch (error) {
      if (gone) return;
      if (error.status !== 404) return toast(error.message);
      fill(detail, back(), h("div", { class: "empty card" }, h("h3", {}, t("orders.gone")), h("p", {}, t("orders.goneText"))));
    }
  }

  const listSoon = soon(loadList), detailSoon = soon(loadDetail);
  loadList();
  loadDetail();
  return {
    entry(e) {
      if (e.subject || e.kind === "reset" || e.kind === "clock") listSoon();
      if (e.subject === subject || e.kind === "reset" || e.kind === "clock") detailSoon();
    },
    refresh() {
      loadList();
      loadDetail();
    },
    leave() {
      gone = true;
    },
  };
}

const back = () => h("a", { class: "back", href: "#/orders" }, "‹ " + t("orders.back"));

function seedForm() {
  const number = h("input", { name: "number", required: true, maxlength: "32", value: madeUp(), key: "seed-number", autocomplete: "off" });
  const amount = h("input", { name: "amount", required: true, inputmode: "decimal", value: "500.00", key: "seed-amount", autocomplete: "off" });
  const at = h("select", { name: "stage", key: "seed-stage" }, stages.slice(0, 3).map((s) => h("option", { value: s }, stageName(s))));
  const notify = h("input", { name: "notify", type: "url", maxlength: "256", placeholder: "http://127.0.0.1:8080/notify", key: "seed-notify", autocomplete: "off" });
  const direct = h("input", { name: "direct", type: "checkbox", key: "seed-direct" });
  at.value = "USER_PAYING";
  const form = h("form", {
    class: "fields", onsubmit(event) {
      event.preventDefault();
      const total = fen(amount.value);
      if (!total) return toast(t("orders.badAmount"));
      attempt(event.submitter, async () => {
        const body = { out_order_no: number.value, total_amount: total, stage: at.value };
        if (notify.value) body.notify_url = notify.value;
        if (direct.checked) body.sub_mchid = "";
        const life = await api.seed(body);
        number.value = madeUp();
        location.hash = orderHash(life.order.sub_mchid, life.order.out_order_no);
      });
    },
  },
  h("label", {}, t("orders.number"), number),
  h("div", { class: "pair" }, h("label", {}, t("orders.yuan"), amount), h("label", {}, t("orders.stage"), at)),
  h("label", {}, t("orders.notify"), notify),
  h("label", { class: "check" }, direct, t("orders.direct")),
  h("button", { type: "submit" }, t("orders.make")));
  return h("details", { class: "new", key: "seed" }, h("summary", {}, "+ " + t("orders.new")), form);
}

// rail shows how far an order has come.
function rail(stage) {
  const way = stages.slice(0, 4);
  if (!way.includes(stage)) return h("ol", { class: "rail" }, h("li", { class: "past" }, stageName("CREATED")), h("li", { class: "now ended", "aria-current": "step" }, stageName(stage)));
  const now = way.indexOf(stage);
  return h("ol", { class: "rail" }, way.map((s, i) => h("li", { class: i < now ? "past" : i === now ? "now" + (s === "DONE" ? " done" : "") : "", "aria-current": i === now ? "step" : undefined }, stageName(s))));
}

function lifeOf(life, reload) {
  const o = life.order;
  return [
    back(),
    h("article", { class: "card summary" },
      h("header", {}, h("div", {}, h("h1", {}, o.out_order_no), h("p", {}, o.service_introduction)), stageBadge(o.stage)),
      rail(o.stage),
      h("dl", { class: "figures" },
        figure(t("order.total"), o.total_amount === undefined ? t("order.notYet") : yuan(o.total_amount), o.total_amount !== undefined),
        figure(t("order.paid"), yuan(o.paid_amount ?? 0), true),
        figure(t("order.risk"), yuan(o.risk_amount), o.risk_amount !== undefined),
        figure(t("order.created"), moment(o.created_at)),
        figure(t("order.subMerchant"), o.sub_mchid || t("order.direct")),
        o.family && figure(t("order.family"), t("family." + o.family)),
        life.answer.channel_id && figure("channel_id", life.answer.channel_id),
        life.answer.currency && figure(t("order.currency"), life.answer.currency),
        figure(t("order.orderID"), life.answer.order_id ?? "–"))),
    h("article", { class: "card moves" }, h("h2", {}, t("order.moves")), movesOf(life, reload)),
    h("div", { class: "columns" },
      h("article", { class: "card" }, h("h2", {}, t("order.timeline")),
        life.timeline.length ? h("ol", { class: "timeline" }, life.timeline.toReversed().map((e) => entryRow(e)))
          : h("div", { class: "empty small" }, h("h3", {}, t("order.timelineEmpty")), h("p", {}, t("order.timelineEmptyText")), !o.family && copyable(queryLine(o), copyLabel()))),
      h("div", { class: "aside" },
        h("article", { class: "card" }, h("h2", {}, t("order.notifications")), notificationsOf(life)),
        h("article", { class: "card" }, h("details", { key: "answer" }, h("summary", {}, h("h2", {}, t("order.answer"))), h("pre", { tabindex: "0" }, pretty(JSON.stringify(life.answer))))))),
  ];
}

const queryLine = (o) => `payscore query ${o.out_order_no} --keys payscore-sandbox`;

const figure = (name, value, money) => h("div", {}, h("dt", {}, name), h("dd", { class: money ? "money" : value.length > 20 ? "long" : "" }, value));

function movesOf(life, reload) {
  if (life.moves.length === 0) return h("p", { class: "hint" }, t("order.noMoves"));
  const o = life.order;
  const seconds = h("input", { type: "number", min: "1", max: "31536000", value: "60", key: "move-seconds", "aria-label": t("order.seconds") });
  const fails = h("input", { type: "checkbox", key: "move-fails" });
  const button = (name) => h("button", {
    type: "button", key: "move-" + name, "data-move": name, class: /expire|fail/.test(name) ? "quiet" : "",
    onclick: (event) => attempt(event.currentTarget, async () => {
      const body = { name, family: o.family, sub_mchid: o.sub_mchid, out_order_no: o.out_order_no };
      if (name === "start_deduction") Object.assign(body, { seconds: Number(seconds.value), fails: fails.checked });
      await api.move(body);
      await reload();
    }),
  }, moveName(name));
  return [h("p", { class: "hint" }, t("order.movesText")),
    h("div", { class: "buttons" }, life.moves.map((name) => name === "start_deduction"
      ? h("span", { class: "timed" }, button(name), seconds, t("order.seconds"), h("label", { class: "check" }, fails, t("order.fails")))
      : button(name)))];
}

function notificationsOf(life) {
  if (life.notifications.length === 0) return h("p", { class: "hint" }, t("notification.none"));
  return h("ul", { class: "notifications" }, life.notifications.map((n) => h("li", { class: n.state },
    h("div", { class: "head" }, h("strong", {}, n.event_type), h("span", { class: "badge notification-" + n.state }, t("notification." + n.state))),
    h("p", { class: "url" }, n.url),
    n.attempts.length > 0 && h("ol", { class: "attempts", "aria-label": t("notification.attempts", { n: n.attempts.length }) },
      n.attempts.map((a) => h("li", { class: a.status === 200 || a.status === 204 ? "good" : "bad", title: a.error ?? "" },
        h("time", {}, moment(a.at)), " ", String(a.status ?? a.error ?? "–"), a.fault && h("span", { class: "chip" }, a.fault)))),
    h("div", { class: "foot" },
      h("span", {}, n.next_at ? t("notification.next", { time: moment(n.next_at) }) : t("notification.attempts", { n: n.attempts.length })),
      h("button", { type: "button", class: "small", key: "resend-" + n.id, onclick: (event) => attempt(event.currentTarget, async () => { await api.resend(n.id); toast(t("notification.sent"), true); }) }, t("notification.resend"))))));
}
