// Command sandboxserver is the sandbox with many orders, to be measured.
//
//	sandboxserver KEYS_DIR N          # seed N orders, print the URL, serve until standard input ends
//	sandboxserver --memory KEYS_DIR N # seed N orders, print the bytes that each takes
//
// The orders are called BENCH1, BENCH2 and so on.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"

	"github.com/wxpayscore/payscore/sandbox"
)

func main() {
	args := os.Args[1:]
	memory := len(args) > 0 && args[0] == "--memory"
	if memory {
		args = args[1:]
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		log.Fatal(err)
	}
	credentials, err := sandbox.OpenCredentials(args[0])
	if err != nil {
		log.Fatal(err)
	}
	box, err := sandbox.Open(sandbox.WithCredentials(credentials), sandbox.WithMaxOrders(n))
	if err != nil {
		log.Fatal(err)
	}
	before := inUse()
	for i := range n {
		if _, err := box.Seed("BENCH"+strconv.Itoa(i+1), 50000); err != nil {
			log.Fatal(err)
		}
	}
	if memory {
		fmt.Println((inUse() - before) / uint64(n))
		runtime.KeepAlive(box) // or the orders are gone before they are weighed
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("http://" + listener.Addr().String())
	go func() { log.Fatal(http.Serve(listener, box)) }()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// inUse is what the program holds on to, in bytes.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
