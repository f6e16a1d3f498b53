package release

import (
	"cmp"
	"fmt"
	"time"
)

// HTTPCheck are the settings of ItemHTTP.
type HTTPCheck struct {
	URL        string
	AnyVersion bool              // a 200 is enough, whatever version the answer names, or none
	Method     string            // empty: GET
	HeadersEnv map[string]string // headers, by the variable that has the value
	// Query is a jq expression that has to find one value in the answer, in place of the
	// version; the value is to be Equals, or a number from AtLeast to AtMost. Each may be
	// empty.
	Query, Equals, AtLeast, AtMost string
	Answers                        int           // in a row that have to be good; 0: 1
	MaxLatency                     time.Duration // of the slowest; 0: any
	TLS                            time.Duration // that the certificate has to be valid for; 0: any
}

// Asks is the method of the request.
func (c HTTPCheck) Asks() string { return cmp.Or(c.Method, "GET") }

// ItemHTTP asks a URL: it passes with 200 and the version of the release, or the value
// that its expression finds.
var ItemHTTP = register(HTTPCheck{}.settingsOf(), kind{
	class: Check, settings: HTTPCheck{},
	words: func(_ Plan, spec ItemSpec) string {
		c := SettingsOf[HTTPCheck](spec)
		text := c.Asks() + " " + ShownAddress(c.URL)
		switch {
		case c.Query != "" && c.Equals != "":
			text += fmt.Sprintf(": %s is %s", c.Query, c.Equals)
		case c.Query != "":
			text += ": " + c.Query
		case c.AnyVersion:
			text += ": 200"
		default:
			text += ": 200 and the version"
		}
		if c.Answers > 1 {
			text += fmt.Sprintf(", %d times in a row", c.Answers)
		}
		return text
	},
	every: 2 * time.Second, least: time.Second, timeout: 5 * time.Second, stale: 15 * time.Second,
})

func (HTTPCheck) settingsOf() ItemType { return "http" }
