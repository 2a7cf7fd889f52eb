package sandbox

import (
	"encoding/json"

	"github.com/wxpayscore/payscore/sandbox/internal/admin"
)

// AdminEntry is an entry as the admin side writes it.
func AdminEntry(e Entry) ([]byte, error) { return json.Marshal(admin.ViewOf(e)) }
