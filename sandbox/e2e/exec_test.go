package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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

func TestKilledExecEndsItsCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	s := execute(t, "sh", "-c", `echo $$ >"$0.new" && mv "$0.new" "$0" && exec sleep 300`, file)
	pid, err := strconv.Atoi(strings.TrimSpace(s.exists(file)))
	if err != nil {
		t.Fatal(err)
	}
	s.process.Process.Kill()
	s.process.Process.Wait() // the command still holds the output
	s.eventually("the command ends", func() error {
		if !gone(pid) {
			return fmt.Errorf("process %d is there", pid)
		}
		return nil
	})
}

func TestExecReportsALostPart(t *testing.T) {
	const command = `
		pid=$("$SANDBOX_BIN" status --dir "$SLIPWAY_SANDBOX" | awk '$1 == "prometheus" { print $3 }')
		kill -9 "$pid"
		until grep -q "ended by itself" "$SLIPWAY_SANDBOX/log/sandbox.log"; do sleep 0.1; done
		echo "the command ends"
		exit 3`
	s := execute(t, "sh", "-c", command)
	s.process.Wait()
	_, report, _ := strings.Cut(s.out.String(), "the command ends\n")
	if !strings.Contains(report, "sandbox: prometheus ended by itself: signal: killed") {
		t.Errorf("reported after the command: %q", report)
	}
	if code := s.process.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit code %d, want the command's", code)
	}
}
