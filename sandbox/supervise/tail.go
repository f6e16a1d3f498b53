package supervise

import (
	"fmt"
	"os"
	"strings"
)

// Tail returns the last lines of a part's log, indented below a line that names the file, for the end of an error message.
func Tail(path string) string {
	const most, lines = 16 << 10, 8
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if len(data) > most {
		data = data[len(data)-most:]
	}
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return fmt.Sprintf("\n  the end of %s:\n    %s", path, strings.Join(all, "\n    "))
}
