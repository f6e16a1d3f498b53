package kube

import (
	"io"
	"net"
	"sync"
	"testing"
)

// plug stands on the way to a server and can be pulled.
type plug struct {
	t      testing.TB
	server string
	addr   string

	mu    sync.Mutex
	l     net.Listener
	conns []net.Conn
	hung  chan struct{} // open: bytes stop here
}

func newPlug(t testing.TB, server string) *plug {
	t.Helper()
	p := &plug{t: t, server: server, addr: "127.0.0.1:0"}
	p.restore()
	t.Cleanup(p.cut)
	return p
}

func (p *plug) address() string { return p.addr }

// cut closes every connection and refuses new ones.
func (p *plug) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.l.Close()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

// hang keeps connections open and lets nothing pass.
func (p *plug) hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hung = make(chan struct{})
}

// restore puts the plug back. What hung stays lost.
func (p *plug) restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hung != nil {
		p.hung = nil
		return
	}
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.l, p.addr = l, l.Addr().String()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", p.server)
			if err != nil {
				in.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			go p.pass(in, out)
			go p.pass(out, in)
		}
	}()
}

func (p *plug) pass(from, to net.Conn) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !p.swallows() {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			_, _ = io.Copy(io.Discard, from)
			return
		}
	}
}

func (p *plug) swallows() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hung != nil
}
