package cli

import (
	"errors"

	"datahub.io/slipway/release"
)

// exitCodes is the exit code of each way in which a command ends.
var exitCodes = map[release.Ending]int{
	release.EndsDone:       exitOK,
	release.EndsFailed:     exitError,
	release.EndsBack:       exitRolledBack,
	release.EndsAtGate:     exitGate,
	release.EndsUnfinished: exitUnfinished,
}

// ended is the error of a command that has come to its end, nil where it is done.
func ended(e release.End) error {
	if exitCodes[e.Ending] == exitOK {
		return nil
	}
	return &exit{exitCodes[e.Ending], errors.New(e.Text)}
}

// against ends a command with what it was refused for.
func against(r release.Refusal) error { return ended(r.End()) }
