package database

import "time"

// Progress is how far a backup or a restore is.
type Progress struct {
	Step    string        // what is done now: "dump", "restore", "verify"
	Bytes   int64         // of the dump, written or read
	Rows    int64         // in it so far, where they are counted
	Done    int64         // of Of
	Of      int64         // the database's size, or the dump's
	Elapsed time.Duration // since the beginning
}

// Percent is how much is done; it is 100 only when all of it is, which a backup does
// not know before its end: the dump is not as large as the database.
func (p Progress) Percent() int {
	switch {
	case p.Of <= 0 || p.Done <= 0:
		return 0
	case p.Done >= p.Of:
		return 99
	}
	return int(p.Done * 100 / p.Of)
}

// Rate is in bytes of the dump each second.
func (p Progress) Rate() int64 {
	if p.Elapsed < time.Millisecond {
		return 0
	}
	return int64(float64(p.Bytes) / p.Elapsed.Seconds())
}

// reportEvery is how often progress is told.
const reportEvery = 250 * time.Millisecond
