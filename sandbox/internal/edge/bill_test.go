package edge

import "testing"

// Bills take no more memory than their bound, but for the newest.
func TestBillsInMemory(t *testing.T) {
	var b bills
	sizes := []int{maxBillBytes / 2, maxBillBytes / 2, 1, maxBillBytes + 1, 1, 2}
	kept := [][]int{{0}, {0, 1}, {1, 2}, {3}, {4}, {4, 5}}
	var tokens []string
	for i, size := range sizes {
		tokens = append(tokens, b.add(bill{sealed: make([]byte, size)}))
		held := 0
		for _, at := range kept[i] {
			if f, ok := b.files[tokens[at]]; !ok || len(f.sealed) != sizes[at] {
				t.Errorf("after %d: bill %d is gone", i, at)
			}
			held += sizes[at]
		}
		if len(b.files) != len(kept[i]) || len(b.tokens) != len(kept[i]) || b.bytes != held {
			t.Errorf("after %d: %d bills of %d bytes", i, len(b.files), b.bytes)
		}
	}
}
