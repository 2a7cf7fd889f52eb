// What a team needs to point its client here.
import * as api from "./api.js";
import { attempt, copyable, fill, h, soon, toast } from "./dom.js";
import { copyLabel, has, t } from "./words.js";

const ids = ["mchid", "sub_mchid", "appid", "service_id", "serial_no", "public_key_id", "platform_serial_no"];

// Where each language's client takes the base URL and the keys: the lines of docs/start that make it.
const whole = (page) => `https://github.com/wxpayscore/payscore/blob/main/docs/start/${page}.md`;
const languages = {
  Go: (a) => `// ${whole("go")}
signer, err := auth.LoadSigner("${a.mchid}", "${a.serial_no}", "payscore-sandbox/apiclient_key.pem")
key, err := auth.LoadPublicKey("${a.public_key_id}", "payscore-sandbox/wechatpay_public_key.pem")
verifier, err := auth.NewVerifier(key)
client, err := payscore.New("${a.base_url}",
	payscore.WithRequestEditorFn(signer.Sign),
	payscore.WithHTTPClient(transport.New(signer, verifier)))`,
  Node: (a) => `// ${whole("node")}
// npm install wechatpay-axios-plugin
const wxpay = new Wechatpay({
  baseURL: '${a.base_url}/', mchid: '${a.mchid}', serial: '${a.serial_no}',
  privateKey: readFileSync('payscore-sandbox/apiclient_key.pem'),
  certs: { '${a.public_key_id}': readFileSync('payscore-sandbox/wechatpay_public_key.pem') },
  headers: { 'Wechatpay-Serial': '${a.public_key_id}' },
})`,
  PHP: (a) => `// ${whole("php")}
// composer require wechatpay/wechatpay
$client = Builder::factory([
  'base_uri'   => '${a.base_url}/',
  'mchid'      => '${a.mchid}',
  'serial'     => '${a.serial_no}',
  'privateKey' => Rsa::from('file://payscore-sandbox/apiclient_key.pem', Rsa::KEY_TYPE_PRIVATE),
  'certs'      => ['${a.public_key_id}' => Rsa::from('file://payscore-sandbox/wechatpay_public_key.pem', Rsa::KEY_TYPE_PUBLIC)],
  'headers'    => ['Wechatpay-Serial' => '${a.public_key_id}'],
]);`,
  Java: (a) => `// ${whole("java")}
// com.github.wechatpay-apiv3:wechatpay-java
var config = new RSAPublicKeyConfig.Builder()
    .merchantId("${a.mchid}").merchantSerialNumber("${a.serial_no}")
    .privateKeyFromPath("payscore-sandbox/apiclient_key.pem")
    .publicKeyId("${a.public_key_id}").publicKeyFromPath("payscore-sandbox/wechatpay_public_key.pem")
    .apiV3Key(apiV3Key) // api_v3_key of payscore-sandbox/sandbox.json
    .build();
// and ${a.base_url} in place of https://api.mch.weixin.qq.com`,
  Python: (a) => `# ${whole("python")}
# pip install wechatpayv3
wxpay = WeChatPay(
    wechatpay_type=WeChatPayType.MINIPROG, mchid='${a.mchid}', appid='${a.appid}', cert_serial_no='${a.serial_no}',
    private_key=open('payscore-sandbox/apiclient_key.pem').read(), apiv3_key=API_V3_KEY,  # of sandbox.json
    public_key=open('payscore-sandbox/wechatpay_public_key.pem').read(), public_key_id='${a.public_key_id}')
wxpay._core._gate_way = '${a.base_url}'`,
};

let chosen = "Go";

