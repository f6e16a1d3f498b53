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
	ID  string
	PID int // 0 when the holder has not said
}

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("release %s is driven by another slipway", e.ID)
	}
	return fmt.Sprintf("release %s is driven by another slipway, process %d", e.ID, e.PID)
}

// UnfinishedError says that another release is not over yet.
type UnfinishedError struct{ Past Past }

func (e *UnfinishedError) Error() string {
	r, driver := e.Past.Record, ""
	switch pid := e.Past.Driver; {
	case pid > 0:
		driver = fmt.Sprintf(", driven by process %d", pid)
	case pid < 0:
		driver = ", driven by another process"
	}
	return fmt.Sprintf("the release of %s by %s is not finished%s", r.To.Version, r.By.Name, driver)
}

// FormatError says that a record was written by another version of slipway.
type FormatError struct {
	Path  string
	Found int
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: found record format %d; accepted: %d; finish that release with the slipway that began it, or move the file away",
		e.Path, e.Found, release.RecordFormat)
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
