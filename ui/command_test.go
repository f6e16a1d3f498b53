package ui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"datahub.io/slipway/release"
)

// A command is shown whole or not at all: what is cut is no command.
func TestCommandsAreShownWhole(t *testing.T) {
	frames := map[string]release.Frame{"ready": frameReady(), "rolling": frameRolling(), "canary": frameCanary(), "canary ready": frameCanaryReady()}
	shown := 0
	for name, f := range frames {
		whole := map[string]bool{}
		for _, c := range f.Choices {
			whole[flatten(c.Preview.SameAs.String())] = true
		}
		for _, size := range [][2]int{{60, 20}, {80, 24}, {100, 30}, {120, 40}, {200, 60}} {
			for _, key := range []string{"", "d", "a", "b", "u", "p", "r"} {
				p := play(t, f, darkTheme, size[0], size[1])
				if key != "" {
					p.press(key)
				}
				for _, at := range commandsOn(p.screen()) {
					if !whole[at] {
						t.Errorf("%s, %q at %v shows %q:\n%s", name, key, size, at, p.screen())
					}
					shown++
				}
			}
		}
	}
	if shown < 20 {
		t.Errorf("%d commands were shown", shown)
	}
}

// commandsOn are the texts that begin with kubectl in a dialog or sheet, each until the
// next label.
func commandsOn(screen string) []string {
	var out []string
	var current []string
	for line := range strings.Lines(screen) {
		_, body, framed := strings.Cut(line, "┃")
		body, _, closed := strings.Cut(body, "┃")
		label, _, labelled := strings.Cut(strings.TrimSpace(body), "  ")
		switch {
		case current != nil && framed && closed && strings.HasPrefix(body, "        "):
			current = append(current, strings.TrimSpace(body))
			continue
		case current != nil:
			out, current = append(out, strings.Join(current, " ")), nil
		}
		if framed && labelled && strings.HasPrefix(label, "same as") || strings.HasPrefix(strings.TrimSpace(body), "same as ") {
			text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(body), "same as"))
			if strings.HasPrefix(text, "kubectl ") {
				current = []string{text}
			}
		}
	}
	return out
}

// Where there is no command, or none that is known, K says why.
func TestNoCommandIsExplained(t *testing.T) {
	p := plain40(t, frameCanaryReady(), "K")
	p.sees("K: no kubectl command does this: slipway makes the canary's Deployment itself")
	if p.copied != "" {
		t.Errorf("copied %q", p.copied)
	}
	f := frameCanary()
	f.State.View.Split.Err = "virtualservice/datahub-gateway has 2 routes with both destinations"
	p = plain40(t, refresh(f), "b", "K")
	p.seesNot("same as")
	p.sees("K: no kubectl command does this: virtualservice/datahub-gateway has 2 routes with both destinations")
	if p.copied != "" {
		t.Errorf("copied %q", p.copied)
	}
}

// What is copied is the whole of it, quoted for a shell, also where the terminal writes
// no more than ASCII.
func TestTheWholeCommandIsCopied(t *testing.T) {
	f := frameCanary()
	f.Plan.Cluster = "prod-eü'; reboot; '"
	f = refresh(f)
	for _, th := range []theme{darkTheme, newTheme(true, noColour, true)} {
		p := play(t, f, th, 80, 24, "b", "K")
		abort := ""
		for _, c := range f.Choices {
			if c.Kind == release.DoAbort {
				abort = c.Preview.SameAs.String()
			}
		}
		if !strings.Contains(abort, `--context 'prod-eü'\''; reboot; '\''' -n`) || p.copied != abort {
			t.Errorf("copied %q, want %q", p.copied, abort)
		}
		if strings.Contains(ansi.Strip(fmt.Sprint(p.model.View().Content)), "same as kubectl") {
			t.Error("a part of it is shown")
		}
	}
}
