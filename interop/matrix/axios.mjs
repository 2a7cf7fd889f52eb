// wechatpay-axios-plugin in the matrix.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { account, file, naming, serve, setup } from "./serve.mjs";

const require = createRequire(import.meta.url);
const { Aes: { AesGcm }, Formatter, Rsa, Wechatpay } = require("wechatpay-axios-plugin");

const { sub_mchid, service_id } = account;
const certs = {};
let orders, refunds;

/** Runs the client's own downloader, `wxpay crt`. */
function download() {
  const to = mkdtempSync(join(tmpdir(), "payscore-matrix-"));
  try {
    const { status, stderr } = spawnSync(process.execPath, [
      require.resolve("wechatpay-axios-plugin/bin/cli.js"), "crt", ...(setup.host ? ["-u", setup.host] : []),
      "-m", account.mchid, "-s", account.serial_no, "-f", join(setup.dir, "apiclient_key.pem"), "-k", account.api_v3_key, "-o", to,
    ], { encoding: "utf8" });
    const saved = readdirSync(to);
    if (saved.length === 0) throw new Error(`wxpay crt ended with ${status}, saved nothing and printed ${stderr.includes("Authorization:") ? "Authorization" : "no Authorization"}`);
    for (const name of saved) certs[name.match(/^wechatpay_(.*)\.pem$/)[1]] = readFileSync(join(to, name));
  } finally {
    rmSync(to, { recursive: true });
  }
}

/** Downloads certificates with the client's request and cipher, and verifies the list by what is in it. */
async function downloadByHand() {
  const list = (all, config) => connect(all).certificates.get({ headers: naming, ...config }).then(({ data: { data } }) => data);
  for (const { serial_no, encrypt_certificate: { nonce, associated_data, ciphertext } } of await list({ none: "" }, { transformResponse: [JSON.parse] })) {
    certs[serial_no] = AesGcm.decrypt(ciphertext, account.api_v3_key, nonce, associated_data);
  }
  await list(certs);
}

const connect = (all) => new Wechatpay({
  ...(setup.host && { baseURL: setup.host }),
  mchid: account.mchid, serial: account.serial_no, privateKey: file("apiclient_key.pem"), certs: all,
}).v3;

const query = ({ out_order_no }) => orders.get({ params: { service_id, sub_mchid, out_order_no }, headers: naming }).then(({ data }) => data);
const write = (operation, fields, out_order_no) => orders._out_order_no_[operation].post(fields, { out_order_no, headers: naming }).then(() => ({}));

await serve({
  version: async () => require("wechatpay-axios-plugin/package.json").version,
  async keys() {
    if (setup.keys !== "platform certificate") certs[account.public_key_id] = file("wechatpay_public_key.pem");
    let failed;
    if (setup.keys !== "public key") {
      try {
        download();
      } catch (e) {
        failed = e;
        await downloadByHand();
      }
    }
    const v3 = connect(certs);
    orders = v3.payscore.partner.serviceorder;
    refunds = v3.refund.domestic.refunds;
    if (failed) throw failed;
    return Object.keys(certs);
  },
  create: ({ fields }) => orders.post(fields, { headers: naming }).then(({ data }) => data),
  query,
  queryByDefault: query,
  complete: ({ fields, out_order_no }) => write("complete", fields, out_order_no),
  modify: ({ fields, out_order_no }) => write("modify", fields, out_order_no),
  cancel: ({ fields, out_order_no }) => write("cancel", fields, out_order_no),
  refund: ({ fields }) => refunds.post(fields, { headers: naming }).then(({ data }) => data),
  // As its README does it: the steps are the program's, each of them is a function of the client.
  async notification({ headers, body }) {
    const { "wechatpay-timestamp": timestamp, "wechatpay-nonce": nonce, "wechatpay-serial": serial, "wechatpay-signature": signature } = headers;
    if (!certs[serial] || !Rsa.verify(Formatter.response(timestamp, nonce, body), signature, certs[serial])) throw new Error("the signature does not verify");
    return open(JSON.parse(body));
  },
  decrypt: async ({ envelope }) => open(envelope),
});

function open({ resource: { ciphertext, nonce, associated_data } }) {
  return JSON.parse(AesGcm.decrypt(ciphertext, account.api_v3_key, nonce, associated_data));
}
