package release

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// CommandAction are the settings of ItemCommand. Argv may contain fields, see Fields.
type CommandAction struct {
	Argv  []string
	Shell bool     // Argv is one script, for sh -c
	Dir   string   // where it runs; empty: where slipway does
	Env   []string // the variables that it gets, beside PATH and HOME
	Limit time.Duration
}

// ItemCommand runs a command, once, and passes with exit code 0.
var ItemCommand = register(CommandAction{}.settingsOf(), kind{
	class: Action, settings: CommandAction{},
	words: func(plan Plan, spec ItemSpec) string {
		c := SettingsOf[CommandAction](spec)
		return cmp.Or(RunCommand{Argv: c.Argv, Shell: c.Shell}.shown(), "a command")
	},
	do: func(plan Plan, s State, spec ItemSpec) Operation {
		c := SettingsOf[CommandAction](spec)
		argv := make([]string, len(c.Argv))
		for i, word := range c.Argv {
			argv[i] = Filled(word, fieldsOf(plan, s))
		}
		return RunCommand{Argv: argv, Shell: c.Shell, Dir: c.Dir, Env: c.Env, Limit: c.Limit}
	},
	preview: func(plan Plan, s State, spec ItemSpec) Preview {
		o := kinds[ItemCommandType].do(plan, s, spec).(RunCommand)
		p := Preview{
			Object: "this machine" + inDir(o.Dir), Change: o.Describe(),
			How:    fmt.Sprintf("once, for at most %s; it gets PATH, HOME%s", Span(o.Limit), listed(o.Env)),
			SameAs: same(Command(o.Argv)),
		}
		if o.Shell {
			p.SameAs = same(Command{"sh", "-c", o.Argv[0]})
		}
		return p
	},
})

// ItemCommandType is the name of the type of ItemCommand.
const ItemCommandType ItemType = "command"

func (CommandAction) settingsOf() ItemType { return ItemCommandType }

func inDir(dir string) string {
	if dir == "" {
		return ""
	}
	return ", in " + dir
}

func listed(env []string) string {
	if len(env) == 0 {
		return ""
	}
	return ", " + strings.Join(env, ", ")
}

// Fields are what a command may contain in braces: "{version}".
var Fields = []string{"version", "image", "repository", "service", "environment", "namespace"}

func fieldsOf(plan Plan, s State) map[string]string {
	version := s.To.Version
	return map[string]string{
		"version": version, "image": plan.Image + ":" + version, "repository": plan.Image,
		"service": plan.Service, "environment": plan.Environment, "namespace": plan.Namespace,
	}
}

// FieldsIn lists what stands in single braces in a word, each letter by letter. Twice the
// braces are none: {{.ID}} is for the command itself.
func FieldsIn(word string) []string {
	var names []string
	eachField(word, func(name string) string {
		names = append(names, name)
		return ""
	})
	return names
}

// Filled is the word with its fields replaced.
func Filled(word string, fields map[string]string) string {
	return eachField(word, func(name string) string {
		if value, known := fields[name]; known {
			return value
		}
		return "{" + name + "}"
	})
}

func eachField(word string, with func(name string) string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(word, '{')
		if open < 0 {
			break
		}
		run := open
		for run < len(word) && word[run] == '{' {
			run++
		}
		b.WriteString(word[:open])
		name := word[run:]
		end := strings.IndexFunc(name, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') })
		if run-open == 1 && end > 0 && name[end] == '}' {
			b.WriteString(with(name[:end]))
			word = name[end+1:]
			continue
		}
		b.WriteString(word[open:run])
		word = name
	}
	return b.String() + word
}
