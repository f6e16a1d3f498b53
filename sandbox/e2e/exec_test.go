package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// execute starts a sandbox for a command. It ends with the test.
func execute(t *testing.T, command ...string) *sandbox {
	t.Helper()
	program := os.Getenv("SANDBOX_BIN")
	if program == "" {
		t.Skip("SANDBOX_BIN is not set: build the sandbox and set it to the binary's path")
	}
	s := &sandbox{t: t, dir: filepath.Join(t.TempDir(), "sandbox"), out: &bytes.Buffer{}}
	s.process = exec.Command(program, append([]string{"exec", "--dir", s.dir, "--"}, command...)...)
	s.process.Stdout, s.process.Stderr = s.out, s.out
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.process.Process.Kill()
		s.process.Wait()
		if t.Failed() {
			t.Logf("the sandbox said:\n%s", s.out)
		}
	})
	return s
}

// exists waits for a file and returns what is in it.
func (s *sandbox) exists(path string) string {
	s.t.Helper()
	var data []byte
	s.eventually(path, func() (err error) { data, err = os.ReadFile(path); return err })
	return string(data)
}

func TestExecInterruptedWhileComingUp(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	s := execute(t, "touch", ran)
	s.exists(filepath.Join(s.dir, "log", "etcd.log"))
	s.process.Process.Signal(syscall.SIGINT)
	s.process.Wait()
	if code := s.process.ProcessState.ExitCode(); code != 1 || !bytes.Contains(s.out.Bytes(), []byte("touch was not run")) {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the command was run")
	}
}
