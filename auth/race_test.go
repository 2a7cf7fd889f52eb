//go:build race

package auth_test

// The race detector allocates too, and empties sync.Pool at random.
const raceEnabled = true
