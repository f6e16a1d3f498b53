package release

import "strings"

// ShownAddress is an address as it may be shown: without user, password, query and
// fragment, any of which may be a secret. It need not be a URL; of what cannot be
// told apart nothing is shown.
func ShownAddress(s string) string {
	scheme, rest := "", s
	if i := strings.Index(s, "://"); i >= 0 {
		scheme, rest = s[:i+3], s[i+3:]
	}
	more := ""
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		if strings.Contains(rest[i:], "@") {
			return scheme + "…" // a password with a question mark, or a query with an @
		}
		rest, more = rest[:i], rest[i:i+1]+"…"
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = "…" + rest[i:]
	}
	return scheme + rest + more
}

// WithoutSecrets is a text, such as an error of a library, with each address in it
// as it may be shown. Why an address cannot be read is left out: it quotes the part
// that is wrong.
func WithoutSecrets(text string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, "://")
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		begin := i
		for begin > 0 && inScheme(text[begin-1]) {
			begin--
		}
		end := len(text)
		if n := strings.IndexAny(text[i:], " \t\r\n\"'<>\\"); n >= 0 {
			end = i + n
		}
		before, address := text[:begin], text[begin:end]
		shown := ShownAddress(address)
		b.WriteString(before + shown)
		if text = text[end:]; shown != address && strings.HasSuffix(before, `parse "`) {
			b.WriteString(`": no URL`)
			return b.String()
		}
	}
}

func inScheme(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
}
