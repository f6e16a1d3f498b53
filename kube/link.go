package kube

import (
	"cmp"
	"context"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"datahub.io/slipway/release"
)

// beatEvery is how often the API server proves that it answers. A watch that
// has gone dead says nothing, for minutes; a request does.
const beatEvery = 2 * time.Second

// backoff is the wait after each failed try; the last one stays.
var backoff = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 6 * time.Second}

// beat is one answer about the Deployment.
type beat struct {
	asked      time.Time          // before it was sent: what was changed before then is in it
	at         time.Time          // when the answer came
	deployment *appsv1.Deployment // nil: it does not exist
	err        error
}

// get reads the Deployment. That it does not exist is an answer.
func (c *Client) get(ctx context.Context) (*appsv1.Deployment, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	d, err := c.kube.AppsV1().Deployments(c.namespace).Get(ctx, c.deployment, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, c.name(err, "get", "deployments")
	}
	return d, nil
}

// ask sends a heartbeat; the answer arrives in w.beats.
func (w *watcher) ask(ctx context.Context) {
	if w.asking {
		return
	}
	w.asking = true
	if w.session == nil {
		// A connection that died in silence would be used again and again.
		utilnet.CloseIdleConnectionsFor(w.c.http.Transport)
	}
	asked := time.Now()
	go func() {
		var elsewhere error
		var wait sync.WaitGroup
		wait.Go(func() { elsewhere = w.c.confirm(ctx) })
		d, err := w.c.get(ctx)
		wait.Wait()
		w.beats <- beat{asked: asked, at: time.Now(), deployment: d, err: cmp.Or(elsewhere, err)}
	}()
}

// lose ends the session and says that, and why, nothing is live.
func (w *watcher) lose(err error) {
	if w.session != nil {
		w.session.close()
		w.session = nil
		w.c.remember(nil)
		select {
		case <-w.troubles: // of the session that is no more
		default:
		}
	}
	w.c.doubt()
	now := time.Now()
	if w.link.OK || w.link.Since.IsZero() {
		w.link = release.Link{Since: now, Last: w.link.Last}
	}
	wait := backoff[min(w.link.Tries, len(backoff)-1)]
	w.link.Tries++
	w.link.Err, w.link.Next = short(err), now.Add(wait)
	w.next.Reset(wait)
	w.emit(release.Linked{Source: release.Kubernetes, Link: w.link})
}

// regain says that everything is live (again).
func (w *watcher) regain(at time.Time) {
	w.link.Last = at
	if w.link.OK {
		return
	}
	w.link = release.Link{OK: true, Since: time.Now(), Last: at}
	w.emit(release.Linked{Source: release.Kubernetes, Link: w.link})
}

// written is the last change that this client made of the Deployment.
type written struct {
	at      time.Time // of the answer
	version string    // its resourceVersion since then; empty: it was deleted
}

// wrote notes a change, and has the API server asked again at once: what was known before
// it is no longer new.
func (c *Client) wrote(version string) {
	c.mu.Lock()
	c.written = written{time.Now(), version}
	c.mu.Unlock()
	offer(c.again, struct{}{})
}

func (c *Client) lastWrite() written {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.written
}

// since tells whether what was watched, and asked for, is from after the change.
func (w written) since(watched *appsv1.Deployment, proof beat) bool {
	if w.at.IsZero() || proof.asked.After(w.at) {
		return true
	}
	if watched == nil || w.version == "" {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(watched.ResourceVersion, w.version)
	return err == nil && order >= 0
}

// atLeast tells whether what the watch has is as new as what the heartbeat
// read: what decides whether the watch may be called fresh.
func atLeast(watched *appsv1.Deployment, news time.Time, proof beat) bool {
	switch {
	case watched != nil && proof.deployment != nil:
		order, err := resourceversion.CompareResourceVersion(watched.ResourceVersion, proof.deployment.ResourceVersion)
		if err != nil {
			return watched.ResourceVersion == proof.deployment.ResourceVersion
		}
		return order >= 0
	case watched == nil && proof.deployment == nil:
		return true
	default:
		return news.After(proof.at) // it came or went after the heartbeat
	}
}
