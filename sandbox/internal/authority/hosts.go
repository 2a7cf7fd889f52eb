package authority

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/wxpayscore/payscore/api"
)

// others are hosts of WeChat Pay that other clients call and the contract does not
// name: where wechatpay-java turns when the main host fails, and entry points overseas.
var others = []string{"api.wechatpay.cn", "api2.wechatpay.cn", "apius.mch.weixin.qq.com", "apieu.mch.weixin.qq.com"}

// Hosts returns the names of WeChat Pay's hosts, those of the contract first.
var Hosts = sync.OnceValue(func() []string {
	var contract struct {
		Servers []struct{ URL string }
	}
	if err := json.Unmarshal(api.SpecJSON, &contract); err != nil {
		panic(err) // embedded, so it parses
	}
	var hosts []string
	for _, server := range contract.Servers {
		u, err := url.Parse(server.URL)
		if err != nil {
			panic(err)
		}
		hosts = append(hosts, u.Hostname())
	}
	return append(hosts, others...)
})

// IsHost reports whether a name is one of them, in any spelling that DNS takes.
func IsHost(name string) bool {
	return slices.Contains(Hosts(), strings.ToLower(strings.TrimSuffix(name, ".")))
}
