package store

import (
	"container/heap"
	"sync"
	"time"
)

// Agenda does things when the time of the orders has come. What it does takes
// the locks that it needs by itself: none is held.
type Agenda struct {
	clock *Clock

	mu     sync.Mutex
	busy   int        // what is being done
	idle   *sync.Cond // on mu: nothing is
	due    appointments
	made   uint64 // breaks ties, so that what was planned first is done first
	timer  *time.Timer
	closed bool
}

type appointment struct {
	at    time.Time
	order uint64
	do    func()
}

// NewAgenda returns an agenda without appointments.
func NewAgenda(c *Clock) *Agenda {
	a := &Agenda{clock: c}
	a.idle = sync.NewCond(&a.mu)
	return a
}

// Plan has do done at a time. The caller may hold the store's lock.
func (a *Agenda) Plan(at time.Time, do func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made++
	heap.Push(&a.due, appointment{at, a.made, do})
	a.arm()
}

// arm sets the timer for the next appointment. The caller holds a.mu.
func (a *Agenda) arm() {
	if a.timer != nil {
		a.timer.Stop()
	}
	if a.closed || len(a.due) == 0 {
		return
	}
	wait := max(0, a.due[0].at.Sub(a.clock.Now())/time.Duration(a.clock.Scale))
	a.timer = time.AfterFunc(wait, a.Wake)
}

// Wake starts whatever is due by now.
func (a *Agenda) Wake() { a.start(a.clock.Now()) }

// start does what is due at a time, side by side, and does not wait for it.
func (a *Agenda) start(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for !a.closed && len(a.due) > 0 && !a.due[0].at.After(now) {
		do := heap.Pop(&a.due).(appointment).do
		a.busy++
		go func() {
			defer a.done()
			do()
		}()
	}
	a.arm()
}

func (a *Agenda) done() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy--; a.busy == 0 {
		a.idle.Broadcast()
	}
}

// wait returns once nothing is being done. The caller holds a.mu.
func (a *Agenda) wait() {
	for a.busy > 0 {
		a.idle.Wait()
	}
}

// Until moves the clock from one appointment to the next, and waits for what
// falls on it before it moves on: it may make new ones.
func (a *Agenda) Until(target time.Time) {
	for {
		a.mu.Lock()
		a.wait()
		if a.closed || len(a.due) == 0 || a.due[0].at.After(target) {
			a.mu.Unlock()
			return
		}
		next := a.due[0].at
		a.mu.Unlock()
		a.clock.MoveTo(next)
		a.start(next)
	}
}

// Close does no more and waits for what is being done.
func (a *Agenda) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.arm()
	a.wait()
}

// Clear drops all appointments.
func (a *Agenda) Clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.due = nil
	a.arm()
}

// appointments is a heap, the next one first.
type appointments []appointment

func (q appointments) Len() int      { return len(q) }
func (q appointments) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q appointments) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].order < q[j].order
}
func (q *appointments) Push(x any) { *q = append(*q, x.(appointment)) }
func (q *appointments) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	(*q)[last] = appointment{}
	*q = (*q)[:last]
	return x
}
