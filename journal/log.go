package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// OpenLog opens a file of the state directory to append to, under the rules of the
// records: no link is followed, and it is nobody else's. It has no other name, for
// in a shared directory others could have given one of our files this name.
func OpenLog(stateDir, name string) (*os.File, error) {
	d, err := openTop(stateDir, true)
	if err != nil {
		return nil, err
	}
	defer d.close()
	return openAt(d.fd(), name, d.path(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, fileMode, func(st *unix.Stat_t, path string) error {
		if err := trustFile(st, path); err != nil || st.Nlink <= 1 {
			return err
		}
		return &UntrustedError{path, "a file with several names", "move it away"}
	})
}
