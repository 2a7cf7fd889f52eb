// Runs the starts of docs/start whose libraries come from npm and the Go module proxy, as they stand there: on the base URL, and
// through the proxy with the real host name. The last line on stdout says what was checked.
//
//	node interop/starts.mjs PAYSCORE
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);
const [command] = process.argv.slice(2);
if (!command) throw new Error("usage: starts.mjs PAYSCORE");
const root = resolve(import.meta.dirname, "..");

// realHost is what each page says to change for the proxy.
const starts = [
  { page: "go", language: "go", module: ".", realHost: ["payscore.New(base,", "payscore.New(payscore.DefaultServer,"], prints: "DOING 39900 PAYSCORE.USER_CONFIRM\n" },
  { page: "wechatpay-go", language: "go", module: "bench", realHost: [`base := account["base_url"]`, `base := "https://api.mch.weixin.qq.com"`], prints: "DOING 39900 PAYSCORE.USER_CONFIRM\n" },
  { page: "node", language: "js", realHost: [/^ *baseURL: .*\n/m, ""], prints: "DOING 39900\nPAYSCORE.USER_CONFIRM true\n" },
];

const dir = mkdtempSync(join(tmpdir(), "payscore-starts-"));
symlinkSync(join(root, "interop", "node_modules"), join(dir, "node_modules"));
const sandbox = spawn(command, ["sandbox", "--json", "--addr", "127.0.0.1:0", "--https-proxy", "127.0.0.1:0", "--keys", join(dir, "payscore-sandbox")], { stdio: ["ignore", "pipe", "inherit"] });
const ended = once(sandbox, "exit");
try {
  const [line] = await Promise.race([
    once(createInterface(sandbox.stdout), "line"),
    ended.then(([code]) => Promise.reject(new Error(`payscore sandbox ended with ${code}`))),
  ]);
  const trust = join("payscore-sandbox", "ca_cert.pem");
  const proxied = { HTTPS_PROXY: JSON.parse(line).https_proxy, SSL_CERT_FILE: trust, NODE_EXTRA_CA_CERTS: trust };
  for (const start of starts) {
    const program = readFileSync(join(root, "docs", "start", `${start.page}.md`), "utf8").match(new RegExp("```" + start.language + "\n(.*?)```", "s"))[1];
    const changed = program.replace(...start.realHost);
    assert.notEqual(changed, program, `${start.page}: nothing to change for the real host`);
    assert.equal(await output(start, program, {}), start.prints, start.page);
    assert.equal(await output(start, changed, proxied), start.prints, `${start.page} through the proxy`);
  }
} finally {
  sandbox.kill();
  await ended;
  rmSync(dir, { recursive: true });
}
console.log(`${starts.map(({ page }) => page).join(", ")}: docs/start as it stands, on the base URL and through the proxy with the real host name`);

async function output({ language, module }, program, env) {
  const file = join(dir, language === "go" ? "start.go" : "start.mjs");
  writeFileSync(file, program.replaceAll("8080", await freePort()));
  let start = [process.execPath, file];
  if (language === "go") {
    start = [join(dir, "start")];
    await run("go", ["build", "-o", start[0], file], { cwd: join(root, module) });
  }
  const { stdout } = await run(start[0], start.slice(1), { cwd: dir, env: { ...process.env, ...env }, timeout: 60_000 });
  return stdout;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
