package release_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"datahub.io/slipway/release"
)

// After all tests: each step that a machine took is in its table. A step of a table that
// no test has taken is reported.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, step := range release.Steps.Unlisted() {
		fmt.Println("FAIL: a step that is in no table:", step)
		code = 1
	}
	if all := flag.Lookup("test.run").Value.String() == ""; all && code == 0 {
		for _, step := range release.Steps.Untaken() {
			fmt.Println("no test takes", step)
		}
	}
	os.Exit(code)
}

// The machines are drawn from their tables.
func TestMachinesAreDrawn(t *testing.T) {
	for file, drawn := range map[string]string{
		"testdata/machines/canary.txt": release.CanaryMachine(), "testdata/machines/rolling.txt": release.RollingMachine(),
	} {
		if flag.Lookup("rewrite").Value.String() == "true" {
			if err := os.WriteFile(file, []byte(drawn), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(file)
		if err != nil || string(text) != drawn {
			t.Errorf("%s, %v: the machine is now\n%s", file, err, drawn)
		}
	}
}
