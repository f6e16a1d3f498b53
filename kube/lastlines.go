package kube

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"datahub.io/slipway/untrusted"
)

const (
	lastWords    = 40               // lines of a crashed container that are looked at
	linesAtOnce  = 4                // requests in flight
	linesWanted  = 24               // crashes at a time; the rest say the same
	linesRetried = 10 * time.Second // after a read that failed
	linesBytes   = 64 << 10         // read at most
)

// crashRef is where the last words of a crash can be read.
type crashRef struct {
	crashed
	pod string
}

// lines reads the last log lines of crashed containers in the background, each
// crash once.
type lines struct {
	s     *session
	slots chan struct{}

	mu    sync.Mutex
	known map[crashed]string
	tried map[crashed]time.Time // in flight, or failed
}

func newLines(s *session) *lines {
	return &lines{s: s, slots: make(chan struct{}, linesAtOnce), known: map[crashed]string{}, tried: map[crashed]time.Time{}}
}

func (l *lines) read() map[crashed]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.known)
}

// want asks for the lines of the crashes that pods show now. It does not block.
func (l *lines) want(pods []judged, now time.Time) {
	refs := crashes(pods)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(pods)
	for _, ref := range refs {
		_, known := l.known[ref.crashed]
		if known || now.Sub(l.tried[ref.crashed]) < linesRetried {
			continue
		}
		l.tried[ref.crashed] = now
		go l.fetch(ref)
	}
}

// forget drops what is known of pods that are gone.
func (l *lines) forget(pods []judged) {
	here := make(map[string]bool, len(pods))
	for _, j := range pods {
		here[string(j.pod.UID)] = true
	}
	maps.DeleteFunc(l.known, func(c crashed, _ string) bool { return !here[string(c.Pod)] })
	maps.DeleteFunc(l.tried, func(c crashed, _ time.Time) bool { return !here[string(c.Pod)] })
}

func (l *lines) fetch(ref crashRef) {
	ctx := l.s.ctx
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return
	}
	line, err := l.s.c.lastWords(ctx, ref)
	if err != nil {
		return // tried again while the pod still shows this crash
	}
	l.mu.Lock()
	for c := range l.known { // one line for each container, and the one before
		if c.Pod == ref.Pod && c.Container == ref.Container && c.At < ref.At {
			delete(l.known, c)
		}
	}
	l.known[ref.crashed] = line
	l.mu.Unlock()
	l.s.poke()
}

// crashes lists where the last words of the crashed containers of pods can be
// read.
func crashes(pods []judged) []crashRef {
	var refs []crashRef
	for _, j := range pods {
		for _, f := range j.faults {
			if f.crashed == nil || len(refs) == linesWanted {
				continue
			}
			ref := crashRef{crashed: *f.crashed, pod: j.pod.Name}
			refs = append(refs, ref)
		}
	}
	return refs
}

// lastWords reads the line that tells why a container crashed. The log of the
// container before comes first: the current one may have been started again
// since its status was written, and then tells of a start, not of a crash.
func (c *Client) lastWords(ctx context.Context, ref crashRef) (string, error) {
	text, err := c.tail(ctx, ref, true)
	if err != nil {
		text, err = c.tail(ctx, ref, false)
	}
	if err != nil {
		return "", err
	}
	return telling(text), nil
}

func (c *Client) tail(ctx context.Context, ref crashRef, previous bool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	n, bytes := int64(lastWords), int64(linesBytes)
	raw, err := c.kube.CoreV1().Pods(c.namespace).GetLogs(ref.pod, &corev1.PodLogOptions{
		Container: ref.Container, Previous: previous, TailLines: &n, LimitBytes: &bytes,
	}).DoRaw(ctx)
	return string(raw), err
}

// telling is the line that tells why: the last one, or, where a Go program
// printed its stacks after it, the panic.
func telling(text string) string {
	all := strings.Split(text, "\n")
	for i := len(all) - 1; i >= 0; i-- {
		line := strings.TrimSpace(untrusted.Line(all[i], textBound))
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
	}
	return lastLine(text, textBound)
}
