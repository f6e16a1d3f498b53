package untrusted

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
)

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// What fits is read as it is, one byte more fails, and nothing endless is read on.
func TestBody(t *testing.T) {
	for _, n := range []int{0, 1, 999, 1000} {
		text, err := io.ReadAll(Body(io.NopCloser(io.LimitReader(zeros{}, int64(n))), 1000))
		if err != nil || len(text) != n {
			t.Errorf("%d bytes: %d, %v", n, len(text), err)
		}
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := io.Copy(z, io.LimitReader(zeros{}, 64<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	unzipped, err := gzip.NewReader(&bomb)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]io.Reader{
		"one more": io.LimitReader(zeros{}, 1001), "endless": zeros{}, "a bomb": unzipped,
	} {
		text, err := io.ReadAll(Body(io.NopCloser(body), 1000))
		var large *TooLargeError
		if !errors.As(err, &large) || len(text) > 1000 {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
	}
	for limit, want := range map[int64]string{64 << 20: "larger than 64 MiB", 64 << 10: "larger than 64 KiB", 100: "larger than 100 bytes"} {
		if got := (&TooLargeError{limit}).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestReadFile(t *testing.T) {
	if _, err := ReadFile("/dev/zero", 1<<20); err == nil || !strings.Contains(err.Error(), "/dev/zero: larger than 1 MiB") {
		t.Errorf("an endless file: %v", err)
	}
	if text, err := ReadFile("body_test.go", 1<<20); err != nil || !bytes.HasPrefix(text, []byte("package untrusted")) {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}
