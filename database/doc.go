// Package database looks after the PostgreSQL database behind a release: it
// dumps and restores it with PostgreSQL's own programs, and reads over a
// connection of its own what migrations ran, what they changed in the schema,
// and what one that runs is waiting for.
//
// A backup counts only when its dump is complete. The dump goes to a file named
// .partial; the program must exit 0, what it wrote must be readable from end to
// end, and the file must be on the disk with the checksum of what was written,
// before it gets its name. Beside it lies its [Manifest]. No file is ever
// overwritten or deleted, but what an attempt that failed has left of itself.
//
// A restore never touches the live database. It fills a new one, compares it with
// the manifest, and swaps the names in one transaction; the replaced database is
// kept. How far it is stands in the comments of the databases themselves, so that
// whoever comes next can tell.
//
// All looking is done in read-only sessions with short limits on time and locks.
// A password goes to a program through a file that only the program can open; it
// is in no argument, no variable of a process's environment, no error and no log.
package database
