package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// Entry is what a line holds. Its Seq rises from line to line.
type Entry = release.Entry

// A line is the entry's JSON object with one more member at its end, "sum":
// the first half of the SHA-256 of the object without it.
const (
	sumKey    = `,"sum":"`
	sumEnd    = `"}`
	sumDigits = 32
	tailLen   = len(sumKey) + sumDigits + len(sumEnd)
)

func sumOf(object []byte) string {
	sum := sha256.Sum256(object)
	return hex.EncodeToString(sum[:])[:sumDigits]
}

// encode gives the entry's line, newline included.
func encode(e Entry) ([]byte, error) {
	object, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	line := append([]byte{}, object[:len(object)-1]...)
	line = append(line, sumKey...)
	line = append(line, sumOf(object)...)
	line = append(line, sumEnd...)
	return append(line, '\n'), nil
}

// decode reads one line without its newline. Its error says why the line
// cannot be trusted, or is a *FormatError for one that is intact but foreign.
func decode(line []byte) (Entry, error) {
	object, err := unsum(line)
	if err != nil {
		return Entry{}, err
	}
	var version struct {
		Record struct {
			Format  int              `json:"format"`
			Phase   release.Phase    `json:"phase"`
			Pending *json.RawMessage `json:"pending"`
		} `json:"record"`
	}
	if err := json.Unmarshal(object, &version); err != nil {
		return Entry{}, fmt.Errorf("not an entry: %w", err)
	}
	if r := version.Record; r.Format != release.RecordFormat {
		return Entry{}, &FormatError{Found: r.Format, Over: r.Phase.Over() && r.Pending == nil}
	}
	var e Entry
	if err := json.Unmarshal(object, &e); err != nil {
		return Entry{}, fmt.Errorf("not an entry: %w", err)
	}
	untrusted.Clean(&e, textBound)
	return e, nil
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
