package rules

// NamedKey is the key of WeChat Pay's that a request named in Wechatpay-Serial.
// What the request created remembers it: its notifications are signed with that
// key, too. It is empty in records that no request created.
type NamedKey string

// The keys that a request may name. A request that names none means the platform
// certificate.
const (
	NamedCertificate NamedKey = "certificate"
	NamedPublicKey   NamedKey = "public-key"
)
