package checklist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

var _ = register(release.ItemGitHub, func(ctx context.Context, r *Runner, spec release.ItemSpec, state release.State) release.Result {
	check := release.SettingsOf[release.GitHubCheck](spec)
	h, err := r.hubOf(check)
	if err != nil {
		return lasting(noData("no token", err.Error()))
	}
	return probeGitHub(ctx, h, check, state.To.Version, r.Now()).Result
})

// probeGitHub passes when the tag of the release is as it should be, or, for an item that
// names checks, when each of them has succeeded for the tag's commit. A check that is not
// there, still runs or was skipped is no data.
func probeGitHub(ctx context.Context, h *hub, check release.GitHubCheck, version string, now time.Time) finding {
	ctx, cancel := context.WithTimeout(ctx, githubTimeout)
	defer cancel()
	tag, err := h.tag(ctx, version)
	switch {
	case errors.Is(err, errNoTag):
		return h.missing(ctx, version)
	case err != nil:
		return h.refusal(err, now)
	}
	checks, left, err := h.checks(ctx, tag.commit)
	if err != nil {
		return h.refusal(err, now)
	}
	var result finding
	if len(check.Checks) == 0 {
		result = h.judgeTag(ctx, check, tag, version, checks, now)
	} else {
		result = judgeChecks(check.Checks, checks, now)
		result.add("commit", release.MarkNone, fmt.Sprintf("%s, of the tag %s", short(tag.commit), version))
	}
	result.fact(release.FactCommit, tag.commit)
	if left = cmp.Or(left, tag.rate); left.limit > 0 {
		result.add("rate", release.MarkNone, fmt.Sprintf("%d of %d requests left, to %s", left.left, left.limit, left.reset.Local().Format("15:04")))
	}
	return result
}

func short(commit string) string { return untrusted.Line(commit[:min(len(commit), 7)], longest) }

func (h *hub) missing(ctx context.Context, version string) finding {
	text := fmt.Sprintf("%s/%s has no tag %s", h.owner, h.name, version)
	all, err := h.tags(ctx)
	switch near := nearest(version, all); {
	case len(near) > 0:
		text += "; the nearest: " + strings.Join(near, ", ")
	case err != nil:
		text += "; its tags could not be listed"
	default:
		text += ", and no other one"
	}
	return from(fail("no tag", text))
}

// judgeTag judges the tag itself. Its checks are told, not judged: each has an item of
// its own, which is red where it failed.
func (h *hub) judgeTag(ctx context.Context, check release.GitHubCheck, tag gitTag, version string, checks []ciCheck, now time.Time) finding {
	result := from(pass(short(tag.commit), fmt.Sprintf("%s is %s, on %s", version, short(tag.commit), check.Branch)))
	result.add("commit", release.MarkPass, tag.commit)
	switch {
	case tag.annotated:
		text := "annotated"
		if tag.by != "" {
			text += " by " + tag.by
		}
		if !tag.at.IsZero() {
			text += ", " + tag.at.Local().Format("2 Jan 15:04")
		}
		result.add("tag", release.MarkPass, text)
	case check.Lightweight:
		result.add("tag", release.MarkNone, "lightweight")
	default:
		result.fail("lightweight", fmt.Sprintf("the tag %s is not annotated: git tag -a %s", version, version))
		result.add("tag", release.MarkFail, "not annotated")
	}
	on, err := h.contains(ctx, check.Branch, tag.commit)
	switch {
	case err != nil:
		why := h.refusal(err, now)
		result.noData("branch?", fmt.Sprintf("whether %s has %s is not known: %s", check.Branch, version, why.Detail))
		result.add("branch", release.MarkUnknown, why.Detail)
	case on:
		result.add("branch", release.MarkPass, "on "+check.Branch)
	default:
		result.fail("not on "+check.Branch, fmt.Sprintf("%s is %s, which is not on %s", version, short(tag.commit), check.Branch))
		result.add("branch", release.MarkFail, "not on "+check.Branch)
	}
	green, mark := 0, release.MarkPass
	var red []string
	for _, c := range checks {
		switch c.state {
		case ciGreen:
			green++
		case ciRed:
			red, mark = append(red, c.name), release.MarkAttention
		}
	}
	text := fmt.Sprintf("%d of %s green", green, release.Count(len(checks), "check"))
	if len(red) > 0 {
		text += "; red: " + strings.Join(red, ", ")
	} else if green < len(checks) {
		mark = release.MarkNone
	}
	result.add("checks", mark, text)
	if result.Verdict == release.Pass {
		result.Detail = untrusted.Line(result.Detail+"; "+text, longest)
	}
	return result
}

