package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt trusts the pages of its file: a damaged one may send it in circles, or
// have it ask for all memory. And of the two pages that begin the file, one for
// each of the last two commits, it takes the older when the newer is damaged,
// so that what was saved last is gone without a word. So the pages are walked
// before bbolt does. The records have their own checksums.
type pageWalk struct {
	in       io.ReaderAt
	pageSize uint64
	pages    uint64 // in use or free
	seen     map[uint64]bool
}

// Of a page: its number, kind, how many elements it has, and how many pages
// more belong to it.
const (
	pageHeader   = 16 // bytes, and so is an element of a branch or leaf
	branchPage   = 1
	leafPage     = 2
	metaPage     = 4
	freelistPage = 16
	bucketFlag   = 1 // of an element
	minPageSize  = 512
	maxPageSize  = 1 << 20
)

var errDamaged = errors.New("it is damaged")

func damagedPage(id uint64, what string) error {
	return fmt.Errorf("%w: page %d: %s", errDamaged, id, what)
}

// checkPages walks the file of a database that nobody changes.
func checkPages(in io.ReaderAt, pageSize int) error {
	w := pageWalk{in: in, pageSize: uint64(pageSize), seen: map[uint64]bool{0: true, 1: true}}
	if pageSize < minPageSize || pageSize > maxPageSize {
		return fmt.Errorf("%w: pages of %d bytes", errDamaged, pageSize)
	}
	var root, freelist, newest uint64
	for id := range uint64(2) {
		const checked = 56 // bytes
		page := make([]byte, pageHeader+checked+8)
		if _, err := in.ReadAt(page, int64(id*w.pageSize)); err != nil {
			return damagedPage(id, err.Error())
		}
		meta := page[pageHeader:]
		sum := fnv.New64a()
		_, _ = sum.Write(meta[:checked])
		if u64(meta[checked:]) != sum.Sum64() || u64(page) != id || u16(page[8:]) != metaPage {
			return damagedPage(id, "the checksum is another one; what was saved last may be lost")
		}
		if commit := u64(meta[48:]); commit >= newest {
			newest, root, freelist, w.pages = commit, u64(meta[16:]), u64(meta[32:]), u64(meta[40:])
		}
	}
	if err := w.tree(root); err != nil {
		return err
	}
	if err := w.free(freelist); err != nil {
		return err
	}
	if uint64(len(w.seen)) != w.pages {
		return fmt.Errorf("%w: of %d pages %d are neither used nor free", errDamaged, w.pages, w.pages-uint64(len(w.seen)))
	}
	return nil
}

func u16(b []byte) uint16 { return binary.NativeEndian.Uint16(b) }
func u32(b []byte) uint64 { return uint64(binary.NativeEndian.Uint32(b)) }
func u64(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }

func (w *pageWalk) take(id uint64) error {
	if id >= w.pages || w.seen[id] {
		return damagedPage(id, "is beyond the end, or used twice")
	}
	w.seen[id] = true
	return nil
}

// read returns a page with those that belong to it.
func (w *pageWalk) read(id uint64) ([]byte, error) {
	if err := w.take(id); err != nil {
		return nil, err
	}
	var header [pageHeader]byte
	if _, err := w.in.ReadAt(header[:], int64(id*w.pageSize)); err != nil {
		return nil, damagedPage(id, err.Error())
	}
	more := u32(header[12:])
	if u64(header[:]) != id || more >= w.pages {
		return nil, damagedPage(id, "is another page, or too long")
	}
	for next := range more {
		if err := w.take(id + 1 + next); err != nil {
			return nil, err
		}
	}
	page := make([]byte, (1+more)*w.pageSize)
	if _, err := w.in.ReadAt(page, int64(id*w.pageSize)); err != nil {
		return nil, damagedPage(id, err.Error())
	}
	return page, nil
}

// tree walks a page and all below it.
func (w *pageWalk) tree(id uint64) error {
	page, err := w.read(id)
	if err != nil {
		return err
	}
	return w.elements(id, page, false)
}

// elements walks a page. One inside another is a leaf without tables: if it had
// any, they could overlap and make no end.
func (w *pageWalk) elements(id uint64, page []byte, inside bool) error {
	kind, count := u16(page[8:]), uint64(u16(page[10:]))
	if kind != branchPage && kind != leafPage || inside && kind != leafPage || pageHeader*(1+count) > uint64(len(page)) || kind == branchPage && count == 0 {
		return damagedPage(id, "is no page of a table")
	}
	for i := range count {
		rest := page[pageHeader*(1+i):]
		e := rest[:pageHeader]
		if kind == branchPage {
			if u32(e)+u32(e[4:]) > uint64(len(rest)) {
				return damagedPage(id, "a key is beyond the end")
			}
			if err := w.tree(u64(e[8:])); err != nil {
				return err
			}
			continue
		}
		start, end := u32(e[4:])+u32(e[8:]), u32(e[4:])+u32(e[8:])+u32(e[12:])
		if end > uint64(len(rest)) {
			return damagedPage(id, "a record is beyond the end")
		}
		if u32(e)&bucketFlag == 0 {
			continue
		}
		if inside {
			return damagedPage(id, "a table is in a table that has none")
		}
		// The value of a table is the page of its root, and a counter. A small one
		// follows here.
		table := rest[start:end]
		if len(table) < 16 {
			return damagedPage(id, "a table is too short")
		}
		root := u64(table)
		if root == 0 && len(table) < 16+pageHeader {
			return damagedPage(id, "a table is too short")
		}
		err := error(nil)
		if root == 0 {
			err = w.elements(id, table[16:], true)
		} else {
			err = w.tree(root)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// free walks the list of the free pages.
func (w *pageWalk) free(id uint64) error {
	page, err := w.read(id)
	if err != nil {
		return err
	}
	count, ids := uint64(u16(page[10:])), page[pageHeader:]
	if count == 0xFFFF { // more than the header holds: the first has their count
		count, ids = u64(ids), ids[8:]
	}
	if u16(page[8:]) != freelistPage || count > uint64(len(ids))/8 {
		return damagedPage(id, "is no list of the free pages")
	}
	for i := range count {
		if err := w.take(u64(ids[8*i:])); err != nil {
			return err
		}
	}
	return nil
}
