package checklist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"github.com/itchyny/gojq"
)

// queryTimeout bounds an expression: `def f: f; f` never ends.
const queryTimeout = time.Second

// CompileQuery reads a jq expression. It has no access to variables of the environment,
// to files or to modules.
func CompileQuery(text string) (*gojq.Code, error) {
	parsed, err := gojq.Parse(text)
	if err != nil {
		return nil, err
	}
	return gojq.Compile(parsed)
}

var (
	errNothing = errors.New("it finds nothing")
	errSeveral = errors.New("it finds several values")
)

// query gives the one value that an expression finds in a JSON text: a string as it is,
// everything else as JSON. Numbers keep all of their digits.
func query(ctx context.Context, text string, body []byte) (string, error) {
	code, err := CompileQuery(text)
	if err != nil {
		return "", err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var input any
	if err := decoder.Decode(&input); err != nil {
		return "", fmt.Errorf("the answer is not JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("the answer is more than one JSON value")
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	values := code.RunWithContext(ctx, input)
	first, some := values.Next()
	if !some {
		return "", errNothing
	}
	if err, failed := first.(error); failed {
		return "", asked(ctx, err)
	}
	switch second, more := values.Next(); err := second.(type) {
	case error:
		return "", asked(ctx, err)
	default:
		if more {
			return "", errSeveral
		}
	}
	switch first := first.(type) {
	case nil:
		return "", errNothing
	case string:
		return first, nil
	}
	out, err := gojq.Marshal(first)
	return string(out), err
}

func asked(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("it has no end within %s", queryTimeout)
	}
	return err
}

// equal tells whether a value is the one that is wanted: as text, or as a number,
// where both are one.
func equal(value, wanted string) bool {
	if value == wanted {
		return true
	}
	v, ok := number(value)
	w, also := number(wanted)
	return ok && also && v.Cmp(w) == 0
}

// number reads a JSON number in full.
func number(text string) (*big.Rat, bool) {
	const longestNumber = 64 // and no exponent that takes for ever
	if text == "" || len(text) > longestNumber || strings.Trim(text, "0123456789+-.") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}
