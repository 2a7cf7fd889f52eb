package rules

import (
	"fmt"
	"slices"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// RiskLevel is what WeChat Pay thinks of a user. The values are not published:
// each user has those of the contract's example, label A and level 1 of version
// 1, unless a move says otherwise.
type RiskLevel struct {
	UserLabel        string `json:"user_label"`
	UserRiskLevel    int64  `json:"user_risk_level"`
	RiskLevelVersion int64  `json:"risk_level_version"`
}

// ExampleRiskLevel is that of the contract's example.
var ExampleRiskLevel = RiskLevel{UserLabel: "A", UserRiskLevel: 1, RiskLevelVersion: 1}

// Check returns why a user cannot have the level.
func (r RiskLevel) Check(openID string) error {
	if openID == "" || r.UserRiskLevel < 0 || r.RiskLevelVersion < 0 || len(r.UserLabel) > 32 {
		return Impossible(fmt.Sprintf("it takes an openid, a label of up to 32 bytes, and numbers not below 0: %+v", r))
	}
	return nil
}

// Label is the level's, nil without a level.
func (r *RiskLevel) Label() *string {
	if r == nil {
		return nil
	}
	return optional(r.UserLabel)
}

func (r *RiskLevel) level() *int64 {
	if r == nil {
		return nil
	}
	return new(r.UserRiskLevel)
}

func (r *RiskLevel) version() *int64 {
	if r == nil {
		return nil
	}
	return new(r.RiskLevelVersion)
}

// Quotas are what is suggested for each layer of users.
type Quotas []payscore.QuotaSuggestion

// ExampleQuotas are those of the contract's example, for version 1 of the
// layers.
var ExampleQuotas = Quotas{{RiskLevel: 1, SuggestedQuota: 1000}, {RiskLevel: 2, SuggestedQuota: 500}}

// QuotasKey is where the quotas of a version of the layers are found.
func QuotasKey(serviceID string, version int64) string {
	return fmt.Sprintf("%s/%d", serviceID, version)
}

// Check returns why a version cannot have the quotas.
func (all Quotas) Check(version int64) error {
	if version < 0 || len(all) > 100 || slices.ContainsFunc(all, func(q payscore.QuotaSuggestion) bool { return q.RiskLevel < 0 || q.SuggestedQuota < 0 }) {
		return Impossible("it takes at most 100 layers, and numbers not below 0")
	}
	return nil
}
