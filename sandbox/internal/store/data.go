package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Version of what is in the file. A change to a record that the JSON of an
// older one does not fit raises it. Version 1 had no checksums.
const dataVersion = "2"

var (
	aboutBucket = []byte("payscore sandbox") // tells the file from those of others
	versionKey  = []byte("version")
	sumKey      = []byte("sum") // of all records
	tableBucket = []byte("tables")
)

// lockPatience is for a process that is about to end.
const lockPatience = time.Second

// File is the disk in a bbolt database: a bucket for each table.
type File struct {
	db   *bolt.DB
	name string
}

// OpenFile opens a data file, which is made when it is not there. It refuses one
// that is damaged, or made by a build without checksums.
func OpenFile(name string) (f *File, err error) {
	defer damaged(name, &err)()
	// To map a pipe or a directory ends in words that help nobody.
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("sandbox: data file %s is no regular file", name)
	}
	if err := checkFile(name); err != nil {
		return nil, fmt.Errorf("sandbox: data file %s: %w", name, err)
	}
	// With its list of free pages in the file bbolt does not look for them on a
	// goroutine of its own, the panics of which nobody can recover.
	db, err := bolt.Open(name, 0o600, &bolt.Options{Timeout: lockPatience, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return nil, fmt.Errorf("sandbox: data file %s: %w", name, inUse(err))
	}
	f = &File{db, name}
	if err := f.claim(); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("sandbox: data file %s: %w", name, err)
	}
	return f, nil
}

func inUse(err error) error {
	if errors.Is(err, bolterrors.ErrTimeout) {
		return fmt.Errorf("another process has it: %w", err)
	}
	return err
}

// checkFile walks the pages of a file that is there, while it is locked.
func checkFile(name string) error {
	if info, err := os.Stat(name); err != nil || info.Size() == 0 {
		return nil // bbolt makes it, or says why it cannot
	}
	db, err := bolt.Open(name, 0o600, &bolt.Options{Timeout: lockPatience, ReadOnly: true})
	if err != nil {
		return inUse(err)
	}
	in, err := os.Open(name)
	if err == nil {
		err = checkPages(in, db.Info().PageSize)
		_ = in.Close()
	}
	return errors.Join(err, db.Close())
}

// claim marks a new file and checks that another one is the sandbox's. It
// writes into a new one alone: one that is damaged stays as it is.
func (f *File) claim() error {
	isNew := false
	err := f.db.View(func(tx *bolt.Tx) error {
		about := tx.Bucket(aboutBucket)
		if about == nil {
			if first, _ := tx.Cursor().First(); first != nil {
				return errors.New("it is the database of another program")
			}
			isNew = true
			return nil
		}
		if version := about.Get(versionKey); string(version) != dataVersion {
			return fmt.Errorf("it has version %q and this sandbox reads %s; give another file", version, dataVersion)
		}
		if tx.Bucket(tableBucket) == nil {
			return errors.New("it has no tables")
		}
		return nil
	})
	if err != nil || !isNew {
		return err
	}
	return f.db.Update(func(tx *bolt.Tx) error {
		about, err := tx.CreateBucket(aboutBucket)
		if err == nil {
			err = errors.Join(about.Put(versionKey, []byte(dataVersion)), about.Put(sumKey, tableSum{}.bytes()))
		}
		if err == nil {
			_, err = tx.CreateBucket(tableBucket)
		}
		return err
	})
}

// Load implements Disk.
func (f *File) Load(add func(table, key string, record []byte) error) (err error) {
	defer damaged(f.name, &err)()
	err = f.db.View(func(tx *bolt.Tx) error {
		var sum tableSum
		tables := tx.Bucket(tableBucket)
		err := tables.ForEachBucket(func(table []byte) error {
			return tables.Bucket(table).ForEach(func(key, sealed []byte) error {
				record, err := unseal(string(table), string(key), sealed)
				if err != nil {
					return err
				}
				sum.add(sealed)
				return add(string(table), string(key), record)
			})
		})
		if err != nil {
			return err
		}
		if !bytes.Equal(tx.Bucket(aboutBucket).Get(sumKey), sum.bytes()) {
			return errors.New("it is damaged: records are missing, or too many")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sandbox: data file %s: %w", f.name, err)
	}
	return nil
}

// Get implements Disk.
func (f *File) Get(table, key string) (record []byte, err error) {
	defer damaged(f.name, &err)()
	err = f.db.View(func(tx *bolt.Tx) error {
		records := tx.Bucket(tableBucket).Bucket([]byte(table))
		if records == nil {
			return nil
		}
		sealed := records.Get([]byte(key))
		if sealed == nil {
			return nil
		}
		inFile, err := unseal(table, key, sealed)
		record = bytes.Clone(inFile)
		return err
	})
	return record, err
}

// Save implements Disk.
func (f *File) Save(all []Change) error {
	return f.db.Update(func(tx *bolt.Tx) error {
		about, tables := tx.Bucket(aboutBucket), tx.Bucket(tableBucket)
		sum, err := readTableSum(about.Get(sumKey))
		if err != nil {
			return err
		}
		for _, c := range all {
			table, err := tables.CreateBucketIfNotExists([]byte(c.Table))
			if err != nil {
				return err
			}
			sum.remove(table.Get([]byte(c.Key)))
			if c.Record == nil {
				err = table.Delete([]byte(c.Key))
			} else {
				sealed := seal(c.Table, c.Key, c.Record)
				sum.add(sealed)
				err = table.Put([]byte(c.Key), sealed)
			}
			if err != nil {
				return err
			}
		}
		return about.Put(sumKey, sum.bytes())
	})
}

// Close implements Disk.
func (f *File) Close() error { return f.db.Close() }

// damaged turns the panics of bbolt on a file that was cut or overwritten into
// an error. It is deferred as damaged(...)().
func damaged(name string, err *error) func() {
	before := debug.SetPanicOnFault(true) // the file is mapped into memory
	return func() {
		debug.SetPanicOnFault(before)
		if p := recover(); p != nil {
			*err = fmt.Errorf("sandbox: data file %s is damaged: %v", name, p)
		}
	}
}
