package cli

import (
	"errors"

	"datahub.io/slipway/release"
)

// refusalExits is the exit code of a command that asked for what is refused, and that no
// wait mends.
var refusalExits = map[release.RefusalKind]int{
	release.RefusedOffline:    exitError,
	release.RefusedMissing:    exitError,
	release.RefusedUnseen:     exitError,
	release.RefusedBusy:       exitError,
	release.RefusedHeld:       exitUnfinished,
	release.RefusedAsking:     exitUnfinished,
	release.RefusedDriven:     exitUnfinished,
	release.RefusedForeign:    exitUnfinished,
	release.RefusedGate:       exitGate,
	release.RefusedLack:       exitGate,
	release.RefusedWindow:     exitGate,
	release.RefusedApproval:   exitGate,
	release.RefusedNotYet:     exitError,
	release.RefusedAlready:    exitError, // kubectl calls it an error too: "is already paused"
	release.RefusedPhase:      exitError,
	release.RefusedUnfit:      exitError,
	release.RefusedUnknown:    exitError,
	release.RefusedWish:       exitError,
	release.RefusedMoved:      exitError,
	release.RefusedUnrecorded: exitError,
}

// against ends a command with what it was refused for.
func against(r release.Refusal) error { return &exit{refusalExits[r.Kind], errors.New(r.String())} }
