package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// Every type whose items have settings can be written, and no other type has any.
func TestItemSettingsAreRead(t *testing.T) {
	for _, kind := range release.ItemTypes() {
		own, read := itemTypes[kind]
		if has := kind.Settings() != nil; has != read || has != (len(own.keys) > 0) {
			t.Errorf("%s: has settings %v, is read %v with keys %v", kind, has, read, own.keys)
		}
	}
	for kind := range itemTypes {
		if kind.Class() == "" {
			t.Errorf("%s is read, but there is no such type", kind)
		}
	}
}

// What can pass only after the deploy does not stand before it.
func TestItemsThatPassAfterTheDeploy(t *testing.T) {
	for _, kind := range release.ItemTypes() {
		if kind.Class() != release.Check {
			continue
		}
		isolate(t)
		own := ""
		if kind == release.ItemMetric || kind == release.ItemSpikes {
			own = ", metric: cpu"
		}
		_, err := load(t, minimal+"\nchecklist:\n  - {id: early, title: Early, stage: pre, type: "+string(kind)+own+"}\n  - {id: rolling-update-in-progress}\n")
		if refused := err != nil && strings.Contains(err.Error(), "early, of type "+string(kind)+", before the deploy"); refused != kind.AfterDeploy() {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

const deployItem = "\n  - {id: rolling-update-in-progress}\n"

// What items of type image and github say is read, and what they leave out comes from the
// block for all of them.
func TestOutsideItems(t *testing.T) {
	isolate(t)
	c, err := load(t, minimal+`
github: {repository: datahub/gateway, url: "https://github.datahub.io", tokenEnv: GITHUB_TOKEN, branch: release}
checklist:
  - {id: tag, title: Tag, stage: pre, type: github, lightweight: true}
  - {id: scan, title: Scan, stage: pre, type: github, repository: datahub/other, branch: main, checks: [security-scan, "load tests"]}
  - {id: image, title: Image, stage: pre, type: image}
  - {id: there, title: There, stage: pre, type: image, repository: "mirror:5000/gateway", platforms: [linux/amd64], pullSecrets: false, pin: false, every: 10s}`+deployItem)
	if err != nil {
		t.Fatal(err)
	}
	at := release.GitHubCheck{Repository: "datahub/gateway", URL: "https://github.datahub.io", TokenEnv: "GITHUB_TOKEN", Branch: "release", Lightweight: true}
	other := at
	other.Repository, other.Branch, other.Checks, other.Lightweight = "datahub/other", "main", []string{"security-scan", "load tests"}, false
	want := []release.ItemSettings{
		at, other, release.ImageCheck{PullSecrets: true, Pin: true},
		release.ImageCheck{Repository: "mirror:5000/gateway", Platforms: []string{"linux/amd64"}},
	}
	for i, item := range c.Environments[0].Items[:4] {
		if !reflect.DeepEqual(item.Settings, want[i]) {
			t.Errorf("%s: %+v, want %+v", item.ID, item.Settings, want[i])
		}
	}
}

func TestOutsideItemsAreChecked(t *testing.T) {
	for name, c := range map[string]struct{ text, said string }{
		"no repository":   {"checklist:\n  - {id: tag, title: Tag, stage: pre, type: github}" + deployItem, "OWNER/NAME, here or for all items: github.repository"},
		"no OWNER":        {"github: {repository: gateway}\n", "OWNER/NAME"},
		"two tokens":      {"github: {repository: a/b, tokenEnv: A, tokenFile: b}\n", "tokenEnv or tokenFile"},
		"the token":       {"github: {repository: a/b, tokenEnv: ghp_s3cret}\n", "something else, not shown here"},
		"a check twice":   {"github: {repository: a/b}\nchecklist:\n  - {id: tag, title: Tag, stage: pre, type: github, checks: [x, x]}" + deployItem, `"x" again`},
		"no platform":     {"checklist:\n  - {id: i, title: I, stage: pre, type: image, platforms: [amd64]}" + deployItem, "OS/ARCHITECTURE"},
		"a tag":           {"checklist:\n  - {id: i, title: I, stage: pre, type: image, repository: \"gateway:v1\"}" + deployItem, "the repository alone"},
		"too often":       {"checklist:\n  - {id: i, title: I, stage: pre, type: image, every: 1s}" + deployItem, "at least 10s"},
		"of another type": {"checklist:\n  - {id: i, title: I, stage: pre, type: image, checks: [x]}" + deployItem, "nothing here, for an item of type image"},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			_, err := load(t, minimal+"\n"+c.text)
			if err == nil || !strings.Contains(err.Error(), c.said) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v\nwant %q", err, c.said)
			}
		})
	}
}

