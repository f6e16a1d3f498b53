package release

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Command is a program and its arguments, each as the program gets it.
type Command []string

// Commands does with kubectl what a choice does: all of it, in the same order, each
// command once the one before it has succeeded. Without any, Why says why there is
// none, or why it cannot be known yet.
type Commands struct {
	List []Command
	Why  string
}

// String is what a POSIX shell takes, on one line: each word is quoted where it has
// to be. It is empty where there is no command.
func (c Commands) String() string {
	lines := make([]string, len(c.List))
	for i, command := range c.List {
		words := make([]string, len(command))
		for j, word := range command {
			words[j] = quoted(word)
		}
		lines[i] = strings.Join(words, " ")
	}
	return strings.Join(lines, " && ")
}

// Changes is how many of them are of kubectl; the others only wait.
func (c Commands) Changes() (n int) {
	for _, command := range c.List {
		if command[0] == "kubectl" {
			n++
		}
	}
	return n
}

// None tells whether there is no command.
func (c Commands) None() bool { return len(c.List) == 0 }

// quoted is a word as a POSIX shell reads it: as it is where every character of it
// stands for itself, otherwise in single quotes.
func quoted(word string) string {
	bare := func(r rune) bool {
		return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("-_./:=@,+%", r)
	}
	// zsh reads a first = as the path of a program.
	if word != "" && word[0] != '=' && strings.IndexFunc(word, func(r rune) bool { return !bare(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// same is what does the same as a choice. A name that a terminal would not show as it
// is, or would obey, is never put into a command.
func same(list ...Command) Commands {
	for _, command := range list {
		for _, word := range command {
			if !utf8.ValidString(word) || strings.IndexFunc(word, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
				return noCommand(fmt.Sprintf("%q has characters that cannot be pasted into a shell", word))
			}
		}
	}
	return Commands{List: list}
}

// noCommand says why no command is shown.
func noCommand(why string) Commands { return Commands{Why: why} }

// kubectl is one command for the plan's namespace. It names the context: copied into
// another shell it must not reach another cluster. $KUBECONFIG counts there as here.
func kubectl(plan Plan, args ...string) Command {
	to := Command{"kubectl"}
	if plan.Kubeconfig != "" {
		to = append(to, "--kubeconfig", plan.Kubeconfig)
	}
	if !plan.InCluster {
		to = append(to, "--context", plan.Cluster)
	}
	return slices.Concat(to, Command{"-n", plan.Namespace}, args)
}

func setImageCommand(plan Plan, image string) Command {
	set := []string{"set", "image", "deployment/" + plan.Deployment}
	for _, name := range plan.released() {
		set = append(set, name+"="+image)
	}
	return kubectl(plan, set...)
}

// rolloutCommand is "kubectl rollout VERB" of a Deployment; "status" waits until it is
// complete.
func rolloutCommand(plan Plan, verb, deployment string, flags ...string) Command {
	return kubectl(plan, slices.Concat([]string{"rollout", verb, "deployment/" + deployment}, flags)...)
}

// undoCommands lead stable back to a revision: kubectl undoes no paused rollout.
func undoCommands(plan Plan, w Workload, revision int64) []Command {
	undo := rolloutCommand(plan, "undo", plan.Deployment, fmt.Sprintf("--to-revision=%d", revision))
	if w.Paused {
		return []Command{rolloutCommand(plan, "resume", plan.Deployment), undo}
	}
	return []Command{undo}
}

// scaleCommand patches the Deployment, as slipway does: "kubectl scale" would need
// permission for a subresource, which slipway's role does not have.
func scaleCommand(plan Plan, deployment string, replicas int) Command {
	return kubectl(plan, "patch", "deployment/"+deployment, "-p", fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas))
}

func deleteCommand(plan Plan) Command {
	return kubectl(plan, "delete", "deployment/"+plan.Canary.Deployment)
}

// weightCommand sets the two weights of the route, of a split that was read, while its
// destinations and weights are still what was read.
func weightCommand(plan Plan, split Split, weight int) Command {
	kind, name, _ := strings.Cut(plan.Canary.Route, "/")
	var ops []string
	for _, test := range split.Same {
		ops = append(ops, fmt.Sprintf(`{"op":"test","path":%q,"value":%s}`, test.Path, test.Value))
	}
	ops = append(ops, fmt.Sprintf(`{"op":"add","path":%q,"value":%d}`, split.StablePath, 100-weight), fmt.Sprintf(`{"op":"add","path":%q,"value":%d}`, split.CanaryPath, weight))
	return kubectl(plan, "patch", kind, name, "--type=json", "-p", "["+strings.Join(ops, ", ")+"]")
}

// settleCommand waits as slipway does before the canary's pods go.
func settleCommand() Command { return Command{"sleep", fmt.Sprint(settleFor.Seconds())} }
