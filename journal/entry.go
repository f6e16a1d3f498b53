package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// Entry is what a line holds. Its Seq rises from line to line.
type Entry = release.Entry

// A line is the entry's JSON object with two more members at its end: "prev", the sum of
// the line before it, which the first one has not, and "sum", the first half of the
// SHA-256 of the object without it. So no line can be changed or taken out without a
// trace in the next one.
const (
	prevKey   = `,"prev":"`
	sumKey    = `,"sum":"`
	sumEnd    = `"}`
	sumDigits = 32
	tailLen   = len(sumKey) + sumDigits + len(sumEnd)
)

func sumOf(object []byte) string {
	sum := sha256.Sum256(object)
	return hex.EncodeToString(sum[:])[:sumDigits]
}

// line is one intact line as it stands in a file.
type line struct {
	entry  Entry
	record json.RawMessage // the record in it, in today's format, with what we do not know of it
	sum    string
	prev   string // empty: it is the first one, or of a format without a chain
	format int    // as it was written
}

// encode gives the line of an entry after another one, newline included.
func encode(e Entry, after line) (text []byte, l line, err error) {
	object, err := json.Marshal(e)
	if err != nil {
		return nil, line{}, err
	}
	l = line{entry: e, prev: after.sum, format: e.Record.Format}
	if l.record, err = json.Marshal(e.Record); err != nil {
		return nil, line{}, err
	}
	if after.entry.Record.ID == e.Record.ID {
		l.record = carry(after.record, l.record, reflect.TypeFor[release.Record]())
	}
	if object, err = withRecord(object, l.record); err != nil {
		return nil, line{}, err
	}
	text = append(text, object[:len(object)-1]...)
	if l.prev != "" {
		text = append(append(append(text, prevKey...), l.prev...), '"')
	}
	l.sum = sumOf(append(text[:len(text):len(text)], '}'))
	text = append(text, sumKey...)
	text = append(text, l.sum...)
	text = append(text, sumEnd...)
	return append(text, '\n'), l, nil
}

// withRecord puts a record into an entry's object, whose last member it is.
func withRecord(object, record []byte) ([]byte, error) {
	const key = `,"record":`
	var of struct {
		Record json.RawMessage `json:"record"`
	}
	if err := json.Unmarshal(object, &of); err != nil {
		return nil, err
	}
	before, ok := bytes.CutSuffix(object, append(append([]byte(key), of.Record...), '}'))
	if !ok {
		return nil, errors.New("the record is not an entry's last member")
	}
	return append(append(append(before[:len(before):len(before)], key...), record...), '}'), nil
}

// decode reads one line without its newline. Its error says why the line
// cannot be trusted, or is a *FormatError for one that is intact but foreign.
func decode(text []byte) (line, error) {
	object, err := unsum(text)
	if err != nil {
		return line{}, err
	}
	var seen struct {
		Prev   string `json:"prev"`
		Record struct {
			Format  int              `json:"format"`
			Phase   release.Phase    `json:"phase"`
			Pending *json.RawMessage `json:"pending"`
			Task    *json.RawMessage `json:"task"`
		} `json:"record"`
	}
	if err := json.Unmarshal(object, &seen); err != nil {
		return line{}, fmt.Errorf("not an entry: %w", err)
	}
	l := line{sum: sumOf(object), prev: seen.Prev, format: seen.Record.Format}
	object, err = upgraded(object, l.format)
	if foreign := new(FormatError); errors.As(err, &foreign) {
		foreign.Over = seen.Record.Phase.Over() && seen.Record.Pending == nil && seen.Record.Task == nil
	}
	if err != nil {
		return l, err
	}
	var of struct {
		Record json.RawMessage `json:"record"`
	}
	err = json.Unmarshal(object, &l.entry)
	if err = errors.Join(err, json.Unmarshal(object, &of)); err != nil {
		return line{}, fmt.Errorf("not an entry: %w", err)
	}
	l.record = of.Record
	untrusted.Clean(&l.entry, textBound)
	return l, nil
}

// textBound is how many runes of a text of a record are kept. Records are
// written by other consoles, and cleaned like all text of strangers.
const textBound = 10_000

// unsum takes the checksum off a line and holds it against the rest.
func unsum(line []byte) ([]byte, error) {
	cut := len(line) - tailLen
	if cut < 1 || !bytes.HasPrefix(line[cut:], []byte(sumKey)) || !bytes.HasSuffix(line, []byte(sumEnd)) {
		return nil, errCutShort
	}
	object := append(append([]byte{}, line[:cut]...), '}')
	if string(line[cut+len(sumKey):len(line)-len(sumEnd)]) != sumOf(object) {
		return nil, errSum
	}
	return object, nil
}
