// The form that explains a failing signature.
import * as api from "./api.js";
import { compare } from "./compare.js";
import { attempt, fill, h, soon, toast } from "./dom.js";
import { moment } from "./format.js";
import { issueOf } from "./timeline.js";
import { t } from "./words.js";

// split reads a request as it goes over the wire; undefined when it is none.
export function split(text) {
  const at = /\r?\n\r?\n/.exec(text);
  const head = (at ? text.slice(0, at.index) : text).split(/\r?\n/);
  const first = /^([A-Z]+) (\S+)(?: HTTP\/\d(?:\.\d)?)?$/.exec(head[0].trim());
  if (!first) return undefined;
  const found = head.slice(1).find((line) => /^authorization:/i.test(line));
  return {
    method: first[1], target: first[2],
    authorization: found ? found.slice(found.indexOf(":") + 1).trim() : "",
    body: at ? text.slice(at.index + at[0].length) : "",
  };
}

export function view(container) {
  let gone = false;
  const area = (key, rows, props) => h("textarea", { key: "sig-" + key, name: key, rows, spellcheck: "false", autocapitalize: "off", autocomplete: "off", ...props });
  const raw = area("raw", 5, { placeholder: t("signature.rawHint") });
  const method = h("select", { name: "method", key: "sig-method" }, ["POST", "GET", "PUT", "PATCH", "DELETE"].map((m) => h("option", { value: m }, m)));
  const target = h("input", { name: "target", required: true, key: "sig-target", spellcheck: "false", autocomplete: "off", placeholder: "/v3/payscore/partner/serviceorder/1234323JKHDFE1243252/modify" });
  const authorization = area("authorization", 4, { required: true, placeholder: 'WECHATPAY2-SHA256-RSA2048 mchid="…",nonce_str="…",timestamp="…",serial_no="…",signature="…"' });
  const body = area("body", 5, {}), own = area("own", 5, {});
  const result = h("section", { class: "result", "aria-live": "polite" }), recent = h("section", { class: "card" });

  const form = h("form", {
    class: "fields card", onsubmit(event) {
      event.preventDefault();
      attempt(event.submitter, async () => {
        const request = { method: method.value, target: target.value.trim(), authorization: authorization.value.trim() };
        if (body.value) request.body = body.value;
        const report = await api.explain(request);
        const ok = report.mistake === "ok";
        fill(result, h("article", { class: "card verdictcard " + (ok ? "good" : "bad") }, h("h2", {}, issueOf(report)), !ok && h("p", {}, h("code", {}, report.mistake)), compare(report, own.value)));
        result.scrollIntoView({ behavior: "smooth", block: "nearest" });
      });
    },
  },
  h("label", {}, t("signature.raw"), raw),
  h("button", {
    type: "button", class: "plain", onclick() {
      const request = split(raw.value);
      if (!request) return toast(t("signature.rawBad"));
      method.value = request.method;
      target.value = request.target;
      authorization.value = request.authorization;
      body.value = request.body;
    },
  }, "↓ " + t("signature.split")),
  h("div", { class: "pair request" }, h("label", {}, t("signature.method"), method), h("label", {}, t("signature.target"), target)),
  h("label", {}, t("signature.authorization"), authorization),
  h("label", {}, t("signature.body"), body),
  h("label", {}, t("signature.own"), own),
  h("button", { type: "submit" }, t("signature.explain")));

  fill(container, h("div", { class: "page" }, h("header", { class: "lead" }, h("h1", {}, t("signature.title")), h("p", {}, t("signature.text"))), form, result, recent));

  async function load() {
    const found = await api.journal({ limit: 500 }).catch((error) => toast(error.message));
    if (gone || !found) return;
    const refused = found.entries.filter((e) => e.signature).reverse().slice(0, 20);
    fill(recent, h("h2", {}, t("signature.recent")), refused.length === 0 ? h("p", { class: "hint" }, t("signature.none"))
      : h("ul", { class: "refused" }, refused.map((e) => h("li", {}, h("details", { key: "refused-" + e.seq },
        h("summary", {}, h("time", {}, moment(e.time)), h("strong", {}, issueOf(e.signature)), h("code", {}, `${e.method ?? ""} ${e.target ?? ""}`)), compare(e.signature))))));
  }

  load();
  const loadSoon = soon(load);
  return { entry: (e) => (e.signature || e.kind === "reset") && loadSoon(), refresh: load, leave: () => (gone = true) };
}