func TestCommands(t *testing.T) {
	isolate(t)
	c, err := load(t, minimal+`
checklist:
  - {id: tagged, title: Tagged, stage: pre, type: command, run: [git, tag, "{version}", "{{.ID}}"], env: [SSH_AUTH_SOCK], limit: 1h}
  - {id: notes, title: Notes, stage: post, type: command, shell: true, run: "git log {version} > notes"}
  - {id: rolling-update-in-progress}
`)
	if err != nil {
		t.Fatal(err)
	}
	items := c.Environments[0].Items
	want := release.CommandAction{Argv: []string{"git", "tag", "{version}", "{{.ID}}"}, Env: []string{"SSH_AUTH_SOCK"}, Limit: time.Hour}
	if got := items[0].Settings; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := release.SettingsOf[release.CommandAction](items[2]); !got.Shell || got.Argv[0] != "git log {version} > notes" || got.Limit != 10*time.Minute {
		t.Errorf("%+v", got)
	}
	for text, want := range map[string]string{
		`run: [git, tag, "{verison}"]`:  `checklist[0].run[2]: found the field {verison}, did you mean version?; accepted: {version}, {image}, {repository}, {service}, {environment}, {namespace}`,
		`run: []`:                       `checklist[0].run: found an empty list; accepted: a list of words`,
		`limit: 5m`:                     `checklist[0].run: found nothing; accepted: a list of words`,
		`run: git push`:                 `checklist[0].run: found "git push"; accepted: a list of words such as [docker, push, "{image}"], or shell: true beside the script`,
		`shell: true, run: [git, push]`: `checklist[0].run: found a list; accepted: one script, with shell: true`,
		`run: [git], limit: 25h`:        `checklist[0].limit: found "25h"; accepted: a time limit from 1s to 24h`,
		`run: [git], env: [a-b]`:        `checklist[0].env[0]: found "a-b"; accepted: the name of an environment variable`,
		`run: [git], command: x`:        `checklist[0].command: found an unknown key; accepted: id, title, stage, type, shell, run, dir, env, limit, runbook`,
		`run: [git], every: 5s`:         `checklist[0].every: found "5s"; accepted: nothing here, for an item of type command`,
	} {
		isolate(t)
		_, err := load(t, minimal+"\nchecklist:\n  - {id: it, title: It, stage: pre, type: command, "+text+"}\n  - {id: rolling-update-in-progress}\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n%v\nwant %s", text, err, want)
		}
	}
}

func TestHTTPItems(t *testing.T) {
	const item = "checklist:\n  - {id: api, title: API, stage: post, type: http, url: \"http://x/\", "
	isolate(t)
	c, err := load(t, minimal+"\n"+item+`method: POST, headersEnv: {authorization: GATEWAY_TOKEN}, query: ".a | length", atLeast: 1, atMost: 2.5, answers: 6, maxLatency: 500ms, tlsValid: 336h}`+deployItem)
	if err != nil {
		t.Fatal(err)
	}
	want := release.HTTPCheck{
		URL: "http://x/", Method: "POST", HeadersEnv: map[string]string{"Authorization": "GATEWAY_TOKEN"}, Query: ".a | length",
		AtLeast: "1", AtMost: "2.5", Answers: 6, MaxLatency: 500 * time.Millisecond, TLS: 336 * time.Hour,
	}
	items := c.Environments[0].Items
	if got := items[len(items)-1].Settings; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for wrong, said := range map[string]string{
		`query: ".a["`:                         "a jq expression, such as .status",
		`query: "nosuch(1)"`:                   "function not defined",
		"equals: ok":                           "nothing here without query",
		`query: .a, atMost: 1e99`:              "a number, such as 0 or 99.5",
		"method: DELETE":                       "GET, HEAD, POST",
		"headersEnv: {Authorization: s3cret}":  "something else, not shown here",
		"headersEnv: {\"a b\": GATEWAY_TOKEN}": "the name of a header",
		"headersEnv: GATEWAY_TOKEN":            "names of headers",
		"answers: 0":                           "a whole number from 1 to 100",
	} {
		if _, err := load(t, minimal+"\n"+item+wrong+"}"+deployItem); err == nil || !strings.Contains(err.Error(), said) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v\nwant %q", wrong, err, said)
		}
	}
}
