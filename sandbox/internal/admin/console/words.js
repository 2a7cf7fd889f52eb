// Every word of the console, in English and Chinese.

const words = {
  en: {
    title: "PayScore sandbox",
    merchant: "Merchant {mchid}",
    skip: "Skip to content",
    sections: "Sections",
    theme: "Light or dark",
    "nav.orders": "Orders", "nav.plans": "Plans", "nav.faults": "Faults", "nav.signature": "Signature", "nav.activity": "Activity", "nav.start": "Start",
    "live.open": "Live", "live.connecting": "Connecting …", "live.closed": "Not connected",
    "clock.label": "Time of the orders", "clock.move": "Move on", "clock.minute": "+1 min", "clock.hour": "+1 h", "clock.day": "+1 day", "clock.month": "+30 days",
    "clock.scale": "{scale} × as fast",
    copy: "Copy", copied: "Copied",

    "stage.CREATED": "To be confirmed", "stage.USER_CONFIRM": "In service", "stage.USER_PAYING": "To be paid",
    "stage.DONE": "Done", "stage.REVOKED": "Cancelled", "stage.EXPIRED": "Expired",

    "orders.search": "Search", "orders.all": "All stages", "orders.count": "Orders: {n}", "orders.more": "Show more",
    "orders.new": "New order", "orders.number": "out_order_no", "orders.yuan": "Amount in yuan", "orders.stage": "Stage", "orders.notify": "notify_url, if any", "orders.direct": "Of a direct merchant", "orders.make": "Create",
    "orders.badAmount": "The amount is in yuan, such as 500 or 39.90.",
    "orders.empty": "No orders yet", "orders.emptyText": "Create one with your client, with the button above, or from a terminal. It appears here by itself.",
    "orders.none": "No order fits", "orders.noneText": "Change the search or the stage.",
    "orders.pick": "Choose an order", "orders.pickText": "Its life appears here: requests with their answers, what the user did, notifications and their retries.",
    "orders.back": "All orders", "orders.gone": "There is no such order", "orders.goneText": "It was forgotten, or never made. Orders stay over a restart with --data FILE.",

    "order.total": "To collect", "order.paid": "Collected", "order.risk": "Risk fund", "order.created": "Created", "order.subMerchant": "Sub-merchant", "order.orderID": "WeChat Pay order", "order.notYet": "not yet", "order.direct": "direct merchant", "order.family": "Family", "order.currency": "Currency", "family.AcquiringBank": "institution", "family.Overseas": "overseas",
    "order.moves": "In WeChat", "order.movesText": "What the user or WeChat Pay would do now.", "order.noMoves": "Nothing is left for the user or WeChat Pay to do.",
    "order.timeline": "Timeline", "order.timelineEmpty": "Nothing happened to it yet", "order.timelineEmptyText": "Query it, for one:",
    "order.notifications": "Notifications", "order.answer": "As a query answers it", "order.seconds": "seconds", "order.fails": "fails in the end",

    "move.confirm": "User confirms", "move.user_pays": "User pays", "move.deduct": "Deduction succeeds", "move.deduction_fails": "Deduction fails",
    "move.start_deduction": "Deduction starts", "move.expire": "Order expires", "move.confirm_with_deposit": "User confirms with a deposit",

    "plans.title": "Plans", "plans.text": "A plan is a list of services with their prices, which a user signs once. Each detail is used by an order.",
    "plans.signed": "Sign plans", "plans.plans": "Plans", "plans.none": "None yet. Your client creates them.", "plans.over": "until {time}",
    "plan.NORMAL": "Can be signed", "plan.STOP": "Stopped", "plan.UNSIGNED": "Not signed", "plan.SIGNED": "Signed", "plan.SIGN_PLAN_CANCEL": "Cancelled", "plan.COMPLETE": "Complete", "plan.EXPIRE": "Expired",
    "plan.NOT_USED": "Not used", "plan.USING": "In service", "plan.USED": "Used", "plan.SIGN_PLAN_DETAIL_CANCEL": "Cancelled",
    "move.sign_plan": "User signs", "move.cancel_sign_plan": "User cancels", "move.revoke_sign_plans": "User withdraws from the service", "move.expire_sign_plan": "Sign plan expires",

    "kind.request": "Request", "kind.move": "In WeChat", "kind.notification": "Notification", "kind.clock": "Time", "kind.fault": "Fault", "kind.setting": "Setting", "kind.reset": "Reset",
    "entry.request": "Request body", "entry.answer": "Answer", "entry.emptyAnswer": "The answer has no body.", "entry.requestID": "Request-ID", "entry.number": "Number", "entry.took": "Took", "entry.fault": "Fault", "entry.target": "Target", "entry.more": "Show bodies",
    "entry.clock": "Time moved on by {message}", "entry.reset": "The sandbox began anew", "entry.lenient_amounts.true": "Lenient amounts on", "entry.lenient_amounts.false": "Lenient amounts off", "entry.signature": "The signature was refused",
    "entry.fault.on": "Switched on", "entry.fault.off": "Switched off", "entry.fault.used up": "Used up", "entry.faultText": "Fault: {message}", "entry.delivery": "{operation} delivered", "entry.deliveryFailed": "{operation} not taken",

    "notification.waiting": "Waiting", "notification.taken": "Taken", "notification.given_up": "Given up", "notification.next": "next attempt {time}", "notification.attempts": "Attempts: {n}", "notification.resend": "Send again", "notification.none": "No notification yet. Give notify_url when the order is created.", "notification.sent": "Sent",

    "faults.title": "Faults", "faults.text": "Switch on what you want your program to survive. A fault meets requests whose signature is right, until it is switched off.",
    "faults.onNow": "On now", "faults.off": "Switch off", "faults.onlyFor": "Options", "faults.operation": "operationId", "faults.subject": "Order, as sub_mchid/out_order_no", "faults.rate": "Share, such as 0.2", "faults.count": "Times", "faults.delay": "Delay, such as 2s", "faults.value": "Value", "faults.add": "Switch on",
    "faults.any": "all requests", "faults.times": "{n} more times", "faults.share": "{n} %", "faults.none": "No fault is on", "faults.noneText": "From a terminal, for one modification:",
    "faults.before": "Before the operation", "faults.after": "After it was carried out", "faults.answer": "On the answer", "faults.clock": "On the clock",

    "signature.title": "Why does my signature not verify?", "signature.text": "Paste the request as you sent it. The sandbox lays the message that it verifies beside the one that was signed, and marks the first byte that differs.",
    "signature.raw": "The whole request, as HTTP text", "signature.rawHint": "POST /v3/… HTTP/1.1, headers, an empty line, the body", "signature.split": "Fill in the fields below",
    "signature.method": "Method", "signature.target": "URL, or path and query", "signature.authorization": "Authorization", "signature.body": "Body, byte for byte", "signature.own": "The message that your program signed, if you can print it",
    "signature.explain": "Explain", "signature.expected": "The sandbox verified", "signature.signed": "You signed", "signature.right": "The signature is right.",
    "signature.byte": "First difference at byte {offset}, line {line} ({part}): {expected} here, {signed} in yours.", "signature.same": "Both messages are the same, byte for byte.",
    "signature.unknown": "What was signed could not be found by trying the usual mistakes. Print the message in your program and paste it above to compare.",
    "signature.end": "the end", "signature.recent": "Refused lately", "signature.none": "No signature was refused so far.", "signature.rawBad": "This does not read as an HTTP request.", "signature.length": "{n} bytes",
    "part.1": "method", "part.2": "URL", "part.3": "timestamp", "part.4": "nonce", "part.5": "body",

    "activity.title": "Activity", "activity.text": "All that happened to the sandbox, the newest first.", "activity.all": "All", "activity.empty": "Nothing happened yet", "activity.emptyText": "Send a request, or look at the ids and the files of keys:",

    "start.title": "Point your client here", "start.text": "The sandbox checks signatures and signs its answers as WeChat Pay does. All that your client needs is another host and these keys.",
    "start.ids": "Ids", "start.files": "Files", "start.filesText": "In the directory that --keys names, payscore-sandbox by default. Keys are never shown here.", "start.secret": "secret",
    "start.base": "Base URL", "start.holds.merchant_key": "the merchant's private key, to sign with", "start.holds.merchant_certificate": "the merchant's API certificate", "start.holds.wechatpay_public_key": "WeChat Pay's public key, to verify with", "start.holds.platform_certificate": "WeChat Pay's platform certificate", "start.holds.authority_certificate": "the sandbox's authority, which a client trusts for HTTPS", "start.holds.account": "the ids above and the APIv3 key",
    "start.configure": "Your language", "start.other": "In WeChat, beside orders", "start.otherText": "Permissions, refunds, applications, sign plans and the platform certificate.", "start.make": "Do it", "start.made": "Done",
    "start.settings": "Settings", "start.lenient": "Lenient amounts", "start.lenientText": "Take a total that is not the payments less the discounts, and a modification to the amount that the order has already. The example on WeChat Pay's page (40000 less 100, total 50000) needs both.",
    "start.proxy": "HTTPS proxy", "start.proxyText": "For a client with a hard-coded host. Give this process HTTPS_PROXY with this address, and ca_cert.pem as an authority that it trusts.", "start.noProxy": "For a client with a hard-coded host. There is none: start with --https-proxy 127.0.0.1:8130.",
    "start.keyMode": "Key mode", "mode.migration": "The merchant has both keys. The public key signs where a request names it, the platform certificate everywhere else.", "mode.public-key": "The merchant has WeChat Pay's public key alone, as new merchants do.", "mode.platform-certificate": "The merchant has platform certificates alone.",
    "start.reset": "Begin anew", "start.resetText": "Forgets orders, notifications, faults and the journal. What the sandbox began with is there again. Keys, settings and time stay.", "start.resetSure": "Forget all orders and begin anew?", "start.resetDone": "The sandbox is as it began.",
  },
  zh: {
    title: "支付分沙箱",
    merchant: "商户 {mchid}",
    skip: "跳到内容",
    sections: "栏目",
    theme: "浅色或深色",
    "nav.orders": "订单", "nav.plans": "计划", "nav.faults": "故障", "nav.signature": "验签", "nav.activity": "动态", "nav.start": "接入",
    "live.open": "实时", "live.connecting": "连接中…", "live.closed": "未连接",
    "clock.label": "订单时间", "clock.move": "快进", "clock.minute": "1分钟", "clock.hour": "1小时", "clock.day": "1天", "clock.month": "30天",
    "clock.scale": "{scale}倍速",
    copy: "复制", copied: "已复制",

    "stage.CREATED": "待确认", "stage.USER_CONFIRM": "服务中", "stage.USER_PAYING": "待支付",
    "stage.DONE": "已完成", "stage.REVOKED": "已取消", "stage.EXPIRED": "已失效",

    "orders.search": "搜索", "orders.all": "全部状态", "orders.count": "共 {n} 单", "orders.more": "显示更多",
    "orders.new": "新建订单", "orders.number": "商户服务订单号 out_order_no", "orders.yuan": "金额（元）", "orders.stage": "状态", "orders.notify": "通知地址 notify_url（可选）", "orders.direct": "直连商户订单", "orders.make": "创建",
    "orders.badAmount": "金额单位为元，例如 500 或 39.90。",
    "orders.empty": "还没有订单", "orders.emptyText": "用您的程序、上方按钮或命令行创建一单，它会自动出现在这里。",
    "orders.none": "没有符合条件的订单", "orders.noneText": "请更改搜索内容或状态。",
    "orders.pick": "请选择订单", "orders.pickText": "这里显示它的全过程：请求与应答、用户操作、通知与重试。",
    "orders.back": "全部订单", "orders.gone": "没有这个订单", "orders.goneText": "它已被清空，或从未创建。使用 --data FILE 可在重启后保留订单。",

    "order.total": "应收金额", "order.paid": "已收金额", "order.risk": "风险金额", "order.created": "创建时间", "order.subMerchant": "子商户", "order.orderID": "微信支付订单号", "order.notYet": "未产生", "order.direct": "直连商户", "order.family": "产品", "order.currency": "货币", "family.AcquiringBank": "从业机构", "family.Overseas": "境外",
    "order.moves": "微信侧操作", "order.movesText": "用户或微信支付此刻可能做的事。", "order.noMoves": "用户和微信支付都没有可做的操作了。",
    "order.timeline": "时间线", "order.timelineEmpty": "还没有发生任何事", "order.timelineEmptyText": "例如查询一下：",
    "order.notifications": "通知", "order.answer": "查询接口的应答", "order.seconds": "秒", "order.fails": "最终失败",

    "move.confirm": "用户确认", "move.user_pays": "用户支付", "move.deduct": "扣款成功", "move.deduction_fails": "扣款失败",
    "move.start_deduction": "开始扣款", "move.expire": "订单失效", "move.confirm_with_deposit": "用户付押金后确认",

    "plans.title": "计划", "plans.text": "支付分计划列出各项服务及其价格，用户签约一次，每个明细由一个订单使用。",
    "plans.signed": "签约计划", "plans.plans": "支付分计划", "plans.none": "还没有。由您的程序创建。", "plans.over": "{time} 到期",
    "plan.NORMAL": "可签约", "plan.STOP": "已停止", "plan.UNSIGNED": "未签约", "plan.SIGNED": "已签约", "plan.SIGN_PLAN_CANCEL": "已取消", "plan.COMPLETE": "已完成", "plan.EXPIRE": "已过期",
    "plan.NOT_USED": "未使用", "plan.USING": "服务中", "plan.USED": "已使用", "plan.SIGN_PLAN_DETAIL_CANCEL": "已取消",
    "move.sign_plan": "用户签约", "move.cancel_sign_plan": "用户取消签约", "move.revoke_sign_plans": "用户解除服务授权", "move.expire_sign_plan": "签约计划过期",

    "kind.request": "请求", "kind.move": "微信侧", "kind.notification": "通知", "kind.clock": "时间", "kind.fault": "故障", "kind.setting": "设置", "kind.reset": "重置",
    "entry.request": "请求报文", "entry.answer": "应答", "entry.emptyAnswer": "应答无报文。", "entry.requestID": "Request-ID", "entry.number": "错误编号", "entry.took": "耗时", "entry.fault": "故障", "entry.target": "地址", "entry.more": "查看报文",
    "entry.clock": "时间快进 {message}", "entry.reset": "沙箱已重置", "entry.lenient_amounts.true": "已打开金额宽松", "entry.lenient_amounts.false": "已关闭金额宽松", "entry.signature": "签名未通过",
    "entry.fault.on": "已打开", "entry.fault.off": "已关闭", "entry.fault.used up": "次数已用完", "entry.faultText": "故障：{message}", "entry.delivery": "{operation} 已送达", "entry.deliveryFailed": "{operation} 未被接收",

    "notification.waiting": "等待重试", "notification.taken": "已接收", "notification.given_up": "已放弃", "notification.next": "下次 {time}", "notification.attempts": "已发 {n} 次", "notification.resend": "重新发送", "notification.none": "还没有通知。创建订单时请填写 notify_url。", "notification.sent": "已发送",

    "faults.title": "故障", "faults.text": "打开您希望程序经受住的故障。故障作用于签名正确的请求，直到关闭。",
    "faults.onNow": "已打开", "faults.off": "关闭", "faults.onlyFor": "选项", "faults.operation": "接口 operationId", "faults.subject": "订单，即 sub_mchid/out_order_no", "faults.rate": "比例，例如 0.2", "faults.count": "次数", "faults.delay": "时长，例如 2s", "faults.value": "取值", "faults.add": "打开",
    "faults.any": "全部请求", "faults.times": "还有 {n} 次", "faults.share": "{n}%", "faults.none": "没有打开的故障", "faults.noneText": "在命令行中，对下一次修改生效：",
    "faults.before": "执行之前", "faults.after": "执行之后", "faults.answer": "应答", "faults.clock": "时钟",

    "signature.title": "签名为什么不通过？", "signature.text": "粘贴您实际发出的请求。沙箱把它验签的串与您签名的串并排展示，并标出第一个不同的字节。",
    "signature.raw": "完整请求（HTTP 原文）", "signature.rawHint": "POST /v3/… HTTP/1.1、请求头、空行、报文", "signature.split": "填入下方各栏",
    "signature.method": "方法", "signature.target": "URL，或路径与查询串", "signature.authorization": "Authorization", "signature.body": "报文，逐字节一致", "signature.own": "您的程序签名的串（能打印的话）",
    "signature.explain": "解释", "signature.expected": "沙箱验签的串", "signature.signed": "您签名的串", "signature.right": "签名正确。",
    "signature.byte": "第 {offset} 字节开始不同，第 {line} 行（{part}）：此处为{expected}，您的为{signed}。", "signature.same": "两个串逐字节相同。",
    "signature.unknown": "已尝试常见错误，仍无法得知您签名的内容。请在程序中打印签名串，粘贴到上方进行比较。",
    "signature.end": "结尾", "signature.recent": "最近未通过", "signature.none": "目前没有未通过的签名。", "signature.rawBad": "无法识别为 HTTP 请求。", "signature.length": "{n} 字节",
    "part.1": "方法", "part.2": "URL", "part.3": "时间戳", "part.4": "随机串", "part.5": "报文",

    "activity.title": "动态", "activity.text": "沙箱中发生的一切，最新的在前。", "activity.all": "全部", "activity.empty": "还没有动态", "activity.emptyText": "发送一个请求，或先查看各编号与密钥文件：",

    "start.title": "把您的程序指向这里", "start.text": "沙箱与微信支付一样检查签名并对应答签名。您的程序只需更换域名和下列密钥。",
    "start.ids": "编号", "start.files": "文件", "start.filesText": "位于 --keys 指定的目录，默认为 payscore-sandbox。密钥不会在此显示。", "start.secret": "保密",
    "start.base": "基础地址", "start.holds.merchant_key": "商户私钥，用于签名", "start.holds.merchant_certificate": "商户API证书", "start.holds.wechatpay_public_key": "微信支付公钥，用于验签", "start.holds.platform_certificate": "微信支付平台证书", "start.holds.authority_certificate": "沙箱的根证书，客户端信任它即可使用HTTPS", "start.holds.account": "上述编号与APIv3密钥",
    "start.configure": "您的语言", "start.other": "订单之外的微信侧操作", "start.otherText": "授权、退款、进件、签约计划与平台证书。", "start.make": "执行", "start.made": "已完成",
    "start.settings": "设置", "start.lenient": "金额宽松", "start.lenientText": "总金额不等于付费项目减去优惠时也接受；修改后的金额与订单当前金额相同也接受。微信支付页面上的示例（40000 减 100，总金额 50000）需要打开此项。",
    "start.proxy": "HTTPS代理", "start.proxyText": "供域名写死的客户端使用：为该进程设置HTTPS_PROXY为此地址，并信任ca_cert.pem。", "start.noProxy": "供域名写死的客户端使用。尚未开启，启动时加上 --https-proxy 127.0.0.1:8130 即可。",
    "start.keyMode": "密钥模式", "mode.migration": "商户两种密钥都有，即切换期。请求指明微信支付公钥时由公钥签名，其余均由平台证书签名。", "mode.public-key": "商户只有微信支付公钥，新商户即是如此。", "mode.platform-certificate": "商户只有平台证书。",
    "start.reset": "重新开始", "start.resetText": "清空订单、通知、故障与日志，并恢复沙箱启动时的订单。密钥、设置与时间保留。", "start.resetSure": "确定清空全部订单并重新开始？", "start.resetDone": "沙箱已恢复到启动时的状态。",
  },
};

let current = choose();

function choose() {
  try {
    const chosen = localStorage.getItem("language");
    if (chosen in words) return chosen;
  } catch {
    // No storage: the browser's language it is.
  }
  return navigator.languages.some((l) => l.startsWith("zh")) && !navigator.language.startsWith("en") ? "zh" : "en";
}

export const language = () => current;

export function setLanguage(name) {
  current = name;
  try {
    localStorage.setItem("language", name);
  } catch {
    // It holds until the page is left.
  }
}

// t is a text in the chosen language; {name} stands for args.name.
export function t(key, args = {}) {
  const text = words[current][key] ?? words.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => args[name] ?? whole);
}

export const has = (key) => key in words.en;

// stages are those of the contract, in its order; a test compares them.
export const stages = Object.keys(words.en).filter((key) => key.startsWith("stage.")).map((key) => key.slice("stage.".length));

export const copyLabel = () => ({ copy: t("copy"), done: t("copied") });
