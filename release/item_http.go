package release

import "time"

// HTTPCheck are the settings of ItemHTTP.
type HTTPCheck struct {
	URL        string
	AnyVersion bool // a 200 is enough, whatever version the answer names, or none
}

// ItemHTTP gets a URL: it passes with 200 and the version of the release.
var ItemHTTP = register(HTTPCheck{}.settingsOf(), kind{
	class: Check, settings: HTTPCheck{},
	words: func(_ Plan, spec ItemSpec) string {
		c := SettingsOf[HTTPCheck](spec)
		if c.AnyVersion {
			return "GET " + ShownAddress(c.URL) + ": 200"
		}
		return "GET " + ShownAddress(c.URL) + ": 200 and the version"
	},
	every: 2 * time.Second, least: time.Second, timeout: 5 * time.Second, stale: 15 * time.Second,
})

func (HTTPCheck) settingsOf() ItemType { return "http" }
