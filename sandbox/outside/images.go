package outside

import (
	"bytes"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// images are those of the gateway in the registry at an address.
type images struct{ address string }

// Repository is the gateway's in the registry.
const Repository = "datahub-gateway"

// push stores an image under a tag. The same tag gives the same image each time; one that was built again differs in its last layer.
func (i images) push(tag string, platforms kind, again bool) error {
	ref, err := name.NewTag(i.address + "/" + Repository + ":" + tag)
	if err != nil {
		return err
	}
	index := v1.ImageIndex(empty.Index)
	for platform := range strings.FieldsSeq(string(platforms)) {
		system, architecture, _ := strings.Cut(platform, "/")
		image, err := build(tag, system, architecture, again)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: system, Architecture: architecture}},
		})
	}
	return remote.WriteIndex(ref, index)
}

func build(tag, system, architecture string, again bool) (v1.Image, error) {
	program := tag + architecture
	built := time.Now().Add(-26 * time.Hour).Truncate(24 * time.Hour)
	if again {
		program, built = program+", built again", time.Now()
	}
	image := v1.Image(empty.Image)
	for _, layer := range []string{"base of " + architecture, "libraries of " + tag, program} {
		var err error
		image, err = mutate.AppendLayers(image, static.NewLayer(bytes.Repeat([]byte(layer+"\n"), 4000), types.DockerUncompressedLayer))
		if err != nil {
			return nil, err
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = system, architecture, v1.Time{Time: built}
	return mutate.ConfigFile(image, config)
}
