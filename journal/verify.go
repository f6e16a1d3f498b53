package journal

import "fmt"

// Verified is what can be said of a record's files: whether each line is as it was
// written, and follows the one before it.
type Verified struct {
	Lines    int
	Last     string // the sum of the last line: with it, lines missing at the end are seen
	Unlinked int    // lines at the beginning of a format that does not name the line before
	Problems []string
}

// Verify reads a record again from its first line to its last. A file whose last lines
// were taken away looks like one that was never longer; only the sum of the last line,
// kept elsewhere, tells them apart.
func (s *Store) Verify(id string) (Verified, error) {
	read, err := s.read(id)
	if err != nil {
		return Verified{}, fmt.Errorf("verify record %s: %w", id, err)
	}
	v := Verified{Lines: len(read.entries), Last: read.last.sum, Unlinked: read.unlinked, Problems: read.breaks}
	if text := read.dropped.String(); text != "" {
		v.Problems = append(v.Problems, text)
	}
	return v, nil
}
