package kubelet

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Memory is when states of pods and of their containers were first seen: the API keeps whole seconds, and of some states no time at all. Its zero
// value is empty.
type Memory struct {
	mu   sync.Mutex
	pods map[types.UID]map[string]state
}

type state struct {
	name string
	at   time.Time
}

// since returns when something of a pod was first seen in the state that it has now.
func (m *Memory) since(pod types.UID, of, name string, now time.Time) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	states := m.of(pod)
	if s, ok := states[of]; !ok || s.name != name {
		states[of] = state{name, now}
	}
	return states[of].at
}

// of returns what is known of a pod, with the mutex held.
func (m *Memory) of(pod types.UID) map[string]state {
	if m.pods == nil {
		m.pods = map[types.UID]map[string]state{}
	}
	if m.pods[pod] == nil {
		m.pods[pod] = map[string]state{}
	}
	return m.pods[pod]
}

// note notes that something of a pod was done.
func (m *Memory) note(pod types.UID, what string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of(pod)[what] = state{at: now}
}

// last returns when something of a pod was last done.
func (m *Memory) last(pod types.UID, what string) (time.Time, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.pods[pod][what]
	return s.at, ok
}

// Forget drops what is known of a pod.
func (m *Memory) Forget(pod types.UID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pods, pod)
}
