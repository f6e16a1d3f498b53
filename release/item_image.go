package release

import (
	"fmt"
	"strings"
	"time"
)

// ImageCheck are the settings of ItemImage.
type ImageCheck struct {
	Repository  string   // where slipway reads it, if not where the cluster pulls it
	Platforms   []string // that it must have: "linux/amd64"; none: those of the nodes
	PullSecrets bool     // those that the pods name must exist
	Pin         bool     // the digest is deployed with the tag
}

// ItemImage looks the image up in its registry: it passes when the tag is there, runs on
// the nodes, and the cluster can pull it. The digest that was found is pinned for the
// release; a tag that names another one by then fails. Its facts are FactDigest, what the
// tag names now, and FactPlatforms.
var ItemImage = register(ImageCheck{}.settingsOf(), kind{
	class: Check, settings: ImageCheck{PullSecrets: true, Pin: true},
	words: func(plan Plan, spec ItemSpec) string {
		c := SettingsOf[ImageCheck](spec)
		text := "the registry has the tag, for the platforms of the nodes"
		if len(c.Platforms) > 0 {
			text = "the registry has the tag, for " + strings.Join(c.Platforms, ", ")
		}
		return text
	},
	every: 30 * time.Second, least: 10 * time.Second, timeout: 20 * time.Second, stale: 2 * time.Minute,
})

func (ImageCheck) settingsOf() ItemType { return "image" }

// FactPlatforms are those of an image, separated by commas.
const FactPlatforms FactName = "platforms"

// pinImage makes the digest that an item of type image has found that of the release:
// from then on the tag may move, and the release does not.
func (t *turn) pinImage(spec ItemSpec, item Item) {
	digest := item.Fact(FactDigest)
	if spec.Type != ItemImage || t.s.Phase != Planned || digest == "" || !SettingsOf[ImageCheck](spec).Pin || t.s.Unchanged() {
		return
	}
	if ParseImage(t.s.To.Image).Digest != "" || !isDigest(digest) {
		return
	}
	t.record().To.Image += "@" + digest
	t.tell(Itself, MarkNone, fmt.Sprintf("%s is %s, pinned for this release", t.s.To.Version, ShortDigest(digest)))
}

// ShortDigest is a digest as a person compares it: "sha256:9f2c41d0…e41".
func ShortDigest(digest string) string {
	const head, end = 8, 3
	algorithm, hex, _ := strings.Cut(digest, ":")
	if len(hex) <= head+end {
		return digest
	}
	return algorithm + ":" + hex[:head] + "…" + hex[len(hex)-end:]
}
