package release

import "testing"

func TestShownAddress(t *testing.T) {
	for address, want := range map[string]string{
		"https://h/health":              "https://h/health",
		"http://user:s3cret@h:80/x":     "http://…@h:80/x",
		"http://user:s3cr%t@h":          "http://…@h",
		"http://user:s3c/ret@h:x":       "http://…@h:x",
		"http://user:s3c@ret@h":         "http://…@h",
		"user:s3cret@h":                 "…@h",
		"https://h/health?token=s3cret": "https://h/health?…",
		"https://h/#s3cret":             "https://h/#…",
		"http://u:s3?cret@h":            "http://…",
		"http://h?token=s3@cret":        "http://…",
		"h:9090":                        "h:9090",
		"":                              "",
	} {
		if got := ShownAddress(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func TestWithoutSecrets(t *testing.T) {
	for text, want := range map[string]string{
		`Get "https://u:p@h/x?token=t": EOF`:                                          `Get "https://…@h/x?…": EOF`,
		`a http://u:p@h and b https://i/?k=v, then`:                                   `a http://…@h and b https://i/?… then`,
		`parse "http://u:s3cr%t@h": invalid URL escape "%t@"`:                         `parse "http://…@h": no URL`,
		`invalid proxy address "http://u:s%@p": parse "http://u:s%@p": invalid "s%@"`: `invalid proxy address "http://…@p": parse "http://…@p": no URL`,
		`parse "http://h:x": invalid port ":x"`:                                       `parse "http://h:x": invalid port ":x"`,
		"nothing to hide: eng-a@host":                                                 "nothing to hide: eng-a@host",
	} {
		if got := WithoutSecrets(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}
