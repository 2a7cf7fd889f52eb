// Command empty does nothing: what it takes to start is the machine's and the
// Go runtime's.
package main

func main() {}
