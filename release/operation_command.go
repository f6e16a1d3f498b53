package release

import (
	"strings"
	"time"
)

// RunCommand runs a command on this machine. Nothing of it can be watched: when its answer
// is lost, a person looks what it has done.
type RunCommand struct {
	Argv  []string      `json:"argv"`
	Shell bool          `json:"shell,omitempty"` // Argv is one script, for sh -c
	Dir   string        `json:"dir,omitempty"`
	Env   []string      `json:"env,omitempty"` // the variables that it gets, beside PATH and HOME
	Limit time.Duration `json:"limit"`
}

// longestCommand is how many runes of a command are shown in a line.
const longestCommand = 120

// Kind is OpRunCommand.
func (RunCommand) Kind() OpKind { return OpRunCommand }

// Subject is nothing of the workload.
func (RunCommand) Subject() Subject { return OffWorkload }

// Describe names the command.
func (o RunCommand) Describe() string { return "run " + o.shown() }

// shown is the command as it is shown, cut where it is long.
func (o RunCommand) shown() string {
	text := Commands{List: []Command{o.Argv}}.String()
	if o.Shell {
		text = strings.Join(strings.Fields(strings.Join(o.Argv, " ")), " ")
	}
	if runes := []rune(text); len(runes) > longestCommand {
		text = string(runes[:longestCommand]) + "…"
	}
	return text
}

// Deadline is its time limit.
func (o RunCommand) Deadline() time.Duration { return o.Limit }

// Look sees nothing.
func (RunCommand) Look(View, string) Look { return Look{} }

func (o RunCommand) decided(Plan, View) Operation { return o }