// judgeChecks passes when each of the wanted checks is green. Of several with one name
// each counts.
func judgeChecks(wanted []string, all []ciCheck, now time.Time) finding {
	result := from(pass("", ""))
	var lines []string
	for _, name := range wanted {
		mine := slices.DeleteFunc(slices.Clone(all), func(c ciCheck) bool { return c.name != name })
		if len(mine) == 0 {
			text := "no check named " + name
			if near := nearest(name, names(all)); len(near) > 0 {
				text += "; there are: " + strings.Join(near, ", ")
			}
			result.noData("no "+name, text)
			result.add(name, release.MarkUnknown, "none of this commit")
			continue
		}
		for _, c := range mine {
			text := c.describe(now)
			lines = append(lines, name+": "+text)
			switch c.state {
			case ciGreen:
				result.add(name, release.MarkPass, text)
				if result.Verdict == release.Pass && result.Short == "" {
					result.Short = c.short()
				}
				if c.number > 0 {
					result.fact(release.FactRun, fmt.Sprint(c.number))
				}
				result.fact(release.FactLink, c.link)
			case ciRed:
				result.fail(c.short(), name+": "+text)
				result.add(name, release.MarkFail, text)
			case ciRunning:
				if result.Verdict == release.Pass {
					result.Early = true // it has begun: only the time is missing
				}
				result.noData("running", name+": "+text)
				result.add(name, release.MarkRunning, text)
			default:
				result.noData(c.word, name+": "+text+": it has verified nothing")
				result.add(name, release.MarkUnknown, text)
			}
		}
	}
	if result.Verdict != release.NoData {
		result.Early = false
	}
	if result.Verdict == release.Pass {
		result.Detail = untrusted.Line(strings.Join(lines, "; "), longest)
	}
	return result
}

func names(all []ciCheck) []string {
	var list []string
	for _, c := range all {
		if !slices.Contains(list, c.name) {
			list = append(list, c.name)
		}
	}
	return list
}

// describe says how a check stands: "run #4812 green 12:08: p95 61ms at 18,000/s".
func (c ciCheck) describe(now time.Time) string {
	text := string(c.state)
	if c.number > 0 {
		text = fmt.Sprintf("run #%d %s", c.number, c.state)
	}
	if c.state == ciRed && c.word != "failure" || c.state == ciSkipped && c.word != string(ciSkipped) {
		text += " (" + strings.ReplaceAll(c.word, "_", " ") + ")"
	}
	switch at := c.at.Local(); {
	case c.at.IsZero():
	case c.state == ciRunning:
		text += " for " + release.Span(now.Sub(c.at))
	case now.Sub(c.at) < 12*time.Hour:
		text += at.Format(" 15:04")
	default:
		text += at.Format(" 2 Jan 15:04")
	}
	if c.title != "" {
		text += ": " + c.title
	}
	return untrusted.Line(text, longest)
}

// short is what the right edge of the checklist has room for.
func (c ciCheck) short() string {
	const room = 16
	title, _, _ := strings.Cut(c.title, ", ")
	switch {
	case title != "" && len(title) <= room:
		return untrusted.Line(title, room)
	case c.number > 0:
		return fmt.Sprintf("#%d", c.number)
	}
	return string(c.state)
}
