package untrusted

import (
	"fmt"
	"io"
	"os"
)

// TooLargeError says that something from outside is larger than anything that it
// could be meant to be.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string { return "larger than " + size(e.Limit) }

func size(bytes int64) string {
	switch {
	case bytes >= 1<<20:
		return fmt.Sprintf("%d MiB", bytes>>20)
	case bytes >= 1<<10:
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// Body bounds what is read of an answer, after decompression: reading on fails with
// a *TooLargeError.
func Body(body io.ReadCloser, limit int64) io.ReadCloser {
	return &bounded{body: body, limit: limit, left: limit}
}

type bounded struct {
	body        io.ReadCloser
	limit, left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, &TooLargeError{b.limit}
	}
	return n, err
}

func (b *bounded) Close() error { return b.body.Close() }

// ReadFile reads a file that a configuration names, which may be anything.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(Body(f, limit))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return text, nil
}
