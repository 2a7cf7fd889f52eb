// What is wrong with the clients themselves, in the cell that shows it and by the error that it shows there. A defect that does not
// show any more, or another one, changes the table. `none` says that the client has no such call.
export const defects = [
  {
    client: "wechatpay-axios-plugin", cell: "gets its keys", shows: /^wxpay crt ended with 0, saved nothing and printed Authorization$/,
    says: "its downloader `wxpay crt` saves nothing. The verifier has a copy of the keys from before the download, and so refuses the first list. The command exits with 0 and prints the request, its Authorization included. The row goes on with a list that the program downloads, decrypts and verifies with the client's functions.",
  },
  {
    client: "wechatpay-node-v3", cell: "gets its keys", shows: /^(拉取平台证书失败|平台证书序列号不相符，未找到平台序列号)$/,
    says: "it has no setting for the public key: `verifySign` takes an id that it does not know for a certificate's and downloads the list. The row goes on with the key put into `Pay.certificates`, which TypeScript calls protected.",
  },
  {
    client: "wechatpay-node-v3", cell: "forged ciphertext", shows: /^decrypted$/,
    says: "`decipher_gcm` never checks the tag, so that it decrypts what was changed on the way. `verifySign` must come first.",
  },
  {
    client: "wechatpay-node-v3", cell: "old answer", shows: /^accepted$/,
    says: "`verifySign` does not look at the time: an answer of a day ago, or of tomorrow, verifies.",
  },
  {
    client: "wechatpay-node-v3", cell: "verifies by default", shows: /^accepted$/,
    says: "it verifies no answer by itself, and its HTTP service drops the headers that `verifySign` needs. The row has a service that keeps them, by `createHttp`, and calls `verifySign` on each answer.",
  },
  {
    client: "gopay", cell: "modify", shows: /^no such call$/, word: "none",
    says: "it has no call to modify a partner's order, and no general one by which a program could.",
  },
  {
    client: "gopay", cell: "cancel", shows: /^code 204 beside a nil error$/,
    says: "`V3ScoreOrderPartnerCancel` takes 200 for the success. The 204 of WeChat Pay comes back as the code 204 beside a nil error, and is not verified.",
  },
  {
    client: "gopay", cell: "escaped number", shows: /^code 401 beside a nil error SIGN_ERROR$/,
    says: "it signs the path as it is written and sends it escaped: 401 for an order number with `|`.",
  },
  {
    client: "gopay", cell: "keeps its key", shows: /^asks for another key /,
    says: "after an answer without a signature, a client with the public key downloads the certificates and names the newest one in its requests, in place of the public key.",
  },
  {
    client: "gopay", cell: "old answer", shows: /^accepted$/,
    says: "it does not look at the time: an answer of a day ago, or of tomorrow, verifies.",
  },
  {
    client: "gopay", cell: "verifies by default", shows: /^accepted$/,
    says: "it verifies no answer before `AutoVerifySign` or `AutoVerifySignByPublicKey` is called, as it is in the row.",
  },
];
