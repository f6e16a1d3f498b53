package checklist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v93/github"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

const (
	githubTimeout = 15 * time.Second
	githubPage    = 100
	githubPages   = 5 // of one list that are read; what has more cannot be judged
)

// hub is one repository at GitHub. All that is known of its client library is in this
// file: its import path changes with each major version.
type hub struct {
	client      *github.Client
	owner, name string
	host        string
}

// openHub opens a repository "owner/name". base is that of GitHub Enterprise, such as
// https://github.example.com, or empty; the token may be empty.
func openHub(repository, base, token string) (*hub, error) {
	owner, name, ok := strings.Cut(repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("repository: found %q; accepted: OWNER/NAME", repository)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = bodyLimit
	options := []github.ClientOptionsFunc{
		github.WithHTTPClient(&http.Client{Transport: &conditional{base: transport}, CheckRedirect: sameHost}),
		github.WithUserAgent("slipway"),
	}
	host := "api.github.com"
	if base != "" {
		at, err := url.Parse(base)
		if err != nil || at.Host == "" {
			return nil, fmt.Errorf("url: found %s; accepted: the address of GitHub Enterprise, such as https://github.example.com", release.ShownAddress(base))
		}
		host = at.Host
		options = append(options, github.WithEnterpriseURLs(base, base))
	}
	if token != "" {
		options = append(options, github.WithAuthToken(token))
	}
	client, err := github.NewClient(options...)
	if err != nil {
		return nil, err
	}
	return &hub{client, owner, name, host}, nil
}

// rate is what is left of the requests that GitHub allows.
type rate struct {
	left, limit int
	reset       time.Time
}

func rateOf(r *github.Response) rate {
	if r == nil || r.Rate.Limit == 0 {
		return rate{}
	}
	return rate{r.Rate.Remaining, r.Rate.Limit, r.Rate.Reset.Time}
}

// gitTag is a tag and the commit that it names.
type gitTag struct {
	commit    string
	annotated bool
	by        string
	at        time.Time
	rate      rate
}

// errNoTag says that the repository has no such tag.
var errNoTag = errors.New("no such tag")

// tag looks a tag up.
func (h *hub) tag(ctx context.Context, name string) (gitTag, error) {
	ref, response, err := h.client.Git.GetRef(ctx, h.owner, h.name, "tags/"+name)
	if err != nil {
		if response != nil && response.StatusCode == http.StatusNotFound {
			if _, _, again := h.client.Repositories.Get(ctx, h.owner, h.name); again != nil {
				return gitTag{}, again
			}
			return gitTag{}, errNoTag
		}
		return gitTag{}, err
	}
	found := gitTag{commit: ref.GetObject().GetSHA(), rate: rateOf(response)}
	object := ref.GetObject().GetType()
	const deepest = 3 // a tag may name a tag
	for depth := 0; object == "tag" && depth < deepest; depth++ {
		annotation, response, err := h.client.Git.GetTag(ctx, h.owner, h.name, found.commit)
		if err != nil {
			return gitTag{}, err
		}
		if !found.annotated {
			found.annotated, found.by, found.at = true, annotation.GetTagger().GetName(), annotation.GetTagger().GetDate().Time
		}
		found.commit, object, found.rate = annotation.GetObject().GetSHA(), annotation.GetObject().GetType(), rateOf(response)
	}
	if object != "commit" {
		return gitTag{}, fmt.Errorf("the tag %s names a %s, not a commit", name, untrusted.Line(object, 20))
	}
	return found, nil
}

// tags lists tags of the repository, the newest names first, as far as it is read.
func (h *hub) tags(ctx context.Context) ([]string, error) {
	var names []string
	for tag, err := range h.client.Repositories.ListTagsIter(ctx, h.owner, h.name, &github.ListOptions{PerPage: githubPage}) {
		if err != nil {
			return names, err
		}
		if names = append(names, tag.GetName()); len(names) >= githubPage*githubPages {
			break
		}
	}
	return names, nil
}

// contains tells whether a branch has a commit in its history.
func (h *hub) contains(ctx context.Context, branch, commit string) (bool, error) {
	compared, _, err := h.client.Repositories.CompareCommits(ctx, h.owner, h.name, commit, branch, &github.ListOptions{PerPage: 1})
	if err != nil {
		return false, err
	}
	status := compared.GetStatus()
	return status == "ahead" || status == "identical", nil
}

// ciState is how a check stands.
type ciState string

const (
	ciGreen   ciState = "green"
	ciRed     ciState = "red"
	ciRunning ciState = "running"
	ciSkipped ciState = "skipped" // it says nothing
)

// ciCheck is one check of a commit: a check run, a commit status, or a workflow's run.
type ciCheck struct {
	name, of string
	state    ciState
	word     string // GitHub's own: "timed_out"
	number   int    // of a workflow's run, or 0
	at       time.Time
	title    string // what it says of itself
	link     string
}

// checks lists the checks of a commit. What has more than can be read is an error.
func (h *hub) checks(ctx context.Context, commit string) ([]ciCheck, rate, error) {
	var all []ciCheck
	var last rate
	numbers := map[int64]int{} // of runs, by check suite
	newest := map[int64]int{}  // run of a workflow
	err := pages(func(page github.ListOptions) (int, *github.Response, error) {
		runs, response, err := h.client.Actions.ListRepositoryWorkflowRuns(ctx, h.owner, h.name,
			&github.ListWorkflowRunsOptions{HeadSHA: commit, ListOptions: page})
		if err != nil {
			return 0, response, err
		}
		for _, r := range runs.WorkflowRuns {
			if suite := r.GetCheckSuiteID(); suite != 0 {
				numbers[suite] = r.GetRunNumber()
			}
			of := fmt.Sprint("workflow ", r.GetWorkflowID())
			if r.GetHeadSHA() != commit || newest[r.GetWorkflowID()] > r.GetRunNumber() {
				continue // another commit's, or run again since
			}
			newest[r.GetWorkflowID()] = r.GetRunNumber()
			all = slices.DeleteFunc(all, func(c ciCheck) bool { return c.of == of })
			state, word := ciStateOf(r.GetStatus(), r.GetConclusion())
			all = append(all, ciCheck{
				name: r.GetName(), of: of, state: state, word: word,
				number: r.GetRunNumber(), at: r.GetUpdatedAt().Time, link: r.GetHTMLURL(),
			})
		}
		last = rateOf(response)
		return len(runs.WorkflowRuns), response, nil
	})
	if err != nil {
		return nil, last, err
	}
	err = pages(func(page github.ListOptions) (int, *github.Response, error) {
		runs, response, err := h.client.Checks.ListCheckRunsForRef(ctx, h.owner, h.name, commit,
			&github.ListCheckRunsOptions{ListOptions: page})
		if err != nil {
			return 0, response, err
		}
		for _, r := range runs.CheckRuns {
			state, word := ciStateOf(r.GetStatus(), r.GetConclusion())
			all = append(all, ciCheck{
				name: r.GetName(), of: "check " + r.GetApp().GetSlug(), state: state, word: word,
				number: numbers[r.GetCheckSuite().GetID()], at: cmp.Or(r.GetCompletedAt().Time, r.GetStartedAt().Time),
				title: r.GetOutput().GetTitle(), link: r.GetHTMLURL(),
			})
		}
		last = rateOf(response)
		return len(runs.CheckRuns), response, nil
	})
	if err != nil {
		return nil, last, err
	}
	err = pages(func(page github.ListOptions) (int, *github.Response, error) {
		combined, response, err := h.client.Repositories.GetCombinedStatus(ctx, h.owner, h.name, commit, &page)
		if err != nil {
			return 0, response, err
		}
		for _, s := range combined.Statuses {
			state := map[string]ciState{"success": ciGreen, "pending": ciRunning, "failure": ciRed, "error": ciRed}[s.GetState()]
			all = append(all, ciCheck{
				name: s.GetContext(), of: "status", state: cmp.Or(state, ciSkipped), word: s.GetState(),
				at: s.GetUpdatedAt().Time, title: s.GetDescription(), link: s.GetTargetURL(),
			})
		}
		last = rateOf(response)
		return len(combined.Statuses), response, nil
	})
	return all, last, err
}

// ciStateOf judges a run. Only what succeeded is green: one that was skipped, is neutral
// or has become stale has verified nothing.
func ciStateOf(status, conclusion string) (ciState, string) {
	switch {
	case status != "completed":
		return ciRunning, cmp.Or(status, "running")
	case conclusion == "success":
		return ciGreen, conclusion
	case conclusion == "skipped", conclusion == "neutral", conclusion == "stale", conclusion == "":
		return ciSkipped, cmp.Or(conclusion, "without a conclusion")
	}
	return ciRed, conclusion
}

// pages reads a list to its end, and fails where that is too far away.
func pages(read func(github.ListOptions) (int, *github.Response, error)) error {
	options := github.ListOptions{PerPage: githubPage}
	for range githubPages {
		_, response, err := read(options)
		if err != nil {
			return err
		}
		if response.NextPage == 0 {
			return nil
		}
		options.Page = response.NextPage
	}
	return fmt.Errorf("more than %d entries", githubPage*githubPages)
}

// refusal is why GitHub gave no answer, in words, and what follows from it.
func (h *hub) refusal(err error, now time.Time) finding {
	var used *github.RateLimitError
	var abused *github.AbuseRateLimitError
	var answer *github.ErrorResponse
	switch {
	case errors.As(err, &used):
		result := from(noData("rate limit", fmt.Sprintf("%s: the rate limit of %d requests is used up, until %s", h.host, used.Rate.Limit, used.Rate.Reset.Local().Format("15:04:05"))))
		result.Wait = min(max(used.Rate.Reset.Sub(now), 0), longestWait)
		return result
	case errors.As(err, &abused):
		result := from(noData("rate limit", fmt.Sprintf("%s asks to slow down: %s", h.host, abused.Message)))
		if abused.RetryAfter != nil {
			result.Wait = min(*abused.RetryAfter, longestWait)
		}
		return result
	case errors.As(err, &answer) && answer.Response != nil:
		status := answer.Response.StatusCode
		said := fmt.Sprintf("%s: %d %s", h.host, status, http.StatusText(status))
		if answer.Message != "" && answer.Message != http.StatusText(status) {
			said += ": " + answer.Message
		}
		switch status {
		case http.StatusUnauthorized:
			return from(lasting(noData("401", said+"; the token is missing, wrong or has expired")))
		case http.StatusForbidden:
			return from(lasting(noData("403", fmt.Sprintf("%s; the token may not read %s/%s", said, h.owner, h.name))))
		case http.StatusNotFound:
			return from(lasting(noData("404", fmt.Sprintf("%s: no repository %s/%s, or the token may not read it", h.host, h.owner, h.name))))
		}
		result := from(noData(fmt.Sprint(status), said))
		result.Wait = retryAfter(answer.Response.Header)
		return result
	}
	return from(noData("no answer", fmt.Sprintf("%s: %s", h.host, cause(err, githubTimeout))))
}
