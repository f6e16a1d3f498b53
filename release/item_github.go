package release

import (
	"strings"
	"time"
)

// GitHubCheck are the settings of ItemGitHub.
type GitHubCheck struct {
	Repository string // "datahub/gateway"
	URL        string // of GitHub Enterprise; empty: github.com
	TokenEnv   string // the variable that holds a token; empty: none
	TokenFile  string // the file that does; empty: none
	Branch     string // that must have the tag's commit
	// Checks must be green at the tag's commit: names of check runs, commit statuses or
	// workflows. None: the tag itself is looked at.
	Checks      []string
	Lightweight bool // a tag without annotation is enough
}

// ItemGitHub looks the release's tag up: it passes when the tag is annotated and on the
// branch, or, where it names checks, when all of them have succeeded for the tag's commit.
// Its facts are FactCommit, and FactRun and FactLink of the first check.
var ItemGitHub = register(GitHubCheck{}.settingsOf(), kind{
	class: Check, settings: GitHubCheck{},
	words: func(_ Plan, spec ItemSpec) string {
		c := SettingsOf[GitHubCheck](spec)
		if len(c.Checks) > 0 {
			return "green on GitHub: " + strings.Join(c.Checks, ", ")
		}
		return "the tag is on " + c.Branch + " of " + c.Repository
	},
	every: 30 * time.Second, least: 10 * time.Second, timeout: 20 * time.Second, stale: 2 * time.Minute,
})

func (GitHubCheck) settingsOf() ItemType { return "github" }

// FactCommit is the commit that a tag names.
const FactCommit FactName = "commit"
