package up

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestUntil(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	request := func(err error) error { return &url.Error{Op: "Get", URL: "https://127.0.0.1:1", Err: err} }
	for name, c := range map[string]struct {
		err   error
		again bool
	}{
		"pending":   {pending("5 of 6"), true},
		"refused":   {request(syscall.ECONNREFUSED), true},
		"reset":     {request(syscall.ECONNRESET), true},
		"no answer": {request(context.DeadlineExceeded), true},
		"429":       {apierrors.NewTooManyRequests("slow", 1), true},
		"500":       {apierrors.NewInternalError(errors.New("etcd")), true},
		"503":       {fmt.Errorf("get: %w", apierrors.NewServiceUnavailable("not yet")), true},
		"504":       {apierrors.NewTimeoutError("etcd", 1), true},
		"403":       {apierrors.NewForbidden(pods, "a", errors.New("no")), false},
		"404":       {apierrors.NewNotFound(pods, "a"), false},
		"422":       {apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "a", nil), false},
		"other":     {errors.New("other"), false},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			err := until(t.Context(), func() error {
				if asked++; asked < 3 {
					return c.err
				}
				return nil
			})
			switch {
			case c.again && (err != nil || asked != 3):
				t.Errorf("asked %d times: %v", asked, err)
			case !c.again && (!errors.Is(err, c.err) || asked != 1):
				t.Errorf("asked %d times: %v, want %v", asked, err, c.err)
			}
		})
	}
}

func TestUntilSaysWhatStoodInTheWay(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := until(ctx, func() error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return pending("5 of 6 pods")
	})
	if err == nil || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "5 of 6 pods") {
		t.Errorf("error: %v", err)
	}
}

func TestBlame(t *testing.T) {
	d, err := claim(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.release()
	for part, line := range map[string]string{scheduler: "no nodes", kwok: "no stages"} {
		if err := os.WriteFile(d.file("log", part+".log"), []byte(line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := sequence{d: d}
	if err := s.blame(nil, "pods", kwok); err != nil {
		t.Error(err)
	}
	err = s.blame(pending("0 of 6"), "pods", scheduler, kwok)
	for _, want := range []string{"pods (scheduler, kwok): 0 of 6", "scheduler.log:\n    no nodes", "kwok.log:\n    no stages"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
}
