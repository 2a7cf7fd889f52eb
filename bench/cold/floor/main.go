// Command floor loads keys, makes one verified call by the floor and ends.
package main

import (
	"context"
	"log"
	"os"

	"github.com/wxpayscore/payscore/bench/floor"
)

func main() {
	keys, err := floor.LoadKeys(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := floor.New(keys, os.Args[2]).Modify(context.Background()); err != nil {
		log.Fatal(err)
	}
}
