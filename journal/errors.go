package journal

import (
	"errors"
	"fmt"

	"datahub.io/slipway/release"
)

var (
	errCutShort = errors.New("the line is cut short")
	errSum      = errors.New("the checksum does not hold")
)

// HeldError says that another process has the record open.
type HeldError struct {
	ID string
	By Holder
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("release %s is driven by another slipway, %s", e.ID, e.By)
}

// UnfinishedError says that another release is not over yet.
type UnfinishedError struct{ Past Past }

func (e *UnfinishedError) Error() string {
	r, driver := e.Past.Record, ""
	if by := e.Past.Driver; by != nil {
		driver = ", driven by " + by.String()
	}
	return fmt.Sprintf("the release of %s by %s is not finished%s", r.To.Version, r.By.Name, driver)
}

// SuspectError says that a record which is not read may be of a release that is
// not finished.
type SuspectError struct{ Past Past }

func (e *SuspectError) Error() string {
	return fmt.Sprintf("record %s may be of an unfinished release, and is not read: %s", e.Past.ID, e.Past.Err)
}

// FormatError says that a record is of a format that is not read here.
type FormatError struct {
	Path  string
	Found int
	Over  bool // nothing is left to be done about that release
}

func (e *FormatError) Error() string {
	what := "is not known"
	if e.Found > release.RecordFormat {
		what = "is newer than this slipway"
	}
	return fmt.Sprintf("%s: record format %d %s; accepted: %d to %d; finish that release with the slipway that began it, or move the file away",
		e.Path, e.Found, what, oldestFormat, release.RecordFormat)
}

// Dropped is what could not be read of a record. It stays on disk as it is.
type Dropped struct {
	Lines int
	Bytes int
	Why   string // of the first dropped line: "2026….jsonl:41: the checksum does not hold"
}

// String is one line for the screen, or empty when nothing was dropped.
func (d Dropped) String() string {
	if d.Lines == 0 {
		return ""
	}
	noun := "lines"
	if d.Lines == 1 {
		noun = "line"
	}
	return fmt.Sprintf("dropped %d damaged %s, %d bytes, left in place: %s", d.Lines, noun, d.Bytes, d.Why)
}

func (d *Dropped) add(bytes int, why string) {
	if d.Lines == 0 {
		d.Why = why
	}
	d.Lines++
	d.Bytes += bytes
}
