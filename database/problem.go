package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"datahub.io/slipway/untrusted"
)

// Fault is what kind of thing stands against a backup, a restore or a look.
type Fault string

// The faults.
const (
	NoProgram     Fault = "no program"       // pg_dump or pg_restore is not there
	OldProgram    Fault = "old program"      // it is older than the server
	Unreachable   Fault = "unreachable"      // nobody answers at the address
	BadLogin      Fault = "login refused"    // wrong or missing password, unknown user, pg_hba
	NoDatabase    Fault = "no database"      // the server has no database of that name
	NoSpace       Fault = "no space"         // the disk is too full
	NoPermission  Fault = "not permitted"    // the role or the account may not do it
	Locked        Fault = "locked"           // somebody holds a lock that is in the way
	TimedOut      Fault = "timed out"        // it took longer than its limit
	Cancelled     Fault = "cancelled"        // whoever asked for it has stopped it
	Incomplete    Fault = "incomplete"       // the dump cannot be read to its end
	Empty         Fault = "empty"            // the dump has nothing in it
	Exists        Fault = "exists"           // there is something of that name already
	Changed       Fault = "changed"          // the dump is not what it was when it was taken
	OtherDatabase Fault = "another database" // the dump is of another database
	TooOld        Fault = "too old"          // the dump is older than asked for
	Busy          Fault = "busy"             // sessions that cannot be ended, or another restore
	Differs       Fault = "differs"          // what was restored is not what was dumped
	Unexpected    Fault = "unexpected"       // an answer other than the expected one
	Failed        Fault = "failed"           // anything else
)

// Problem is an error that a person can act on.
type Problem struct {
	Fault    Fault
	Wrong    string // what is wrong
	Found    string // what was found
	Accepted string // what is accepted
	Next     string // what to do next
	Err      error  // its cause, or nil
}

func (p *Problem) Error() string {
	text := p.Wrong
	if p.Found != "" {
		text += ": " + p.Found
	}
	if p.Accepted != "" {
		text += "; accepted: " + p.Accepted
	}
	if p.Next != "" {
		text += "; " + p.Next
	}
	return text
}

func (p *Problem) Unwrap() error { return p.Err }

// FaultOf is the fault of an error of this package, or "".
func FaultOf(err error) Fault {
	var p *Problem
	if errors.As(err, &p) {
		return p.Fault
	}
	return ""
}

// problem gives an error of the server or of the way to it its fault.
func (s Server) problem(wrong string, err error) error {
	if err == nil {
		return nil
	}
	var known *Problem
	if errors.As(err, &known) {
		return err
	}
	p := &Problem{Fault: Failed, Wrong: wrong, Found: s.clean(err.Error()), Err: errors.New(s.clean(err.Error()))}
	var answer *pgconn.PgError
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		p.Fault, p.Found, p.Err = Cancelled, "it was cancelled", context.Canceled
	case errors.As(err, &answer):
		p.Found = s.clean(answer.Message)
		if answer.Detail != "" {
			p.Found += " (" + s.clean(answer.Detail) + ")"
		}
		p.Fault, p.Next = s.byCode(answer.Code)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		p.Fault, p.Found = TimedOut, "no answer from "+s.Address()+" in time"
		p.Next = "see that the server answers and that no firewall is between"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT), errors.As(err, new(*net.DNSError)), errors.As(err, new(*pgconn.ConnectError)):
		p.Fault, p.Next = Unreachable, "see that the server runs, and that host and port are right"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		p.Fault, p.Next = NoSpace, "free some space, or name another directory"
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EROFS):
		p.Fault, p.Next = NoPermission, "give this account the permission, or name another directory"
	}
	return p
}

// byCode is what an SQLSTATE means to whoever asked, and what to do about it.
func (s Server) byCode(code string) (Fault, string) {
	switch {
	case code == "28P01", code == "28000":
		return BadLogin, fmt.Sprintf("see that the password is that of user %s, and that pg_hba.conf allows the login", s.shown().User)
	case code == "3D000":
		return NoDatabase, "name a database that the server has"
	case code == "42501":
		return NoPermission, fmt.Sprintf("grant it to user %s, or name another user", s.shown().User)
	case code == "53100":
		return NoSpace, "free some space on the server's disk"
	case code == "53300":
		return Busy, "close some connections, or raise max_connections"
	case code == "55P03":
		return Locked, "see who holds the lock, in pg_locks"
	case code == "57014":
		return TimedOut, "see what the server is busy with, in pg_stat_activity"
	case code == "42P04":
		return Exists, "remove or rename what is there"
	case code == "55006":
		return Busy, "end the sessions that use the database"
	case strings.HasPrefix(code, "57P"):
		return Unreachable, "try again once the server accepts connections"
	}
	return Failed, ""
}

// clean makes a text of the server or of a program safe to show, on one line, without the password.
func (s Server) clean(text string) string {
	if secret := s.Password.text; secret != "" {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return untrusted.Line(strings.Join(strings.Fields(text), " "), 400)
}
