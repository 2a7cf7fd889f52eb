// How amounts, times and bodies are written.
import { language } from "./words.js";

// yuan writes fen. Amounts are integers: no rounding takes place.
export function yuan(fen) {
  if (fen === undefined || fen === null) return "–";
  const cents = String(Math.abs(fen) % 100).padStart(2, "0");
  return (fen < 0 ? "-" : "") + "¥" + Math.trunc(Math.abs(fen) / 100).toLocaleString("en-US") + "." + cents;
}

// fen reads yuan as a person writes them; undefined when it is no amount.
export function fen(text) {
  const m = /^\s*(\d{1,9})(?:\.(\d{1,2}))?\s*$/.exec(text);
  return m ? Number(m[1]) * 100 + Number((m[2] ?? "").padEnd(2, "0")) : undefined;
}

const locale = () => (language() === "zh" ? "zh-CN" : "en-GB");
const zone = "Asia/Shanghai"; // that of the API's own times

export function moment(time) {
  return new Intl.DateTimeFormat(locale(), {
    timeZone: zone, month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
  }).format(new Date(time));
}

export function clockTime(time) {
  return new Intl.DateTimeFormat(locale(), {
    timeZone: zone, year: "numeric", month: "short", day: "numeric", weekday: "short",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
  }).format(new Date(time));
}

// pretty lays JSON out; other text stays as it is. Numbers beyond what a
// double holds would change, so such a body stays as it is, too.
export function pretty(text) {
  if (/\d{16,}(?=\s*[,}\]])/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function duration(nanoseconds) {
  if (nanoseconds < 1e6) return (nanoseconds / 1e3).toFixed(0) + " µs";
  if (nanoseconds < 1e9) return (nanoseconds / 1e6).toFixed(1) + " ms";
  return (nanoseconds / 1e9).toFixed(2) + " s";
}
