// The entries of the journal as a reader sees them.
import { compare } from "./compare.js";
import { h } from "./dom.js";
import { duration, moment, pretty, yuan } from "./format.js";
import { has, language, t } from "./words.js";

export const moveName = (name) => (has("move." + name) ? t("move." + name) : name.replaceAll("_", " "));
export const stageName = (stage) => (has("stage." + stage) ? t("stage." + stage) : stage);
export const stageBadge = (stage) => h("span", { class: "badge stage-" + stage }, stageName(stage));
export const issueOf = (report) => (language() === "zh" && report.issue_zh ? report.issue_zh : report.issue);

// subjectLink leads to the order that an entry is about.
export function subjectLink(subject) {
  const parts = subject.split("/");
  const family = families.includes(parts[0]) ? parts.shift() : undefined;
  if (parts.length !== 2) return h("span", { class: "subject" }, subject);
  return h("a", { class: "subject", href: orderHash(decodeURIComponent(parts[0]), parts[1], family) }, parts[1]);
}

// Families of orders that have operations of their own.
const families = ["AcquiringBank", "Overseas"];

// subjectOf is what the journal calls an order.
export const subjectOf = (sub, number, family) => (family ? family + "/" : "") + sub.replaceAll("%", "%25").replaceAll("/", "%2F") + "/" + number;

export const orderHash = (sub, number, family) => "#/orders/" + [sub || "-", number, family].filter(Boolean).map(encodeURIComponent).join("/");

function good(e) {
  if (e.kind === "request") return e.status >= 200 && e.status < 300 && !e.signature;
  if (e.kind === "notification") return e.status === 200 || e.status === 204;
  return true;
}

function title(e) {
  switch (e.kind) {
    case "move": return moveName(e.operation);
    case "clock": return t("entry.clock", { message: e.message ?? "" });
    case "fault": return has("entry.fault." + e.message) ? t("entry.fault." + e.message) : t("entry.faultText", { message: e.message ?? "" });
    case "setting": return t(`entry.${e.operation}.${e.message}`);
    case "reset": return t("entry.reset");
    case "notification": return t(good(e) ? "entry.delivery" : "entry.deliveryFailed", { operation: e.operation });
    default: return e.operation || e.method || e.kind;
  }
}

// amountOf is what a request asks to collect.
function amountOf(e) {
  if (!e.request || e.kind !== "request") return undefined;
  try {
    const { total_amount: total } = JSON.parse(e.request);
    return Number.isSafeInteger(total) ? total : undefined;
  } catch {
    return undefined;
  }
}

function body(name, text) {
  return h("div", { class: "body" }, h("h4", {}, name), h("pre", { tabindex: "0" }, pretty(text)));
}

// entryRow is one entry; withSubject names the order, for lists of many.
export function entryRow(e, withSubject) {
  const state = e.kind === "request" || e.kind === "notification" ? (good(e) ? "good" : "bad") : "plain";
  const amount = amountOf(e);
  const facts = [
    e.target && [t("entry.target"), (e.method ? e.method + " " : "") + e.target],
    e.request_id && [t("entry.requestID"), e.request_id],
    e.number && [t("entry.number"), String(e.number)],
    e.duration_ns && [t("entry.took"), duration(e.duration_ns)],
    e.fault && [t("entry.fault"), e.fault],
  ].filter(Boolean);
  const hasMore = e.kind === "request" || e.request || e.answer || e.signature || facts.length > 1;
  return h("li", { class: `entry ${e.kind} ${state}`, "data-seq": e.seq },
    h("div", { class: "head" },
      h("time", { datetime: e.time }, moment(e.time)),
      h("span", { class: "kind" }, has("kind." + e.kind) ? t("kind." + e.kind) : e.kind),
      h("strong", {}, title(e)),
      amount !== undefined && h("span", { class: "amount" }, yuan(amount)),
      e.status && h("span", { class: "status" }, String(e.status)),
      e.code && h("code", { class: "code" }, e.code),
      e.fault && e.kind !== "fault" && h("span", { class: "chip" }, t("kind.fault")),
      e.stage && e.kind !== "notification" && stageBadge(e.stage),
      withSubject && e.subject && subjectLink(e.subject)),
    e.message && !["clock", "fault", "setting"].includes(e.kind) && h("p", { class: "message" }, e.message),
    e.kind === "fault" && e.fault && h("p", { class: "message" }, h("code", {}, e.fault)),
    e.signature && h("p", { class: "message" }, issueOf(e.signature)),
    hasMore && h("details", { key: "entry-" + e.seq },
      h("summary", {}, t("entry.more")),
      facts.length > 0 && h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
      e.signature && compare(e.signature),
      e.request && body(t("entry.request"), e.request),
      e.answer ? body(t("entry.answer"), e.answer) : e.kind === "request" && h("p", { class: "hint" }, t("entry.emptyAnswer"))));
}
