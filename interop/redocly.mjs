// Tells Redocly what x-wechatpay-resources holds: what an event's encrypted resource decrypts to, by event type. Without it the
// references there are not followed, so that a wrong one passes and the schemas they name count as unused.
export default () => ({
  id: "payscore",
  typeExtension: {
    oas3: (types) => ({
      ...types,
      Operation: { ...types.Operation, properties: { ...types.Operation.properties, "x-wechatpay-resources": "WechatpayResources" } },
      WechatpayResources: { properties: {}, additionalProperties: "Schema" },
    }),
  },
});
