// Package e2e tests the built sandbox, whose path is in SANDBOX_BIN: building it takes too long for a test.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	image      = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/datahub-gateway"
	deployment = "datahub-gateway"
	namespace  = "datahub-production"
	patience   = 3 * time.Minute // of a slow machine
)

// sandbox is a running one.
type sandbox struct {
	t         *testing.T
	dir       string
	process   *exec.Cmd
	out       *bytes.Buffer
	endpoints map[string]string
}

// up starts a sandbox and waits until it is ready. It ends with the test.
func up(t *testing.T, flags ...string) *sandbox {
	t.Helper()
	program := os.Getenv("SANDBOX_BIN")
	if program == "" {
		t.Skip("SANDBOX_BIN is not set: build the sandbox and set it to the binary's path")
	}
	s := &sandbox{t: t, dir: filepath.Join(t.TempDir(), "sandbox"), out: &bytes.Buffer{}, endpoints: map[string]string{}}
	s.process = exec.Command(program, append([]string{"up", "--dir", s.dir}, flags...)...)
	s.process.Stdout, s.process.Stderr = s.out, s.out
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.process.Process.Signal(syscall.SIGTERM)
		s.process.Wait()
		if t.Failed() {
			t.Logf("the sandbox said:\n%s", s.out)
		}
	})
	s.eventually("ready", func() error {
		data, err := os.ReadFile(filepath.Join(s.dir, "ready"))
		if err != nil {
			return err
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		for lines.Scan() {
			name, address, _ := strings.Cut(lines.Text(), "=")
			s.endpoints[name] = address
		}
		return nil
	})
	return s
}

// on is the same sandbox, in a subtest.
func (s *sandbox) on(t *testing.T) *sandbox {
	sub := *s
	sub.t = t
	return &sub
}

// eventually asks again and again until there is no error.
func (s *sandbox) eventually(what string, ask func() error) {
	s.t.Helper()
	end := time.Now().Add(patience)
	for {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// as returns a client of one of the accounts.
func (s *sandbox) as(kubeconfig string) kubernetes.Interface {
	s.t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(s.dir, kubeconfig))
	if err != nil {
		s.t.Fatal(err)
	}
	config.QPS, config.Burst = 100, 100
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

func (s *sandbox) setImage(client kubernetes.Interface, tag string) error {
	patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"gateway","image":"%s:%s"}]}}}}`, image, tag)
	_, err := client.AppsV1().Deployments(namespace).Patch(context.Background(), deployment, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// release sets the image and waits until all six pods serve it.
func (s *sandbox) release(client kubernetes.Interface, tag string) {
	s.t.Helper()
	s.eventually("set image to "+tag, func() error { return s.setImage(client, tag) })
	s.eventually("release of "+tag, func() error {
		d, err := client.AppsV1().Deployments(namespace).Get(context.Background(), deployment, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if st := d.Status; st.ObservedGeneration < d.Generation || st.UpdatedReplicas != 6 || st.Replicas != 6 || st.AvailableReplicas != 6 {
			return fmt.Errorf("status %+v", st)
		}
		return nil
	})
}

// pods returns the pods of a version that are not being deleted.
func (s *sandbox) pods(client kubernetes.Interface, tag string) []corev1.Pod {
	all, err := client.CoreV1().Pods(namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return nil
	}
	var out []corev1.Pod
	for _, p := range all.Items {
		if strings.HasSuffix(p.Spec.Containers[0].Image, ":"+tag) && p.DeletionTimestamp == nil {
			out = append(out, p)
		}
	}
	return out
}

// query returns the one value of an instant query.
func (s *sandbox) query(query string) (float64, error) {
	series, err := s.get("/api/v1/query?" + url.Values{"query": {query}}.Encode())
	if err != nil {
		return 0, err
	}
	if len(series) != 1 {
		return 0, fmt.Errorf("%s: %d series", query, len(series))
	}
	return strconv.ParseFloat(series[0].Value[1].(string), 64)
}

// count is of one environment.
type count struct{ Total, Failed int64 }

// requests counts requests, by environment.
func (s *sandbox) requests(flags ...string) map[string]count {
	s.t.Helper()
	var counts map[string]count
	if err := json.Unmarshal([]byte(s.run(append([]string{"requests", "-o", "json"}, flags...)...)), &counts); err != nil {
		s.t.Fatal(err)
	}
	return counts
}

type series struct {
	Value  [2]any
	Values [][2]any
}

func (s *sandbox) get(path string) ([]series, error) {
	response, err := http.Get(s.endpoints["prometheus"] + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var body struct {
		Error string
		Data  struct{ Result []series }
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return nil, err
	}
	if body.Error != "" {
		return nil, fmt.Errorf("%s: %s", path, body.Error)
	}
	return body.Data.Result, nil
}

// run runs the sandbox's command line on this sandbox.
func (s *sandbox) run(args ...string) string {
	s.t.Helper()
	out, err := exec.Command(os.Getenv("SANDBOX_BIN"), append(args, "--dir", s.dir)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("sandbox %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// processes returns the processes of the parts that run, by their names.
func (s *sandbox) processes() map[string]int {
	out := map[string]int{}
	for line := range strings.Lines(s.run("status")) {
		if fields := strings.Fields(line); fields[1] == "running" {
			out[fields[0]], _ = strconv.Atoi(fields[2])
		}
	}
	return out
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
