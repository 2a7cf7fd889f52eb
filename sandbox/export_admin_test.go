package sandbox

import "encoding/json"

// AdminEntry is an entry as the admin side writes it.
func AdminEntry(e Entry) ([]byte, error) { return json.Marshal(adminEntry(e)) }
