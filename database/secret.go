package database

import (
	"fmt"
	"io"
	"strings"
)

const hidden = "[hidden]"

// Secret is a password. However it is printed or encoded, it stays hidden.
type Secret struct{ text string }

// NewSecret takes a password.
func NewSecret(text string) Secret { return Secret{text} }

// Known tells whether there is one.
func (s Secret) Known() bool { return s.text != "" }

func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return hidden
}

// Format hides it from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText hides it from every encoder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// passfile is the text of a password file with the password for every server.
func (s Secret) passfile() string {
	return "*:*:*:*:" + strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(s.text) + "\n"
}
