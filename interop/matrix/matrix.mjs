// Runs clients of others, as they are published, on `payscore sandbox`: an order's life, its notifications, and answers and
// notifications that must be refused. It prints one table and compares it with the one that docs/interop.md keeps.
//
//	node interop/matrix/matrix.mjs PAYSCORE PEER DOCUMENT [--update]
//
// PAYSCORE and PEER are the commands cmd/payscore and bench/peer. A client runs in a process of its own, a runner, which does
// what it is told and judges nothing. cells.mjs judges, all clients alike.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { columns } from "./cells.mjs";
import { defects } from "./defects.mjs";
import { receive } from "./receiver.mjs";
import { Row } from "./row.mjs";
import { open } from "./sandbox.mjs";

const [payscore, peer, document, update] = process.argv.slice(2);
if (!document) throw new Error("usage: matrix.mjs PAYSCORE PEER DOCUMENT [--update]");

const script = (name) => [process.execPath, fileURLToPath(new URL(name, import.meta.url))];
// A mismatch is what a client says when it refuses an answer or a notification for its signature, id or time.
const clients = {
  "wechatpay-axios-plugin": { run: script("axios.mjs"), by: "its base URL", mismatch: /^EV3_RES_|^the signature does not verify$/ },
  "wechatpay-node-v3": { run: script("node-v3.mjs"), by: "its HTTP service", mismatch: /^(verifySign: false|拉取平台证书失败|平台证书序列号不相符，未找到平台序列号)$/ },
  "wechatpay-go": {
    run: [peer, "wechatpay-go"], by: "its HTTP client",
    mismatch: /^(invalid notification, err: )?(validate verify fail |key `Wechatpay-\w+` is empty in header|timestamp=\[\d+\] expires)/,
  },
  gopay: { run: [peer, "gopay"], by: "its base URL", mismatch: /^\[verify signature error\]|^auto verify sign, but |^\[get all public key err\]/ },
};
const setups = [
  { keys: "public key", mode: "public-key" },
  { keys: "public key", mode: "migration" },
  { keys: "platform certificate", mode: "platform-certificate" },
  { keys: "platform certificate", mode: "migration" },
  { keys: "both", mode: "migration" },
];
const rows = [
  ...Object.keys(clients).flatMap((client) => setups.map((setup) => ({ client, ...setup }))),
  // These have nothing but HTTPS_PROXY and a CA file in their environment, and call https://api.mch.weixin.qq.com.
  ...["wechatpay-axios-plugin", "wechatpay-go"].map((client) => ({ client, keys: "both", mode: "migration", proxied: true })),
].map((row) => ({ ...clients[row.client], ...row }));

/** Runs a cell: its word in the table, and what went wrong when it is no known defect. */
async function judge(t, sandbox, name) {
  const since = await sandbox.seq();
  let problem;
  try {
    await columns[name](t);
    // A client that does not know the id of a wrong answer may ask for certificates, and be refused.
    if (name !== "wrong signature") assert.deepEqual(await sandbox.refusedSince(since), []);
    return { word: "ok" };
  } catch (e) {
    problem = e.message.replaceAll(/\s+/g, " ").trim().slice(0, 200);
  }
  const known = defects.find(({ client, cell, shows }) => client === t.client && cell === name && shows.test(problem));
  return known ? { word: known.word ?? "defect", known } : { word: "FAILED", problem };
}

async function run() {
  const work = mkdtempSync(join(tmpdir(), "payscore-matrix-"));
  const receiver = await receive(), sandboxes = {}, versions = {}, table = [];
  try {
    await Promise.all([...new Set(rows.map(({ mode }) => mode))].map(async (mode) => { sandboxes[mode] = await open(payscore, work, mode); }));
    for (const [index, row] of rows.entries()) {
      const t = new Row({ ...row, receiver, order: `MATRIX-${index}` }, sandboxes[row.mode]);
      versions[row.client] = await t.call("version");
      const cells = {};
      for (const name of Object.keys(columns)) cells[name] = await judge(t, sandboxes[row.mode], name);
      await t.close();
      table.push({ row, cells });
    }
  } finally {
    receiver.close();
    await Promise.all(Object.values(sandboxes).map((sandbox) => sandbox.close()));
    rmSync(work, { recursive: true });
  }
  return { table, versions };
}

const started = performance.now();
const { table, versions } = await run();

// Defects are numbered as they appear.
const shown = [...new Set(table.flatMap(({ cells }) => Object.values(cells).flatMap(({ known }) => known ?? [])))];
const line = (cells) => `| ${cells.join(" | ")} |`;
const head = ["client", "has", "sandbox", "reached by", ...Object.keys(columns)];
const text = [
  `${Object.entries(versions).map(([client, version]) => `${client} ${version}`).join(", ")}:`,
  "",
  line(head),
  `|${head.map(() => "---|").join("")}`,
  ...table.map(({ row, cells }) => line([row.client, row.keys, row.mode, row.proxied ? "HTTPS_PROXY" : row.by, ...Object.values(cells).map(({ word, known }) => (known ? `${word} ${shown.indexOf(known) + 1}` : word))])),
  "",
  ...shown.map(({ client, says }, i) => `${i + 1}. ${client}: ${says}`),
].join("\n");
process.stderr.write(`${text}\n`);

const problems = table.flatMap(({ row, cells }) => Object.entries(cells).flatMap(([name, { problem }]) => (problem ? `${row.client}, ${row.keys}, ${row.mode}${row.proxied ? ", HTTPS_PROXY" : ""}: ${name}: ${problem}` : [])));
const [begin, end] = ["<!-- matrix -->\n", "\n<!-- end of matrix -->"];
const page = readFileSync(document, "utf8");
const from = page.indexOf(begin) + begin.length, to = page.indexOf(end, from - 1);
assert.ok(from >= begin.length && to >= 0, `${document} has no place for the table`);
if (update && problems.length === 0) writeFileSync(document, page.slice(0, from) + text + page.slice(to));
else if (page.slice(from, to) !== text) problems.push(`${document} keeps another table; UPDATE=1 make matrix writes this one`);
for (const problem of problems) process.stderr.write(`FAILED: ${problem}\n`);
if (problems.length > 0) process.exit(1);
console.log(`${Object.keys(clients).length} clients, unmodified, ${table.length} rows of ${Object.keys(columns).length} cells as docs/interop.md keeps them; ${shown.length} defects are the clients' own`);
