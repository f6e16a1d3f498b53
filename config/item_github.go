package config

import (
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

var (
	gitRepository = matching("a repository on GitHub: OWNER/NAME", regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`))
	branchName    = matching("the name of a branch, such as main", regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/-]*$`))
)

// github reads what all items of type github have in common.
func (d *decoder) github(into *release.GitHubCheck) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		d.mapping(n, path, []field{
			{"repository", gitRepository.accepted, value(d, &into.Repository, gitRepository)},
			{"url", "", d.endpoint(&into.URL)},
			{"tokenEnv", "", d.secret(&into.TokenEnv)},
			{"tokenFile", "", d.path(&into.TokenFile)},
			{"branch", "", value(d, &into.Branch, branchName)},
		})
		if given(n, "tokenEnv") != nil && given(n, "tokenFile") != nil {
			d.problem(n, join(path, "tokenFile"), "a second place for the token", "tokenEnv or tokenFile")
		}
	}
}

var _ = reads(release.ItemGitHub, func(d *decoder, c *release.GitHubCheck) []field {
	required := ""
	if d.root != nil && given(d.root, "github") == nil && c.Repository == "" {
		required = gitRepository.accepted + ", here or for all items: github.repository"
	}
	return []field{
		{"repository", required, value(d, &c.Repository, gitRepository)},
		{"branch", "", value(d, &c.Branch, branchName)},
		{"checks", "", d.values(&c.Checks, "names of check runs, commit statuses or workflows, such as [load-tests]", text)},
		{"lightweight", "", value(d, &c.Lightweight, boolean)},
	}
}, func(c *release.GitHubCheck, e surroundings) (missing, accepted string) {
	if c.Repository == "" {
		c.Repository = e.GitHub.Repository
	}
	if c.Branch == "" {
		c.Branch = e.GitHub.Branch
	}
	if c.Branch == "" {
		c.Branch = "main"
	}
	c.URL, c.TokenEnv, c.TokenFile = e.GitHub.URL, e.GitHub.TokenEnv, e.GitHub.TokenFile
	return "", ""
})

// values reads a list of scalars of a kind, each once.
func (d *decoder) values(into *[]string, accepted string, each kind[string]) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		*into = nil
		d.list(n, path, accepted, func(n *yaml.Node, path string) {
			var one string
			value(d, &one, each)(n, path)
			if one != "" && slices.Contains(*into, one) {
				d.problem(n, path, quote(one)+" again", "each once")
			}
			*into = append(*into, one)
		})
	}
}
