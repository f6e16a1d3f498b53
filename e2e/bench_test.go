package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creack/pty"
)

// BenchmarkConsole measures the budgets of ARCHITECTURE.md on the running
// sandbox, beside kubectl where it is installed. Numbers are reported and never
// asserted: machines differ, and are shared.
func BenchmarkConsole(b *testing.B) {
	needSandbox(b)
	reset(b, "datahub-production")
	for range b.N {
		b.Run("first-frame-unreachable", benchUnreachable)
		b.Run("first-live-figures", benchFirstFigures)
		b.Run("steady", benchSteady)
		b.Run("undo", benchUndo)
		b.Run("kubectl-undo", benchKubectlUndo)
		b.Run("canary-abort", benchCanaryAbort)
		b.Run("canary-detected", benchCanaryDetected)
	}
}

// benchUnreachable: from start to the first frame while no API server answers.
func benchUnreachable(b *testing.B) {
	s := newSetup(b, "kubeconfig")
	broken := s.state + "/broken.kubeconfig"
	data, err := os.ReadFile(dir + "/kubeconfig")
	if err != nil {
		b.Fatal(err)
	}
	nowhere := regexp.MustCompile(`https://127.0.0.1:\d+`).ReplaceAll(data, []byte("https://127.0.0.1:1"))
	if err := os.WriteFile(broken, nowhere, 0o600); err != nil {
		b.Fatal(err)
	}
	for range b.N {
		began := time.Now()
		c := s.open(b, 120, 40, "--env", "production", "--kubeconfig", broken)
		c.see("Checklist")
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/first-frame")
		c.press("q")
		c.gone()
	}
}

// benchFirstFigures: from start to the first live pod count and figures.
func benchFirstFigures(b *testing.B) {
	s := newSetup(b, "kubeconfig")
	for range b.N {
		began := time.Now()
		c := s.open(b, 120, 40, "--env", "production")
		c.see("Ready: 6/6")
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/first-pods")
		c.see("Ready: 6/6", "✓ pass")
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/first-figures")
		c.press("q")
		c.gone()
	}
}

// benchSteady: what a console that is only looked at costs over 20 s.
func benchSteady(b *testing.B) {
	s := newSetup(b, "kubeconfig").edit(b, "every: 1s", "every: 5s") // the default
	for range b.N {
		cmd := s.command(context.Background(), "--env", "production", "--version", "v2.5.0")
		cmd.Env = append(cmd.Env, "TERM=xterm-256color", "SSH_TTY=/dev/pts/9")
		file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
		if err != nil {
			b.Fatal(err)
		}
		var written atomic.Int64
		go func() {
			buffer := make([]byte, 64<<10)
			for {
				n, err := file.Read(buffer)
				written.Add(int64(n))
				if err != nil {
					return
				}
			}
		}()
		time.Sleep(8 * time.Second)
		bytesBefore, cpuBefore := written.Load(), cpuSeconds(b, cmd.Process.Pid)
		const span = 20 * time.Second
		time.Sleep(span)
		b.ReportMetric(float64(written.Load()-bytesBefore)/span.Seconds(), "B/s-output")
		b.ReportMetric(100*(cpuSeconds(b, cmd.Process.Pid)-cpuBefore)/span.Seconds(), "%cpu")
		b.ReportMetric(residentMiB(b, cmd.Process.Pid), "MiB-resident")
		cmd.Process.Kill()
		cmd.Wait()
		file.Close()
	}
}

// benchUndo: from the second key to the accepted patch, by the journal's own
// clock, and from the key to the word on the screen.
func benchUndo(b *testing.B) {
	s := newSetup(b, "kubeconfig")
	for range b.N {
		c := s.open(b, 120, 40, "--env", "production")
		c.see("✓ pass", "No release under way")
		c.press("u")
		c.see("Undo datahub-gateway")
		generation := get(b, "datahub-production").Generation
		time.Sleep(250 * time.Millisecond)
		began := time.Now()
		if _, err := io.WriteString(c.pty, "u"); err != nil {
			b.Fatal(err)
		}
		c.see("✓ accepted")
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/key-to-screen")
		b.ReportMetric(journalled(b, s), "ms/key-to-accepted")
		if get(b, "datahub-production").Generation == generation {
			b.Fatal("nothing was undone")
		}
		c.see("Rolled back")
		c.press("q")
		c.gone()
		reset(b, "datahub-production")
	}
}

// journalled is the time between the entry of the wish and that of its outcome.
func journalled(b *testing.B, s setup) float64 {
	out, err := exec.Command("sh", "-c", "cat "+s.state+"/*/production/*.jsonl").Output()
	if err != nil {
		b.Fatal(err)
	}
	at := regexp.MustCompile(`"at":"([^"]+)"`)
	var first, last time.Time
	for _, line := range bytes.Split(out, []byte("\n")) {
		m := at.FindSubmatch(line)
		if m == nil {
			continue
		}
		stamp, err := time.Parse(time.RFC3339Nano, string(m[1]))
		if err != nil {
			b.Fatal(err)
		}
		if bytes.Contains(line, []byte(`"event":"intended undo"`)) {
			first = stamp
		}
		if bytes.Contains(line, []byte(`"event":"done accepted"`)) {
			last = stamp
		}
	}
	return float64(last.Sub(first).Microseconds()) / 1000
}

// benchKubectlUndo: the same with kubectl, start to end of the process.
func benchKubectlUndo(b *testing.B) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		b.Skip("no kubectl on this machine")
	}
	reset(b, "datahub-production")
	for range b.N {
		began := time.Now()
		cmd := exec.Command(kubectl, "--kubeconfig", dir+"/kubeconfig", "--context", "production", "rollout", "undo", "deployment/"+deploymentIn("datahub-production"))
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/process")
	}
	reset(b, "datahub-production")
}

// cpuSeconds is the processor time that a process has used.
func cpuSeconds(b *testing.B, pid int) float64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}

// residentMiB is a process's resident memory.
func residentMiB(b *testing.B, pid int) float64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024
		}
	}
	return 0
}
