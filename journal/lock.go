package journal

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"datahub.io/slipway/untrusted"
)

// Holder is the process that has a record open.
type Holder struct {
	PID  int    // 0: it has not said
	Host string // empty: it has not said
	Self bool   // it is this process
	// Headless: it drives without a screen, and hands over when it is asked to.
	Headless bool
}

// Local tells whether it runs on this machine.
func (h Holder) Local() bool { return h.Host != "" && h.Host == hostname() }

// String names the process: "process 12 on gateway-ci-7".
func (h Holder) String() string {
	switch {
	case h.PID == 0:
		return "another process"
	case h.Host == "" || h.Here():
		return fmt.Sprintf("process %d", h.PID)
	default:
		return fmt.Sprintf("process %d on %s", h.PID, h.Host)
	}
}

// Here tells whether the process is on this host.
func (h Holder) Here() bool { return h.Host == hostname() }

var hostname = sync.OnceValue(func() string {
	host, _ := os.Hostname() // without one only the process is named
	return untrusted.Line(host, 253)
})

// token tells this process from all others: on a volume that containers share,
// the first process of each has the same number.
var token = sync.OnceValue(func() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
})

func lockName(id string) string { return id + ".lock" }

// acquire takes the record's lock, which ends with the process or with Close,
// and leaves in it who has it, for others to name. The lock file stays: a file
// that comes and goes cannot be locked without a race.
func (d folder) acquire(id string) (*os.File, error) {
	f, err := openAt(d.fd(), lockName(id), d.path(lockName(id)), os.O_CREATE|os.O_RDWR, fileMode, trustFile)
	if err != nil {
		return nil, fmt.Errorf("lock record %s: %w", id, err)
	}
	if err := flockPatiently(f); err != nil {
		held := errors.Is(err, unix.EWOULDBLOCK)
		by := holderIn(f)
		err = errors.Join(err, f.Close())
		if held {
			return nil, &HeldError{ID: id, By: by}
		}
		return nil, fmt.Errorf("lock record %s: %w", id, err)
	}
	// The lock holds without it: on a full disk it only has no name. Who may read
	// a file may lock it, so nobody else may.
	_ = errors.Join(f.Chmod(fileMode), sign(f, false))
	return f, nil
}

// withoutScreen is the last word of a lock whose holder hands over when it is asked to.
const withoutScreen = "headless"

// sign leaves the process, its token and its host in the lock.
func sign(f *os.File, headless bool) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	line := fmt.Sprintf("%d %s %s", os.Getpid(), token(), hostname())
	if headless {
		line += " " + withoutScreen
	}
	_, err := f.WriteAt([]byte(line+"\n"), 0)
	return err
}

// holder is the live process that holds the record; nil when none does.
func (d folder) holder(id string) *Holder {
	f, err := d.open(lockName(id), os.O_RDONLY)
	if err != nil {
		return nil
	}
	defer f.Close()
	if flock(f, unix.LOCK_SH|unix.LOCK_NB) == nil {
		return nil // closing lets it go again
	}
	by := holderIn(f)
	return &by
}

// holderIn reads what sign wrote; a process that wrote only its number is of an
// earlier slipway.
func holderIn(f *os.File) Holder {
	text, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<10))
	words := strings.Fields(string(text))
	if err != nil || len(words) == 0 {
		return Holder{}
	}
	h := Holder{}
	h.PID, _ = strconv.Atoi(words[0]) // 0 where it is none
	if len(words) > 1 {
		h.Self = words[1] == token()
	}
	if len(words) > 2 {
		h.Host = untrusted.Line(words[2], 253)
	}
	h.Headless = len(words) > 3 && words[3] == withoutScreen
	return h
}

// flockPatiently outlasts those who only look whether the lock is held, as
// holder does for an instant.
func flockPatiently(f *os.File) (err error) {
	for range 10 {
		if err = flock(f, unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
