// Package report writes what happened to a release, for readers who were not there: as
// Markdown for a change request, as one HTML file with plots, or as JSON.
//
// It is pure: the record's entries and the figures kept beside them go in, bytes come out,
// the same each time. Nothing is claimed that the record does not hold, and nothing
// outside is asked. All text in a record is of strangers, and escaped for where it goes.
package report
