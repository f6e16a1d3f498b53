package journal

import (
	"errors"
	"fmt"
	"os"
)

// A process that drives a release without a screen hands it over: whoever wants it leaves
// a file beside the record, and the process lets the record go once what is in flight is
// written down. A request that a killed process did not answer is harmless: the lock is
// free, and who takes it removes the request.

func handoverName(id string) string { return id + ".handover" }

// AskHandover asks the process that drives the record without a screen to let it go.
func (s *Store) AskHandover(id string) error {
	d, err := s.folder(false)
	if err != nil {
		return fmt.Errorf("ask for record %s: %w", id, err)
	}
	defer d.close()
	f, err := d.create(handoverName(id))
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask for record %s: %w", id, err)
	}
	return f.Close()
}

// HandoverAsked tells whether somebody wants the record.
func (s *Store) HandoverAsked(id string) bool {
	d, err := s.folder(false)
	if err != nil {
		return false
	}
	defer d.close()
	return d.exists(handoverName(id)) == nil
}

// handedOver removes a request for the record: whoever has the record now, has it. One that
// cannot be removed makes its holder let go of it once more, which loses nothing.
func (d folder) handedOver(id string) { _ = d.remove(handoverName(id)) }

// GoHeadless says in the lock of a record that this process holds that it drives without a
// screen from now on, and hands over when it is asked to.
func (s *Store) GoHeadless(id string) error {
	d, err := s.folder(false)
	if err != nil {
		return fmt.Errorf("mark record %s: %w", id, err)
	}
	defer d.close()
	f, err := d.open(lockName(id), os.O_RDWR)
	if err != nil {
		return fmt.Errorf("mark record %s: %w", id, err)
	}
	defer f.Close()
	if by := holderIn(f); !by.Self {
		return fmt.Errorf("mark record %s: it is held by %s", id, by)
	}
	return sign(f, true)
}
