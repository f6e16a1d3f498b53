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
)

// Ground is what a cluster has for an image to run on.
type Ground interface {
	// Platforms counts the nodes that the pods may run on, by "linux/amd64".
	Platforms(ctx context.Context) (map[string]int, error)
	// PullSecrets tells of each Secret that the pods pull images with whether it exists.
	PullSecrets(ctx context.Context) (map[string]bool, error)
}

var _ = register(release.ItemImage, func(ctx context.Context, r *Runner, spec release.ItemSpec, state release.State) release.Result {
	check := release.SettingsOf[release.ImageCheck](spec)
	at, err := r.registryOf(cmp.Or(check.Repository, r.Plan.Image))
	if err != nil {
		return lasting(noData("no repository", err.Error()))
	}
	return probeImage(ctx, at, r.Ground, check, state.To.Version, release.ParseImage(state.To.Image).Digest).Result
})

// probeImage passes when the registry has the tag, the image runs on every node that its
// pods may run on, and the cluster has the login to pull it. Its digest is what the tag
// names now; pinned is what this release has verified before, or empty: a tag that names
// something else by now fails. A registry that does not answer is no data.
func probeImage(ctx context.Context, at *registry, ground Ground, check release.ImageCheck, tag, pinned string) finding {
	ctx, cancel := context.WithTimeout(ctx, registryTimeout)
	defer cancel()
	a := at.ask(ctx)
	digest, err := a.resolve(tag)
	if err != nil {
		return a.refusal(err, tag)
	}
	image, err := a.pull(digest)
	if err != nil {
		return a.refusal(err, tag)
	}
	result := describeImage(image, tag)
	if pinned != "" && pinned != digest {
		return a.moved(result, image, tag, pinned)
	}
	return runsOn(ctx, ground, check, image, result)
}

// describeImage is what is said of an image that is there.
func describeImage(image pulled, tag string) finding {
	result := from(pass(release.ShortDigest(image.digest), fmt.Sprintf("%s is %s, %s", tag, release.ShortDigest(image.digest), strings.Join(image.platforms, ", "))))
	result.fact(release.FactDigest, image.digest)
	result.fact(release.FactPlatforms, strings.Join(image.platforms, ", "))
	result.add("digest", release.MarkPass, image.digest)
	size := release.Format(release.Bytes, float64(image.size))
	if built := image.created; !built.IsZero() && built.Unix() > 0 { // reproducible builds say 1970
		size += ", built " + built.Local().Format("2 Jan 15:04")
	}
	result.add("size", release.MarkNone, size)
	return result
}

// runsOn judges whether the cluster can run the image.
func runsOn(ctx context.Context, ground Ground, check release.ImageCheck, image pulled, result finding) finding {
	has := strings.Join(image.platforms, ", ")
	nodes, err := map[string]int{}, error(nil)
	if check.Platforms == nil {
		nodes, err = ground.Platforms(ctx)
	}
	switch lack := lacking(check.Platforms, nodes, image.platforms); {
	case err != nil:
		result.noData("nodes unseen", fmt.Sprintf("which platforms the nodes have is not known: %v; or name them: platforms", err))
		result.add("platforms", release.MarkUnknown, has+"; the nodes' are not known")
	case check.Platforms == nil && len(nodes) == 0:
		result.noData("no nodes", "no node was found that its pods may run on")
		result.add("platforms", release.MarkUnknown, has+"; no nodes")
	case lack != "":
		result.fail("no "+strings.Fields(lack)[0], fmt.Sprintf("the image has no %s, only %s", lack, has))
		result.add("platforms", release.MarkFail, fmt.Sprintf("%s, but not %s", has, lack))
	default:
		result.add("platforms", release.MarkPass, has)
	}
	if !check.PullSecrets {
		return result
	}
	secrets, err := ground.PullSecrets(ctx)
	var there, gone []string
	for name, exists := range secrets {
		if exists {
			there = append(there, name)
		} else {
			gone = append(gone, name)
		}
	}
	slices.Sort(there)
	slices.Sort(gone)
	switch {
	case err != nil:
		result.noData("pull unknown", fmt.Sprintf("whether the cluster can pull it is not known: %v; or leave it out: pullSecrets: false", err))
		result.add("pull", release.MarkUnknown, err.Error())
	case len(gone) > 0:
		result.fail("no "+gone[0], fmt.Sprintf("the cluster cannot pull it: no Secret %s, which its pods name", strings.Join(gone, ", ")))
		result.add("pull", release.MarkFail, "no Secret "+strings.Join(gone, ", "))
	case len(there) > 0:
		result.add("pull", release.MarkPass, "with Secret "+strings.Join(there, ", "))
	default:
		result.add("pull", release.MarkNone, "the pods name no pull secret")
	}
	return result
}

// lacking names the platforms that an image has not and must have.
func lacking(wanted []string, nodes map[string]int, has []string) string {
	var lack []string
	for _, p := range wanted {
		if !slices.Contains(has, p) {
			lack = append(lack, p)
		}
	}
	all := 0
	for _, n := range nodes {
		all += n
	}
	for p, n := range nodes {
		if !slices.Contains(has, p) {
			lack = append(lack, fmt.Sprintf("%s, which %d of %s have", p, n, release.Count(all, "node")))
		}
	}
	slices.Sort(lack)
	return strings.Join(lack, "; ")
}

// moved says that a tag names another image than the one that was verified. What is in
// the verified one is looked up again: it may have been deleted with its tag.
func (a *asking) moved(result finding, now pulled, tag, pinned string) finding {
	result.fail("tag moved", fmt.Sprintf("%s moved: verified %s, the tag is now %s", tag, release.ShortDigest(pinned), release.ShortDigest(now.digest)))
	result.Rows = nil
	result.add("verified", release.MarkPass, pinned)
	result.add("tag now", release.MarkFail, now.digest+built(now.created))
	before, err := a.pull(pinned)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		result.add("differs", release.MarkUnknown, "the verified image was not read in time")
	case err != nil:
		result.add("differs", release.MarkUnknown, "the verified image: "+a.refusal(err, pinned).Detail)
	default:
		other := 0
		for _, layer := range now.layers {
			if !slices.Contains(before.layers, layer) {
				other++
			}
		}
		result.add("differs", release.MarkNone, fmt.Sprintf("%d of %s", other, release.Count(len(now.layers), "layer")))
	}
	return result
}

func built(at time.Time) string {
	if at.IsZero() || at.Unix() <= 0 {
		return ""
	}
	return ", built " + at.Local().Format("2 Jan 15:04")
}
