package sandbox

import (
	"container/heap"
	"sync"
	"time"
)

// agenda does things when the time of the orders has come. What it does takes
// the locks that it needs by itself: none is held.
type agenda struct {
	clock *clock

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

func newAgenda(c *clock) *agenda {
	a := &agenda{clock: c}
	a.idle = sync.NewCond(&a.mu)
	return a
}

// plan has do done at a time. The caller may hold Sandbox.mu.
func (a *agenda) plan(at time.Time, do func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made++
	heap.Push(&a.due, appointment{at, a.made, do})
	a.arm()
}

// arm sets the timer for the next appointment. The caller holds a.mu.
func (a *agenda) arm() {
	if a.timer != nil {
		a.timer.Stop()
	}
	if a.closed || len(a.due) == 0 {
		return
	}
	wait := max(0, a.due[0].at.Sub(a.clock.now())/time.Duration(a.clock.scale))
	a.timer = time.AfterFunc(wait, a.wake)
}

// wake starts whatever is due by now.
func (a *agenda) wake() { a.start(a.clock.now()) }

// start does what is due at a time, side by side, and does not wait for it.
func (a *agenda) start(now time.Time) {
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

func (a *agenda) done() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy--; a.busy == 0 {
		a.idle.Broadcast()
	}
}

// wait returns once nothing is being done. The caller holds a.mu.
func (a *agenda) wait() {
	for a.busy > 0 {
		a.idle.Wait()
	}
}

// until moves the clock from one appointment to the next, and waits for what
// falls on it before it moves on: it may make new ones.
func (a *agenda) until(target time.Time) {
	for {
		a.mu.Lock()
		a.wait()
		if a.closed || len(a.due) == 0 || a.due[0].at.After(target) {
			a.mu.Unlock()
			return
		}
		next := a.due[0].at
		a.mu.Unlock()
		a.clock.moveTo(next)
		a.start(next)
	}
}

// close does no more and waits for what is being done.
func (a *agenda) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.arm()
	a.wait()
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
