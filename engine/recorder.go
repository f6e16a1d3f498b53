package engine

import (
	"errors"
	"sync/atomic"
	"time"

	"datahub.io/slipway/release"
)

// patience is how long a write of the record may take. A disk that does not
// answer for longer counts as one that fails: it must not hold up the loop.
const patience = 2 * time.Second

var errSlow = errors.New("the disk does not answer")

// recorder writes the records of an engine. One write at a time is under way,
// also where it comes back too late: what it did is found by Recover then.
// It belongs to the goroutine of Run.
type recorder struct {
	journals Journals
	current  book
	aside    book          // the planned release that goes on after the current record; it stays held
	begun    book          // a record whose first entry did not get there, at least not in time
	unwanted string        // the id of a record that was begun for a wish that was refused
	late     <-chan result // of the write that did not come back in time
	lateID   string
	patience time.Duration
	reading  atomic.Bool // a round of figures is being kept
}

// book is one open record.
type book struct {
	journal Journal
	id      string
	spoiled bool // nothing is known about its last write: Recover comes first
}

// result is what became of a write. Where the record could not be begun, its
// book has no journal.
type result struct {
	book    book
	resumes string // the id of the planned release that goes on after it, or ""
	seq     int
	err     error
}

// write puts an entry on the disk and gives the number that it has there.
func (r *recorder) write(e release.Entry) (seq int, err error) {
	if !r.collect() {
		return 0, errSlow
	}
	b := book{id: e.Record.ID}
	switch e.Record.ID {
	case r.current.id:
		b = r.current
	case r.begun.id:
		b, r.begun = r.begun, book{}
	case r.aside.id:
		b = r.aside
		b.spoiled = true // it is numbered on from what is there
	}
	r.unwanted = r.begun.id // the next record has come
	r.drop()
	done := make(chan result, 1)
	planned := ""
	if e.Record.Resumes != nil {
		planned = e.Record.Resumes.ID
	}
	go func() {
		w := put(r.journals, b, e)
		w.resumes = planned
		done <- w
	}()
	limit := time.NewTimer(r.patience)
	defer limit.Stop()
	select {
	case w := <-done:
		r.keep(w)
		return w.seq, w.err
	case <-limit.C:
		r.late, r.lateID = done, b.id
		return 0, errSlow
	}
}

// put begins or recovers the record where that is needed, and appends.
func put(journals Journals, b book, e release.Entry) result {
	switch {
	case b.journal == nil:
		created, err := journals.Create(b.id, e.Record.Phase == release.Planned)
		if err != nil {
			return result{book: b, err: err}
		}
		b.journal = created
	case b.spoiled:
		seq, err := b.journal.Recover()
		if conflict := new(release.ConflictError); errors.As(err, &conflict) {
			b.spoiled = false // it takes entries again
		}
		if err != nil {
			return result{book: b, err: err}
		}
		// It is numbered on from what is there.
		e.Seq = max(e.Seq, seq+1)
		e.Record.Seq = e.Seq
	}
	err := b.journal.Append(e)
	conflict := new(release.ConflictError)
	b.spoiled = err != nil && !errors.As(err, &conflict)
	return result{book: b, seq: e.Seq, err: err}
}

// keep remembers where the record stands after a write.
func (r *recorder) keep(w result) {
	switch {
	case w.book.journal == nil:
	case w.book.id == r.current.id:
		r.current = w.book
	case w.book.id == r.aside.id && w.err != nil:
		r.aside = w.book
	case w.err != nil:
		r.begun = w.book
	default:
		switch old := r.current; {
		case old.journal == nil:
		case old.id == w.resumes:
			r.aside = old
		default:
			go old.journal.Close()
		}
		if r.aside.id == w.book.id {
			r.aside = book{}
		}
		r.current = w.book
	}
}

// collect takes a write in that came back too late, and tells whether none is
// under way any more.
func (r *recorder) collect() bool {
	if r.late == nil {
		return true
	}
	select {
	case w := <-r.late:
		r.late = nil
		w.book.spoiled = true
		w.err = errSlow // whoever asked was told so
		r.keep(w)
		r.drop()
		return true
	default:
		return false
	}
}

// read keeps a round of figures beside the record id, where that is open. The loop does
// not wait for it: where the disk is still busy with the one before, this one is lost.
func (r *recorder) read(id string, round release.Reading) {
	if r.current.journal == nil || r.current.id != id || !r.reading.CompareAndSwap(false, true) {
		return
	}
	go func(j Journal) {
		defer r.reading.Store(false)
		_ = j.Read(round) // the report says what is missing
	}(r.current.journal)
}

// refuse says that nothing follows from the write that was to begin a record.
// One that never started leaves nothing behind.
func (r *recorder) refuse(id string) {
	if r.late != nil && id != r.lateID {
		return
	}
	r.unwanted = id
	r.drop()
}

// drop removes a record that was begun for nothing.
func (r *recorder) drop() {
	if r.begun.journal == nil || r.begun.id != r.unwanted {
		return
	}
	unwanted := r.begun.journal
	r.begun = book{}
	go func() { _ = unwanted.Discard() }() // what stays behind holds nothing
}

// close lets go of the records, and waits for it only as long as for a write.
func (r *recorder) close() {
	if !r.collect() {
		return
	}
	closed := make(chan struct{})
	go func() {
		for _, b := range []book{r.current, r.aside} {
			if b.journal != nil {
				b.journal.Close()
			}
		}
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(r.patience):
	}
}