export function view(container) {
  let gone = false;
  const settings = h("section", { class: "card settings" });
  fill(container, h("div", { class: "page" }));
  load();
  loadSettings();

  async function loadSettings() {
    const now = await api.settings().catch((error) => toast(error.message));
    if (gone || !now) return;
    const lenient = h("input", {
      type: "checkbox", role: "switch", key: "lenient", "data-live": "yes", checked: now.lenient_amounts,
      onchange: (event) => attempt(event.currentTarget, async () => {
        try {
          await api.changeSettings({ lenient_amounts: event.target.checked });
        } finally {
          await loadSettings();
        }
      }),
    });
    fill(settings, h("h2", {}, t("start.settings")),
      h("label", { class: "switch" }, lenient, h("span", {}, h("strong", {}, t("start.lenient")), h("small", {}, t("start.lenientText")))),
      h("dl", { class: "facts" },
        h("dt", {}, t("start.keyMode")), h("dd", {}, h("code", {}, now.key_mode), has("mode." + now.key_mode) && h("small", {}, t("mode." + now.key_mode))),
        h("dt", {}, t("start.proxy")), h("dd", {}, now.https_proxy && h("code", {}, reached(now.https_proxy)), h("small", {}, t(now.https_proxy ? "start.proxyText" : "start.noProxy")))));
  }

  async function load() {
    const [a, others] = await Promise.all([api.account(), api.otherMoves()]).catch((error) => (toast(error.message), []));
    if (gone || !a) return;
    const code = h("div", {});
    const show = () => fill(code, copyable(languages[chosen](a), copyLabel()));
    const tabs = h("div", { class: "choice", role: "group", "aria-label": t("start.configure") }, Object.keys(languages).map((name) => h("button", {
      type: "button", class: "plain", "aria-pressed": name === chosen ? "true" : "false",
      onclick(event) {
        chosen = name;
        for (const b of tabs.children) b.setAttribute("aria-pressed", b === event.currentTarget ? "true" : "false");
        show();
      },
    }, name)));
    show();
    fill(container, h("div", { class: "page" },
      h("header", { class: "lead" }, h("h1", {}, t("start.title")), h("p", {}, t("start.text"))),
      h("section", { class: "card" }, h("h2", {}, t("start.base")), copyable(a.base_url, copyLabel()), h("h2", {}, t("start.configure")), tabs, code),
      settings,
      h("div", { class: "columns even" },
        h("section", { class: "card" }, h("h2", {}, t("start.ids")), h("dl", { class: "facts" }, ids.map((name) => [h("dt", {}, name), h("dd", {}, h("code", {}, a[name]))]))),
        h("section", { class: "card" }, h("h2", {}, t("start.files")), h("p", { class: "hint" }, t("start.filesText")),
          h("ul", { class: "files" }, a.files.map((f) => h("li", {}, h("code", {}, f.name), f.secret && h("span", { class: "chip" }, t("start.secret")), h("small", {}, t("start.holds." + f.holds))))))),
      others.moves.length > 0 && h("section", { class: "card" }, h("h2", {}, t("start.other")), h("p", { class: "hint" }, t("start.otherText")), h("ul", { class: "faults" }, others.moves.map(otherMove))),
      h("section", { class: "card danger" }, h("div", {}, h("h2", {}, t("start.reset")), h("p", { class: "hint" }, t("start.resetText"))),
        h("button", {
          type: "button", class: "quiet", onclick: (event) => confirm(t("start.resetSure")) && attempt(event.currentTarget, async () => {
            await api.reset();
            toast(t("start.resetDone"), true);
          }),
        }, t("start.reset")))));
  }

  const settingsSoon = soon(loadSettings);
  return { entry: (e) => ["setting", "reset"].includes(e.kind) && settingsSoon(), refresh: loadSettings, leave: () => (gone = true) };
}

// A listener on all addresses is reached where the console is.
function reached(address) {
  return "http://" + address.replace(/^(0\.0\.0\.0|\[::\])(?=:\d+$)/, location.hostname);
}

function otherMove(move) {
  const form = h("form", {
    class: "fields", onsubmit(event) {
      event.preventDefault();
      attempt(event.submitter, async () => {
        const body = { name: move.name };
        for (const [name, value] of new FormData(form)) {
          if (value) body[name] = /level/.test(name) ? Number(value) : value;
        }
        await api.otherMove(body);
        toast(t("start.made"), true);
      });
    },
  }, move.needs.map((name) => h("label", {}, name, h("input", { name, key: `other-${move.name}-${name}`, autocomplete: "off", inputmode: /level/.test(name) ? "numeric" : "text" }))),
  h("button", { type: "submit" }, t("start.make")));
  return h("li", {}, h("details", { key: "other-" + move.name }, h("summary", {}, h("code", {}, move.name)), form));
}
