package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// Readings are kept in a file of their own beside the record: a line each, with its sum,
// appended without waiting for the disk. Nothing depends on them but the report.
const (
	readingsSuffix = ".samples"
	readingsBound  = 8 << 20 // more than two days of a reading each five seconds
)

// Read keeps one round of figures.
func (j *Journal) Read(r release.Reading) error {
	d, err := j.store.folder(false)
	if err != nil {
		return fmt.Errorf("keep figures: %w", err)
	}
	defer d.close()
	name := j.id + readingsSuffix
	f, err := openAt(d.fd(), name, d.path(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, fileMode, trustFile)
	if err != nil {
		return fmt.Errorf("keep figures: %w", err)
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil || st.Size > readingsBound {
		return errors.Join(err, fmt.Errorf("keep figures: %s is full", name))
	}
	object, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("keep figures: %w", err)
	}
	text := append(append([]byte{}, object[:len(object)-1]...), sumKey...)
	text = append(append(append(text, sumOf(object)...), sumEnd...), '\n')
	if _, err := f.Write(text); err != nil {
		return fmt.Errorf("keep figures: %w", err)
	}
	return nil
}

// Readings gives the figures that were kept beside a record, and how many lines of them
// are damaged.
func (s *Store) Readings(id string) (all []release.Reading, damaged int, err error) {
	d, err := s.folder(false)
	if err != nil {
		return nil, 0, err
	}
	defer d.close()
	text, err := d.read(id+readingsSuffix, readingsBound+(1<<20))
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read figures of %s: %w", id, err)
	}
	for line := range bytes.Lines(text) {
		object, err := unsum(bytes.TrimSuffix(line, []byte{'\n'}))
		var r release.Reading
		if err != nil || json.Unmarshal(object, &r) != nil {
			damaged++
			continue
		}
		untrusted.Clean(&r, textBound)
		all = append(all, r)
	}
	return all, damaged, nil
}
