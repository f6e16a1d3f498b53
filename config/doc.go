// Package config turns flags, environment variables, a file and defaults, in
// this order of precedence, into release.Plan and the addresses to connect to.
//
// The file is read once, as a tree with positions. Every problem in it is
// reported at the same time, each with file, line, key, what was found and
// what is accepted; problems in flags and variables are reported the same way.
// Secrets are never in the file: it only names the variable that holds one.
package config
