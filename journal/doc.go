// Package journal keeps the record of each release: append-only, written ahead
// of the effects, readable after a crash at any byte.
//
// A record is a file of lines, one durable change each, under
//
//	stateDir/<service>/<environment>/<id>.jsonl
//
// Every line carries the whole release.Record after the change and a checksum,
// so recovery is "the last line whose checksum holds". Append returns only
// when the line is on the disk; the engine performs the effects of a change
// after that, and journals their outcome the same way.
//
// Nothing is ever overwritten or cut off. When a file ends in a damaged line,
// the record goes on in <id>+1.jsonl, and reading joins the parts.
package journal
