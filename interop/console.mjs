// Drives the sandbox's console in a browser, with a client of its own beside it that signs by node:crypto.
//
//   node interop/console.mjs PAYSCORE CHROMIUM [DIRECTORY OF SCREENSHOTS]
//
// PAYSCORE is the command. Prints what it did; the first thing that is not as it should be ends it with 1.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSign, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [payscore, executablePath, shots] = process.argv.slice(2);
const keys = mkdtempSync(join(tmpdir(), "payscore-console-"));
const done = [];
const step = (text) => done.push(text);

// The sandbox, and a merchant's server that takes the second attempt of a notification.
const sandbox = spawn(payscore, ["sandbox", "--addr", "127.0.0.1:0", "--https-proxy", "127.0.0.1:0", "--keys", keys], { stdio: ["ignore", "pipe", "inherit"] });
const notified = [];
const merchant = createServer((request, response) => {
  request.resume().on("end", () => {
    notified.push(request.headers);
    response.writeHead(notified.length === 1 ? 500 : 204).end();
  });
});
let browser, failed;
try {
  await Promise.all([listening(), new Promise((resolve) => merchant.listen(0, "127.0.0.1", resolve))]);
  await run(JSON.parse(readFileSync(join(keys, "sandbox.json"), "utf8")), `http://127.0.0.1:${merchant.address().port}/notify`);
  console.log(`console in ${(await browser.version()).split(".")[0]}: ${done.join(", ")}`);
} catch (error) {
  failed = error;
  console.error(error);
  console.error("done until then:", done.join(", "));
} finally {
  await browser?.close();
  sandbox.kill();
  merchant.close();
  rmSync(keys, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

function listening() {
  return new Promise((resolve, reject) => {
    let said = "";
    sandbox.stdout.on("data", (text) => /^listening on /m.test((said += text)) && resolve());
    sandbox.on("exit", (code) => reject(new Error(`the sandbox ended with ${code}`)));
  });
}

// signed is the Authorization of a request; message lets it sign another one than it sends.
function signed(account, method, target, body, message) {
  const timestamp = Math.floor(Date.now() / 1000), nonce = randomUUID().replaceAll("-", "");
  const text = (message ?? ((...parts) => parts.join("\n") + "\n"))(method, target, timestamp, nonce, body);
  const signature = createSign("RSA-SHA256").update(text).sign(readFileSync(join(keys, "apiclient_key.pem")), "base64");
  return {
    authorization: `WECHATPAY2-SHA256-RSA2048 mchid="${account.mchid}",nonce_str="${nonce}",timestamp="${timestamp}",serial_no="${account.serial_no}",signature="${signature}"`, text,
  };
}

async function run(account, notifyURL) {
  const api = async (method, target, value, status) => {
    const body = value ? JSON.stringify(value) : "";
    const response = await fetch(account.base_url + target, {
      method, body: body || undefined,
      headers: { Authorization: signed(account, method, target, body).authorization, Accept: "application/json", "Content-Type": "application/json", "User-Agent": "console-proof" },
    });
    assert.equal(response.status, status, `${method} ${target}: ${await response.clone().text()}`);
    return response;
  };

  browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "en-US", colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => new URL(request.url()).origin === account.base_url || complaints.push("asked elsewhere: " + request.url()));

  await page.goto(account.base_url + "/_sandbox/");
  await page.locator('#live[data-state="open"]').waitFor();

  // Created by the API, it appears by itself.
  const number = "CONSOLE1", order = "/v3/payscore/partner/serviceorder";
  const ids = { service_id: account.service_id, sub_mchid: account.sub_mchid };
  await api("POST", order, {
    ...ids, out_order_no: number, appid: account.appid, service_introduction: "充电宝租借", time_range: { start_time: "OnAccept" },
    risk_fund: { name: "ESTIMATE_ORDER_COST", amount: 60000 }, notify_url: notifyURL, need_user_confirm: true,
  }, 200);
  const listed = page.locator(".order", { hasText: number });
  await listed.locator(".stage-CREATED").waitFor();
  step("an order appears live");

  await listed.click();
  const stage = (name) => page.locator(`.summary .stage-${name}`).waitFor();
  await page.locator('[data-move="confirm"]').click();
  await stage("USER_CONFIRM");
  step("the user confirms");

  const bill = (amount) => ({ ...ids, post_payments: [{ name: "租金", amount }], total_amount: amount });
  const end = new Date(Date.now() + 8 * 3600e3).toISOString().replace(/\D/g, "").slice(0, 14);
  await api("POST", `${order}/${number}/complete`, { ...bill(50000), time_range: { end_time: end } }, 204);
  await stage("USER_PAYING");
  await page.locator(".figures", { hasText: "¥500.00" }).waitFor();
  await api("POST", `${order}/${number}/modify`, { ...bill(39900), service_id: undefined, reason: "用户投诉" }, 204);
  await page.locator(".figures", { hasText: "¥399.00" }).waitFor();
  step("complete and modify by the API");

  await page.locator('[data-move="user_pays"]').click();
  await stage("DONE");
  await page.locator(".moves", { hasText: "Nothing is left" }).waitFor();
  const titles = await page.locator(".timeline .entry .head strong").allTextContents();
  for (const title of ["createPartnerServiceOrder", "User confirms", "completePartnerServiceOrder", "modifyPartnerServiceOrder", "User pays"]) {
    assert.ok(titles.includes(title), `${title} is not in the timeline: ${titles}`);
  }
  const modified = page.locator(".entry", { hasText: "modifyPartnerServiceOrder" });
  await modified.locator("summary").click();
  await modified.locator("pre", { hasText: "用户投诉" }).waitFor();
  step("the user pays and the timeline has it all");

  // The confirmation was not taken at first; its retry waits for time to pass.
  await page.locator('[data-advance="60"]').click();
  await page.locator(".notifications > .taken", { hasText: "PAYSCORE.USER_CONFIRM" }).locator(".attempts .good").waitFor();
  assert.ok(notified.length >= 2 && notified.every((headers) => headers["wechatpay-signature"]), "notifications are signed");
  step("a notification is repeated");

  // A fault, switched on with the keyboard.
  await page.locator('nav [data-view="faults"]').click();
  const unsigned = page.getByRole("switch", { name: "unsigned", exact: true });
  await unsigned.waitFor();
  await unsigned.focus();
  await page.keyboard.press("Space");
  await page.locator(".active li", { hasText: "unsigned" }).waitFor();
  const query = `${order}?sub_mchid=${account.sub_mchid}&out_order_no=${number}&service_id=${account.service_id}`;
  assert.equal((await api("GET", query, undefined, 200)).headers.get("wechatpay-signature"), null, "signed under the fault");
  await unsigned.click();
  await page.locator(".active li").waitFor({ state: "detached" });
  assert.ok((await api("GET", query, undefined, 200)).headers.get("wechatpay-signature"), "not signed any more");
  step("a fault is switched on and off");

  // The modification on WeChat Pay's page is refused until lenient amounts are on. The switch follows other drivers, too.
  const pageOrder = "1234323JKHDFE1243252", published = {
    service_id: account.service_id, sub_mchid: account.sub_mchid, total_amount: 50000, reason: "用户投诉",
    post_payments: [{ name: "就餐费用", description: "就餐人均100元", amount: 40000, count: 4 }],
    post_discounts: [{ name: "满20减1元", description: "不与其他优惠叠加", amount: 100, count: 2 }],
  };
  const refusal = await (await api("POST", `${order}/${pageOrder}/modify`, published, 400)).json();
  assert.match(refusal.detail.issue, /--lenient-amounts/, "the refusal names the way out");
  await page.locator('nav [data-view="start"]').click();
  await page.locator(".settings code", { hasText: "migration" }).waitFor();
  await page.locator(".settings code", { hasText: /^http:\/\/127\.0\.0\.1:\d+$/ }).waitFor();
  for (const text of await page.locator(".files small").allTextContents()) assert.doesNotMatch(text, /start\./, "a file is not described");
  const lenient = page.getByRole("switch", { name: /Lenient amounts/ });
  await lenient.focus();
  await page.keyboard.press("Space");
  await page.locator(".settings input:checked").waitFor();
  await api("POST", `${order}/${pageOrder}/modify`, published, 204);
  await fetch(account.base_url + "/_sandbox/api/settings", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"lenient_amounts":false}' });
  await page.locator(".settings input:not(:checked)").waitFor();
  await page.locator('nav [data-view="activity"]').click();
  await page.locator(".entry.setting", { hasText: "Lenient amounts off" }).waitFor();
  step("lenient amounts are switched, and take the page's example");

  // A signature of the path without its query, pasted as it was sent.
  await page.locator('nav [data-view="signature"]').click();
  const wrong = signed(account, "GET", query, "", (method, target, ...rest) => [method, target.split("?")[0], ...rest].join("\n") + "\n");
  await page.locator('[name="raw"]').fill(`GET ${query} HTTP/1.1\r\nHost: ${new URL(account.base_url).host}\r\nAuthorization: ${wrong.authorization}\r\nAccept: application/json\r\n\r\n`);
  await page.locator('form button[type="button"]').click();
  await page.locator('form button[type="submit"]').click();
  const offset = Buffer.byteLength("GET\n" + order);
  await page.locator(`.verdict[data-offset="${offset}"]`).waitFor();
  assert.deepEqual(await page.locator(".result mark").allTextContents(), ["?", "↵"], "the marked bytes");
  step(`byte ${offset} of a bad signature is marked`);
  // One whose mistake nobody can guess, beside the message that was signed.
  const odd = signed(account, "GET", query, "", (...parts) => ["once upon a time", ...parts].join("\n"));
  await page.locator('[name="authorization"]').fill(odd.authorization);
  await page.locator('[name="own"]').fill(odd.text);
  await page.locator('form button[type="submit"]').click();
  await page.locator('.verdict[data-offset="0"]').waitFor();
  step("and of one that is pasted");

  // Language and theme, and both stay.
  await page.locator("#language").click();
  await page.locator("h1", { hasText: "签名为什么不通过" }).waitFor();
  await page.locator("#theme").click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  await page.reload();
  await page.locator("h1", { hasText: "签名为什么不通过" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  step("Chinese and dark stay");

  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 860 });
    for (const hash of [`#/orders/${account.sub_mchid}/${number}`, "#/orders", "#/faults", "#/signature", "#/activity", "#/start"]) {
      await page.goto(account.base_url + "/_sandbox/" + hash);
      await page.locator(".card:visible").first().waitFor();
      await page.waitForTimeout(150);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${hash} is ${wide} px wide on ${width}`);
    }
  }
  step("fits 1280 and 390 px");

  if (shots) await screenshots(account, number);

  // A reset leaves the sandbox as it began.
  await page.goto(account.base_url + "/_sandbox/#/start");
  page.once("dialog", (dialog) => dialog.accept());
  await page.locator(".danger button").click();
  await page.locator("#toast.shown[data-good=yes]").waitFor();
  await page.goto(account.base_url + "/_sandbox/#/orders");
  await page.locator(".order", { hasText: pageOrder }).locator(".stage-USER_PAYING").waitFor();
  assert.equal(await page.locator(".order").count(), 1, "one order after a reset");
  step("a reset begins anew");
  assert.deepEqual(complaints, [], "the browser complained");
}

async function screenshots(account, number) {
  for (const colorScheme of ["light", "dark"]) {
    for (const locale of ["en-US", "zh-CN"]) {
      for (const width of [1280, 390]) {
        const context = await browser.newContext({ viewport: { width, height: 860 }, colorScheme, locale });
        const page = await context.newPage();
        for (const [name, hash] of Object.entries({ orders: "#/orders", order: `#/orders/${account.sub_mchid}/${number}`, faults: "#/faults", signature: "#/signature", activity: "#/activity", start: "#/start" })) {
          await page.goto(account.base_url + "/_sandbox/" + hash);
          await page.locator(".card:visible").first().waitFor();
          await page.waitForTimeout(300);
          await page.screenshot({ path: join(shots, `${name}-${colorScheme}-${locale}-${width}.png`), fullPage: true });
        }
        await context.close();
      }
    }
  }
}
