package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A record in the data file is the CRC-32C of table, key and JSON, then the
// JSON. The sum over all records tells when one is missing.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(table, key string, record []byte) uint32 {
	sum := crc32.Checksum(fmt.Appendf(nil, "%q%q", table, key), castagnoli)
	return crc32.Update(sum, castagnoli, record)
}

func seal(table, key string, record []byte) []byte {
	sealed := binary.BigEndian.AppendUint32(make([]byte, 0, crc32.Size+len(record)), checksum(table, key, record))
	return append(sealed, record...)
}

// unseal returns the record, which shares the memory of sealed.
func unseal(table, key string, sealed []byte) ([]byte, error) {
	if len(sealed) < crc32.Size || binary.BigEndian.Uint32(sealed) != checksum(table, key, sealed[crc32.Size:]) {
		return nil, fmt.Errorf("the record %q of the table %q is damaged: its checksum is another one", key, table)
	}
	return sealed[crc32.Size:], nil
}

// tableSum is the count of the records and the sum of their checksums, in
// whatever order.
type tableSum struct{ count, sum uint64 }

func (s *tableSum) add(sealed []byte) {
	s.count++
	s.sum += uint64(binary.BigEndian.Uint32(sealed))
}

// remove takes nil for no record.
func (s *tableSum) remove(sealed []byte) {
	if len(sealed) >= crc32.Size {
		s.count--
		s.sum -= uint64(binary.BigEndian.Uint32(sealed))
	}
}

func (s tableSum) bytes() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, s.count), s.sum)
}

func readTableSum(b []byte) (tableSum, error) {
	if len(b) != 16 {
		return tableSum{}, errors.New("the sum of the records is damaged")
	}
	return tableSum{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}, nil
}
