package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// clustersName is the file that remembers which cluster answered at an address, by
// the address's fingerprint: so that a start knows it before anything answers.
const (
	clustersName  = "clusters.json"
	clustersBound = 1 << 20
)

// Remembered is the UID of the cluster that last answered at an address, or "".
// It is no more than a memory: nobody relies on it without asking.
func Remembered(stateDir, fingerprint string) string {
	d, err := openTop(stateDir, false)
	if err != nil {
		return ""
	}
	defer d.close()
	return d.clusters()[fingerprint]
}

// Remember keeps which cluster answered at an address.
func Remember(stateDir, fingerprint, uid string) error {
	d, err := openTop(stateDir, true)
	if err != nil {
		return fmt.Errorf("remember cluster: %w", err)
	}
	defer d.close()
	all := d.clusters()
	if all[fingerprint] == uid {
		return nil
	}
	all[fingerprint] = uid
	text, err := json.Marshal(all)
	if err == nil {
		err = d.replace(clustersName, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("remember cluster: %w", err)
	}
	return nil
}

func (d folder) clusters() map[string]string {
	all := map[string]string{}
	text, err := d.read(clustersName, clustersBound)
	if err != nil || json.Unmarshal(text, &all) != nil || all == nil {
		return map[string]string{}
	}
	return all
}

// replace puts a file in the place of another one, whole or not at all.
func (d folder) replace(name string, text []byte) error {
	part := fmt.Sprintf(".%s.%d.%s", name, os.Getpid(), token())
	f, err := d.create(part)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = unix.Renameat(d.fd(), part, d.fd(), name)
	}
	if err != nil {
		return errors.Join(err, d.remove(part))
	}
	return d.sync()
}
