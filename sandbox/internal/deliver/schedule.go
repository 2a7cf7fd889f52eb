package deliver

import "time"

// repeats are the waits between one attempt to deliver a notification and the
// next, a day and four minutes in all. Older pages of PayScore stop after the
// first hour; the longer list is the general one and the one of the contract.
var repeats = []time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second,
	3 * time.Minute, 10 * time.Minute, 20 * time.Minute,
	30 * time.Minute, 30 * time.Minute, 30 * time.Minute,
	time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// punctual is how late an attempt may start and still count as on time, so
// that steps of the clock add up.
const punctual = time.Second

// nextAttempt returns when to try again after the tries so far, the zero time
// after the last. due and began are those of the newest try.
func nextAttempt(tries int, due, began time.Time) time.Time {
	if tries > len(repeats) {
		return time.Time{}
	}
	// What comes late, after a restart say, must not be followed by a volley.
	if began.Sub(due) > punctual {
		due = began
	}
	return due.Add(repeats[tries-1]).Round(0)
}
