package supervise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The parts of these tests are this test binary, run again under another name.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "sleeper": // writes its arguments to its log, touches a file, sleeps
			fmt.Println("sleeper", strings.Join(os.Args[3:], " "))
			os.WriteFile(os.Args[2], nil, 0o644)
			select {}
		case "faulty":
			fmt.Fprintln(os.Stderr, "cannot find my trousers")
			os.Exit(3)
		case "supervising": // starts a sleeper, prints its process, and waits to be killed
			s := New(os.Args[0], os.Args[2], []Part{sleeper(os.Args[2])})
			if err := s.Start(context.Background(), "sleeper"); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			fmt.Println(s.States()[0].PID)
			select {}
		}
	}
	os.Exit(m.Run())
}

// sleeper is a part that is ready once it has touched a file.
func sleeper(dir string) Part {
	touched := filepath.Join(dir, "touched")
	return Part{
		Name: "sleeper", Args: []string{touched, "first"}, Again: []string{touched, "again"},
		Ready: func(context.Context) error { _, err := os.Stat(touched); return err },
	}
}

func ends(pid int) bool {
	for range 2000 {
		if gone(pid) {
			return true
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false
}

// gone tells whether a process has ended. An orphan stays as a zombie where process 1 reaps none, as in many containers.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ") // the name before it may hold anything
	return strings.HasPrefix(state, "Z")
}

func TestZombieIsGone(t *testing.T) {
	command := exec.Command(os.Args[0], "sleeper", filepath.Join(t.TempDir(), "touched"))
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	pid := command.Process.Pid
	if gone(pid) {
		t.Error("a process that lives is said to be gone")
	}
	command.Process.Kill()
	if !ends(pid) { // nobody has waited for it: it is a zombie
		t.Error("a zombie is not said to be gone")
	}
	command.Wait()
	if !gone(pid) {
		t.Error("a process that was waited for is not said to be gone")
	}
}

func TestStopAndStartAgain(t *testing.T) {
	dir := t.TempDir()
	s := New(os.Args[0], dir, []Part{sleeper(dir)})
	t.Cleanup(s.Kill)
	ctx := t.Context()
	if err := s.Start(ctx, "sleeper"); err != nil {
		t.Fatal(err)
	}
	pid := s.States()[0].PID
	if err := s.Start(ctx, "sleeper"); err == nil || !strings.Contains(err.Error(), "already running") {
		t.Errorf("starting twice: %v", err)
	}
	if err := s.Stop("sleeper"); err != nil {
		t.Fatal(err)
	}
	if !ends(pid) {
		t.Errorf("process %d is still there", pid)
	}
	if got := s.States()[0]; got.Status != stopped || got.PID != 0 {
		t.Errorf("state after stop: %+v", got)
	}
	if err := s.Stop("sleeper"); err == nil || !strings.Contains(err.Error(), "not running") {
		t.Errorf("stopping twice: %v", err)
	}
	os.Remove(filepath.Join(dir, "touched"))
	if err := s.Start(ctx, "sleeper"); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "sleeper.log"))
	if want := "sleeper first\nsleeper again\n"; err != nil || string(log) != want {
		t.Errorf("log %q, want %q (%v)", log, want, err)
	}
	select {
	case err := <-s.Ended():
		t.Errorf("a stop on purpose was reported: %v", err)
	default:
	}
}

func TestPartThatDoesNotComeUp(t *testing.T) {
	s := New(os.Args[0], t.TempDir(), []Part{{Name: "faulty", Ready: func(context.Context) error { return errors.New("not yet") }}})
	err := s.Start(t.Context(), "faulty")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"faulty", "exit status 3", "cannot find my trousers", "faulty.log"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
}

func TestPartThatIsNeverReady(t *testing.T) {
	dir := t.TempDir()
	part := sleeper(dir)
	part.Ready = func(context.Context) error { return errors.New("no answer") }
	s := New(os.Args[0], dir, []Part{part})
	t.Cleanup(s.Kill)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := s.Start(ctx, "sleeper"); err == nil || !strings.Contains(err.Error(), "sleeper did not become ready: no answer") {
		t.Errorf("error: %v", err)
	}
}

func TestPartThatEndsByItselfIsReported(t *testing.T) {
	dir := t.TempDir()
	s := New(os.Args[0], dir, []Part{sleeper(dir)})
	t.Cleanup(s.Kill)
	if err := s.Start(t.Context(), "sleeper"); err != nil {
		t.Fatal(err)
	}
	syscall.Kill(s.States()[0].PID, syscall.SIGKILL)
	select {
	case err := <-s.Ended():
		if !strings.Contains(err.Error(), "sleeper ended by itself: signal: killed") {
			t.Errorf("reported: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("not reported")
	}
	if got := s.States()[0]; got.Status != ended || got.Err != "signal: killed" {
		t.Errorf("state: %+v", got)
	}
}

func TestUnknownPart(t *testing.T) {
	s := New(os.Args[0], t.TempDir(), []Part{{Name: "etcd"}, {Name: "gateway"}})
	for _, err := range []error{s.Start(t.Context(), "etdc"), s.Stop("etdc")} {
		if err == nil || err.Error() != `unknown part "etdc": the parts are [etcd gateway]` {
			t.Errorf("error: %v", err)
		}
	}
}

func TestKilledSupervisorLeavesNoOrphan(t *testing.T) {
	command := exec.Command(os.Args[0], "supervising", t.TempDir())
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, _ := out.Read(line)
	pid, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatalf("supervising process says %q", line[:n])
	}
	command.Process.Kill()
	command.Wait()
	if !ends(pid) {
		syscall.Kill(pid, syscall.SIGKILL)
		t.Errorf("process %d survived its supervisor", pid)
	}
}

func TestPortsAreFreeAndDistinct(t *testing.T) {
	ports, err := Ports(20)
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range ports { // listening on all of them at once shows both
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
}
