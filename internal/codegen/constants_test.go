package codegen

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// A list of names beside the contract would go by position: with a value put
// in between, UserPaid would be the name of another state, and a program
// that compiles takes an order for paid.
func TestConstantsAreNamedByTheirValue(t *testing.T) {
	constant := regexp.MustCompile(`(?m)^\t(\w+) +(\w+) += "([^"]*)"$`)
	seen := map[string]string{}
	for _, name := range []string{"../../gen/payscore/models.gen.go", "../../gen/sandboxserver/sandboxserver.gen.go"} {
		code, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range constant.FindAllStringSubmatch(string(code), -1) {
			name, of, value := m[1], m[2], m[3]
			seen[name] = value
			own, typed := strings.CutPrefix(name, of)
			words := strings.NewReplacer("_", "", "-", "", ".", "").Replace(value)
			if !typed || !strings.EqualFold(own, words) || len(own) > 3 && own == strings.ToUpper(own) {
				t.Errorf("%s %s is %q", of, name, value)
			}
		}
	}
	for name, want := range map[string]string{
		"CollectionStateUserPaid": "USER_PAID", "CollectionStateUserPaying": "USER_PAYING", "RiskFundNameEstimateOrderCost": "ESTIMATE_ORDER_COST",
		"RefundStatusSuccess": "SUCCESS", "CurrencyCNY": "CNY", "PaidTypeMch": "MCH", "StageUserConfirm": "USER_CONFIRM",
	} {
		if seen[name] != want {
			t.Errorf("%s is %q", name, seen[name])
		}
	}
	if len(seen) < 60 {
		t.Errorf("only %d constants", len(seen))
	}
}
