// wechatpay-node-v3 in the matrix.
import { createRequire } from "node:module";
import { account, file, naming, serve, setup } from "./serve.mjs";

const require = createRequire(import.meta.url);
const Pay = require("wechatpay-node-v3");

const { sub_mchid, service_id, api_v3_key } = account;
const real = "https://api.mch.weixin.qq.com";
const orders = "/v3/payscore/partner/serviceorder";

const open = () => new Pay({
  appid: account.appid, mchid: account.mchid, key: api_v3_key, publicKey: file("apiclient_cert.pem"), privateKey: file("apiclient_key.pem"),
});
const pay = open();

// The client has the host written into it. Its createHttp takes a service that sends elsewhere; this one also
// keeps what verifySign needs, which the client's own drops.
const send = async (method, url, headers, fields) => {
  const response = await fetch(url.replace(real, setup.host || real), { method, headers, ...(fields && { body: JSON.stringify(fields) }) });
  const text = await response.text();
  return { status: response.status, data: text && JSON.parse(text), headers: response.headers, text };
};
pay.createHttp({ get: (url, headers) => send("GET", url, headers), post: (url, fields, headers) => send("POST", url, headers, fields) });

/** Signs as its README does for what the client has no method for. */
function signed(method, target, fields) {
  const nonce = Math.random().toString(36).slice(2), timestamp = `${Math.floor(Date.now() / 1000)}`;
  const authorization = pay.getAuthorization(nonce, timestamp, pay.getSignature(method, nonce, timestamp, target, fields));
  return { ...naming, Accept: "application/json", "Content-Type": "application/json", "User-Agent": "payscore-matrix", Authorization: authorization };
}

async function verified(answer) {
  const { status, data, headers, text } = await answer;
  if (status >= 300) throw new Error(`status ${status}: ${data.code}`);
  if (!await pay.verifySign({
    timestamp: headers.get("Wechatpay-Timestamp"), nonce: headers.get("Wechatpay-Nonce"), serial: headers.get("Wechatpay-Serial"),
    signature: headers.get("Wechatpay-Signature") ?? "", body: text,
  })) throw new Error("verifySign: false");
  return data;
}

const target = (out_order_no) => `${orders}?${new URLSearchParams({ service_id, sub_mchid, out_order_no })}`;
const call = (method, path, fields) => verified(send(method, real + path, signed(method, path, fields), fields));
const query = ({ out_order_no }) => call("GET", target(out_order_no));
const write = (operation, { fields, out_order_no }) => call("POST", `${orders}/${encodeURIComponent(out_order_no)}/${operation}`, fields);

await serve({
  version: async () => require("wechatpay-node-v3/package.json").version,
  async keys() {
    const serials = setup.keys === "public key" ? [] : (await pay.get_certificates(api_v3_key)).map(({ serial_no }) => serial_no);
    if (setup.keys === "platform certificate") return serials;
    const error = await query({ out_order_no: "1234323JKHDFE1243252" }).catch((e) => e);
    Pay.certificates[account.public_key_id] = file("wechatpay_public_key.pem").toString();
    if (error instanceof Error) throw error;
    return [...serials, account.public_key_id];
  },
  create: ({ fields }) => call("POST", orders, fields),
  query,
  async queryByDefault({ out_order_no }) {
    const { status, data } = await open().httpService.get(setup.host + target(out_order_no), signed("GET", target(out_order_no)));
    if (status !== 200) throw new Error(`status ${status}`);
    return data;
  },
  complete: (request) => write("complete", request),
  modify: (request) => write("modify", request),
  cancel: (request) => write("cancel", request),
  refund: ({ fields }) => verified(pay.refunds(fields)),
  async notification({ headers, body }) {
    const { "wechatpay-timestamp": timestamp, "wechatpay-nonce": nonce, "wechatpay-serial": serial, "wechatpay-signature": signature } = headers;
    if (!await pay.verifySign({ timestamp, nonce, serial, signature, body })) throw new Error("verifySign: false");
    return decrypt(JSON.parse(body));
  },
  decrypt: async ({ envelope }) => decrypt(envelope),
});

function decrypt({ resource: { ciphertext, associated_data, nonce } }) {
  return pay.decipher_gcm(ciphertext, associated_data, nonce, api_v3_key);
}
