// Two messages side by side, with the first byte that differs marked.
import { h } from "./dom.js";
import { t } from "./words.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

// firstDifference is the offset in bytes, -1 when both are the same.
export function firstDifference(a, b) {
  const x = encoder.encode(a), y = encoder.encode(b);
  const n = Math.min(x.length, y.length);
  for (let i = 0; i < n; i++) if (x[i] !== y[i]) return i;
  return x.length === y.length ? -1 : n;
}

const names = { 10: "LF", 13: "CR", 9: "TAB", 32: "SPACE", 0: "NUL" };

function byteName(bytes, offset) {
  if (offset >= bytes.length) return t("signature.end");
  const byte = bytes[offset];
  const hex = "0x" + byte.toString(16).padStart(2, "0");
  if (byte in names) return `${names[byte]} (${hex})`;
  return byte > 32 && byte < 127 ? `“${String.fromCharCode(byte)}” (${hex})` : hex;
}

// characterAt is where the character of a byte starts and ends.
function characterAt(bytes, offset) {
  let start = offset, end = offset + 1;
  while (start > 0 && (bytes[start] & 0xc0) === 0x80) start--;
  while (end < bytes.length && (bytes[end] & 0xc0) === 0x80) end++;
  return [start, Math.min(end, bytes.length)];
}

const visible = (text) => text.replace(/\r/g, "␍").replace(/\t/g, "⇥").replace(/\0/g, "␀");

// pane shows one message, line by line, the marked character in its line.
function pane(title, message, offset, mine) {
  const bytes = encoder.encode(message);
  const rows = [];
  let at = 0;
  // The message ends in a line feed: there is no line after it.
  const lines = message.split("\n");
  const parts = lines.slice(0, 4).concat(lines.length > 4 ? [lines.slice(4).join("\n")] : []);
  parts.forEach((text, i) => {
    const last = i === 4 || i === parts.length - 1;
    const feed = !last || (last && text.endsWith("\n"));
    const shown = last && text.endsWith("\n") ? text.slice(0, -1) : text;
    const length = encoder.encode(shown).length;
    const content = [];
    const marked = offset >= at && offset < at + length + (feed ? 1 : 0);
    if (marked && offset < at + length) {
      const [start, end] = characterAt(bytes, offset);
      content.push(visible(decoder.decode(bytes.slice(at, start))),
        h("mark", {}, visible(decoder.decode(bytes.slice(start, end))).replace(" ", "␠").replace("\n", "↵\n")),
        visible(decoder.decode(bytes.slice(end, at + length))));
    } else content.push(visible(shown));
    if (feed) content.push(marked && offset === at + length ? h("mark", {}, "↵") : h("i", { class: "feed" }, "↵"));
    if (!feed && last && offset >= bytes.length) content.push(h("mark", { class: "end" }, t("signature.end")));
    rows.push(h("div", { class: "line" + (marked ? " hit" : "") },
      h("span", { class: "gutter" }, t("part." + Math.min(i + 1, 5))), h("code", {}, content)));
    at += length + (feed ? 1 : 0);
  });
  if (offset >= bytes.length && message.endsWith("\n")) {
    rows.push(h("div", { class: "line hit" }, h("span", { class: "gutter" }), h("code", {}, h("mark", { class: "end" }, t("signature.end")))));
  }
  return h("section", { class: "pane" + (mine ? " mine" : "") },
    h("header", {}, h("strong", {}, title), h("span", {}, t("signature.length", { n: bytes.length }))), h("div", { class: "lines", tabindex: "0" }, rows));
}

// compare shows a signature's report; own is the message that the reader
// says was signed.
export function compare(report, own) {
  const signed = own || report.signed;
  if (!report.expected) return null;
  if (!signed) {
    return [h("p", { class: "hint" }, report.mistake === "ok" ? t("signature.right") : t("signature.unknown")),
      h("div", { class: "compare one" }, pane(t("signature.expected"), report.expected, -1))];
  }
  const offset = firstDifference(report.expected, signed);
  const expected = encoder.encode(report.expected), other = encoder.encode(signed);
  let verdict = t("signature.same");
  if (offset >= 0) {
    const line = expected.slice(0, offset).filter((b) => b === 10).length + 1;
    verdict = t("signature.byte", {
      offset, line, part: t("part." + Math.min(line, 5)), expected: byteName(expected, offset), signed: byteName(other, offset),
    });
  }
  return [h("p", { class: "verdict", "data-offset": offset }, verdict),
    h("div", { class: "compare" }, pane(t("signature.expected"), report.expected, offset), pane(t("signature.signed"), signed, offset, true))];
}
