//go:build !linux

package database

import (
	"os"
	"os/exec"
)

// hand gives a program the password in its environment.
func (s Secret) hand(cmd *exec.Cmd) (*os.File, error) {
	cmd.Env = append(cmd.Env, "PGPASSWORD="+s.text)
	return nil, nil
}
