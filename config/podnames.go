package config

import (
	"fmt"
	"regexp"
	"strings"
)

// How Kubernetes makes the name of a Deployment's pod: <deployment>-<template hash>-, cut
// off after 58 characters, and five more. The hash has 1 to 10 characters, of an alphabet
// without vowels.
const (
	podBase    = 58
	podSuffix  = 5
	hashMost   = 10
	hashLetter = "[bcdfghjklmnpqrstvwxz2456789]"
)

// podPattern matches the names of a Deployment's pods, and not those of another
// one whose name only begins alike: <deployment>-<template hash>-<five>. Of a long name
// the end is cut off, down to the Deployment's own name.
func podPattern(deployment string) string {
	room := podBase - len(deployment) - len("-") // for the hash and the hyphen after it
	switch {
	case room > hashMost:
		return escape(deployment) + "-[a-z0-9]+-[a-z0-9]{5}"
	case room > 1:
		return fmt.Sprintf("%s-(%s{1,%d}-%s{%d}|%s{%d})", escape(deployment), hashLetter, room-1, hashLetter, podSuffix, hashLetter, room+podSuffix)
	case room > 0:
		return fmt.Sprintf("%s-%s{%d}", escape(deployment), hashLetter, room+podSuffix)
	}
	return fmt.Sprintf("%s%s{%d}", escape((deployment + "-")[:podBase]), hashLetter, podSuffix)
}

// samePods tells whether a pod of one Deployment may have a name that the pattern of the
// other one matches: both names are long, and differ only where they are cut off.
func samePods(a, b string) bool { return mayMatch(a, b) || mayMatch(b, a) }

func mayMatch(pattern, deployment string) bool {
	matches := regexp.MustCompile("^(?:" + podPattern(pattern) + ")$").MatchString
	for n := range hashMost {
		base := deployment + "-" + strings.Repeat("b", n+1) + "-"
		if matches(base[:min(len(base), podBase)] + strings.Repeat("b", podSuffix)) {
			return true
		}
	}
	return false
}
