package database

import (
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// hand gives a program the password through a file in memory that has no name, so
// that nothing of it is on a disk, among the arguments or in the environment. It
// returns what to close once the program runs.
func (s Secret) hand(cmd *exec.Cmd) (*os.File, error) {
	fd, err := unix.MemfdCreate("passfile", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file in memory for the password: %w", err)
	}
	file := os.NewFile(uintptr(fd), "passfile")
	if err := file.Chmod(0o600); err != nil {
		file.Close()
		return nil, fmt.Errorf("protect the password: %w", err)
	}
	if _, err := file.WriteString(s.passfile()); err != nil {
		file.Close()
		return nil, fmt.Errorf("write the password: %w", err)
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, file)
	cmd.Env = append(cmd.Env, fmt.Sprintf("PGPASSFILE=/proc/self/fd/%d", 2+len(cmd.ExtraFiles)))
	return file, nil
}
