package deliver

import (
	"net"
	"net/netip"
	"sync"
)

// ownListeners are the ports of this machine at which the sandbox is reached. A
// notification that goes there would drive the sandbox.
type ownListeners struct {
	mu    sync.RWMutex
	ports map[uint16]bool
}

// add takes the address of a listener, or the near end of a connection to it.
func (l *ownListeners) add(addr net.Addr) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || tcp == nil {
		return
	}
	port := uint16(tcp.Port)
	l.mu.RLock()
	known := l.ports[port]
	l.mu.RUnlock()
	if known {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ports == nil {
		l.ports = map[uint16]bool{}
	}
	l.ports[port] = true
}

// include reports whether what is dialled is one of them, at whichever of this
// machine's addresses.
func (l *ownListeners) include(to netip.AddrPort) bool {
	l.mu.RLock()
	own := l.ports[to.Port()]
	l.mu.RUnlock()
	ip := to.Addr().Unmap().WithZone("")
	if !own || ip.IsLoopback() || ip.IsUnspecified() { // which leads to loopback
		return own
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	for _, addr := range addrs {
		if prefix, err := netip.ParsePrefix(addr.String()); err == nil && prefix.Addr().Unmap() == ip {
			return true
		}
	}
	return false
}
