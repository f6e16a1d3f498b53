package database

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"datahub.io/slipway/untrusted"
)

// Format is how a dump is written.
type Format string

// The formats.
const (
	Custom Format = "custom" // pg_dump -Fc: compressed, for pg_restore
	Plain  Format = "plain"  // SQL, for psql
)

// Manifest says what a dump is. It lies beside it, as PATH.json.
type Manifest struct {
	Format   Format    `json:"format"`
	Database string    `json:"database"`
	Server   string    `json:"server"`           // its address
	System   string    `json:"system,omitempty"` // what the server's data is known by; empty: it did not say
	Versions Versions  `json:"versions"`
	Snapshot time.Time `json:"snapshot"` // what was written later is not in the dump; the server's clock
	Seconds  float64   `json:"seconds"`  // from the start until the file had its name
	Bytes    int64     `json:"bytes"`
	SHA256   string    `json:"sha256"`
	// Size is that of the database when it was dumped.
	Size int64 `json:"size"`
	// Rows of each table in the dump, counted in the dump itself.
	Rows    map[string]int64 `json:"rows"`
	Schema  Schema           `json:"schema"`
	Applied []Applied        `json:"applied,omitempty"`
	// Writes are the rows that the server had counted as written, by table, at the snapshot.
	Writes map[string]int64 `json:"writes,omitempty"`
}

// Took is how long the backup took.
func (m Manifest) Took() time.Duration {
	return time.Duration(m.Seconds * float64(time.Second)).Round(time.Millisecond)
}

const mostManifest = 64 << 20

func manifestPath(dump string) string { return dump + ".json" }

// ReadManifest reads what is known of a dump.
func ReadManifest(dump string) (Manifest, error) {
	var m Manifest
	text, err := untrusted.ReadFile(manifestPath(dump), mostManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return m, &Problem{
			Fault: Incomplete, Wrong: "nothing is known of the dump " + shownPath(dump), Found: "no file " + shownPath(manifestPath(dump)),
			Accepted: "a dump that slipway took, with the file beside it", Next: "name another dump, or restore this one by hand",
		}
	}
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err == nil && (m.SHA256 == "" || m.Database == "" || m.Snapshot.IsZero()) {
		err = errors.New("checksum, database or time is missing")
	}
	if err != nil {
		return m, &Problem{Fault: Changed, Wrong: "the description of the dump cannot be read", Found: Server{}.clean(err.Error()), Next: "name another dump"}
	}
	return m, nil
}

func (m Manifest) write(dump string) error {
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return fmt.Errorf("describe the dump: %w", err)
	}
	path := manifestPath(dump)
	partial := path + partialSuffix
	file, err := os.OpenFile(partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(partial, path)
	}
	if err != nil {
		_ = os.Remove(partial)
	}
	return err
}

// settle makes the names in a folder last through a loss of power.
func settle(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func shownPath(path string) string { return untrusted.Line(filepath.Base(path), 120) }
