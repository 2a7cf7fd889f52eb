// What the console asks of the sandbox: /_sandbox/api, as api/sandbox.yaml has it.

const root = new URL("api/", document.baseURI);

async function call(method, path, body) {
  const init = { method };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const response = await fetch(new URL(path, root), init);
  if (response.status === 204) return undefined;
  const answer = await response.json().catch(() => ({ message: response.statusText }));
  if (!response.ok) throw Object.assign(new Error(answer.message), { status: response.status, code: answer.code });
  return answer;
}

function query(params) {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== "");
  return given.length ? "?" + new URLSearchParams(given) : "";
}

export const account = () => call("GET", "account");
export const settings = () => call("GET", "settings");
export const changeSettings = (body) => call("POST", "settings", body);
export const orders = (params) => call("GET", "orders" + query(params));
export const order = (subMchID, outOrderNo, family) => call("GET", "order" + query({ family, sub_mchid: subMchID, out_order_no: outOrderNo }));
export const plans = (params) => call("GET", "plans" + query(params));
export const seed = (body) => call("POST", "orders", body);
export const move = (body) => call("POST", "moves", body);
export const otherMoves = () => call("GET", "other-moves");
export const otherMove = (body) => call("POST", "other-moves", body);
export const faults = () => call("GET", "faults");
export const addFault = (body) => call("POST", "faults", body);
export const removeFault = (id) => call("DELETE", "faults/" + encodeURIComponent(id));
export const clock = () => call("GET", "clock");
export const advance = (seconds) => call("POST", "clock/advance", { seconds });
export const resend = (id) => call("POST", "notifications/" + encodeURIComponent(id) + "/resend", {});
export const journal = (params) => call("GET", "journal" + query(params));
export const explain = (body) => call("POST", "signature/explain", body);
export const reset = () => call("POST", "reset", {});

// events calls entry for whatever happens, and state with connecting, open or
// closed. The browser comes back by itself, with the id of the last entry; a
// server that refused it is asked again a little later.
export function events(entry, state) {
  let last = "";
  const open = () => {
    const source = new EventSource(new URL("events", root));
    source.addEventListener("open", () => state("open"));
    source.addEventListener("entry", (event) => {
      last = event.lastEventId;
      entry(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      state(source.readyState === EventSource.CLOSED ? "closed" : "connecting");
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 3000);
    });
  };
  open();
  return () => last;
}
